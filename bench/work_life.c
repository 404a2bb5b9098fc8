// SPDX-License-Identifier: BSD-2-Clause
/*
 * How long it takes to make something, have it end at once, and take everything back. All instructions count: the
 * library's, the kernel's, and those of what was made.
 *
 * page_life        a frame is taken, bound, written to, unbound and given back
 * thread_life      a thread
 * child_life       a program of a few instructions (least.S): space, environment, frames, its file loaded
 * duplicate_life   this program once more, copied when written to (vm_duplicate)
 */
#include "vm.h"

#include <stdio.h>
#include <stdlib.h>

#define FRAMES  64 // the copy's, for what both write to
#define ADDRESS 0x3f60000000ul

static void ended(struct child *child, const char *what, const char *why)
{
    if (why != NULL || child_wait(child) != 0) {
        fprintf(stderr, "bench: %s: %s\n", what, why ? why : "it did not end well");
        exit(1);
    }
    child_reap(child);
}

static void child_once(void)
{
    struct child child;
    const struct child_options options = {.program = "bench_least", .frames = 1, .weight = CHILD_ALONE};
    const char *why = child_spawn(&child, &options);
    ended(&child, "the least program", why);
}

static void duplicate_once(void)
{
    static struct child copy;
    const char *why = NULL;
    if (vm_duplicate(&copy, &(struct child_options){.frames = FRAMES}, &why) == 0 && why == NULL)
        while (sys_env_exit(0).error == ERR_AGAIN) // the copy, before the library does anything for it
            continue;
    ended(&copy, "a copy of this program", why);
}

static void page_once(void)
{
    page_t page = frame_alloc();
    must((sysret_t){vm_bind(0, ADDRESS, page, 1, RIGHT_READ | RIGHT_WRITE), 0}, "a page");
    *(volatile char *)ADDRESS = 1;
    vm_unbind(0, ADDRESS, 1);
    frame_free(page);
}

static word_t nothing(word_t argument)
{
    return argument;
}

static void thread_once(void)
{
    thread_join(thread_create(nothing, 0));
}

// The least of some: what the first one finds is not what the others do.
static void life(const char *name, void (*once)(void))
{
    word_t least = ~0ul;
    for (int i = 0; i < REPEAT; i++)
        least = least_of(least, COUNTED(SPENT(once())));
    row_counted(name, least, 1);
}

void bench_life(void)
{
    life("page_life", page_once);
    life("thread_life", thread_once);
    life("child_life", child_once);
    life("duplicate_life", duplicate_once); // last: what a copy leaves behind makes other rows longer
}
