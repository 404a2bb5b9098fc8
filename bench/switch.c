// SPDX-License-Identifier: BSD-2-Clause
/*
 * thread_switch    from a thread that gives way to where the next one goes on: round robin, decision and turn included
 * thread_preempt   from a thread that a timer interrupts, at the end of its turn, to where the next one goes on
 */
#include <bench/sched/choose.h>
#include "measure.h"
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 16
#define TURNS  200
#define PAUSES 7

static volatile bool over;

// When somebody looked at the counter last, << 1 | who: one word, because a thread can be interrupted anywhere.
static volatile word_t look, looks_apart, apart[TURNS + 1];

static struct thread *partner_start(thread_entry_t entry)
{
    struct thread *thread = thread_create(entry, 1);

    if (!thread) {
        fprintf(stderr, "bench: no thread can be created\n");
        exit(1);
    }
    return thread;
}

static word_t yield_on(word_t argument)
{
    (void)argument;
    while (!over)
        thread_yield();
    return 0;
}

static word_t round_count(void)
{
    word_t begin = instructions_now();

    thread_yield();
    return instructions_now() - begin;
}

static void switch_measure(void)
{
    struct thread *thread = partner_start(yield_on);
    word_t least = ~0ul;

    for (int i = 0; i < ROUNDS; i++) {
        word_t there_and_back = COUNTED(round_count());
        least = least_of(least, there_and_back);
    }
    over = true;
    thread_join(thread);
    row_counted("thread_switch", least / 2, 2);
}

// Computes and looks at the counter all the time; if another looked at it last, a switch lies between.
static word_t look_on(word_t who)
{
    while (looks_apart < TURNS) {
        word_t last = look, now = instructions_now();
        if ((last & 1) != who)
            apart[looks_apart++] = now - (last >> 1);
        for (word_t pause = looks_apart % PAUSES; pause > 0; pause--) // or each turn could end between the two lines above
            __asm__ volatile("");
        look = instructions_now() << 1 | who;
    }
    return 0;
}

static int word_compare(const void *one, const void *other)
{
    word_t a = *(const word_t *)one, b = *(const word_t *)other;
    return a < b ? -1 : a > b;
}

// The kernel's slices end as turns do: these are shorter.
static void preempt_measure(void)
{
    char error[CHOOSE_ERROR];

    if (!choose_policy("round_robin:quantum=250us", error))
        exit(1);
    struct thread *thread = partner_start(look_on);
    look_on(0);
    thread_join(thread);
    qsort((word_t *)apart, TURNS, sizeof(apart[0]), word_compare);
    size_t least = 0; // of most of them: a turn may end with the slice, which is another way
    while (apart[least] < apart[TURNS / 2] / 10 * 9)
        least++;
    row("thread_preempt", apart[least]);
}

void bench_switch(void)
{
    switch_measure();
    if (!bench_counts && !bench_paths) // it is no operation that could be counted
        preempt_measure();
}
