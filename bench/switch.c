// SPDX-License-Identifier: BSD-2-Clause
/*
 * thread_switch   from a thread that gives way to where the next one goes on: round robin, decision and turn included
 */
#include "measure.h"
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 16

static volatile bool over;

static word_t partner(word_t argument)
{
    (void)argument;
    while (!over)
        thread_yield();
    return 0;
}

static word_t round_count(void)
{
    word_t begin, end;

    __asm__ volatile("rdinstret %0" : "=r"(begin) : : "memory");
    thread_yield();
    __asm__ volatile("rdinstret %0" : "=r"(end) : : "memory");
    return end - begin;
}

void bench_switch(void)
{
    word_t least = ~0ul;
    struct thread *thread = thread_create(partner, 0);

    if (!thread) {
        fprintf(stderr, "bench: no thread can be created\n");
        exit(1);
    }
    for (int i = 0; i < ROUNDS; i++) {
        word_t there_and_back = COUNTED(round_count());
        least = least_of(least, there_and_back);
    }
    over = true;
    thread_join(thread);
    row_counted("thread_switch", least / 2, 2);
}
