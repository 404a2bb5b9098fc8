// SPDX-License-Identifier: BSD-2-Clause
/*
 * A program duplicated: both sides go on from the same place with the same memory, each sees its own writes only, frames are
 * shared until they are written, and all of them come back.
 */
#include "guest.h"
#include <stdlib.h>
#include <unistd.h>

#define PAGES 200

static volatile int data = 5;       // the program's data
static volatile int zeros[3000];    // ... and .bss
static volatile char *heap;
static const char text[] = "constants are shared";

static volatile char *page_at(size_t number)
{
    return heap + number * PAGE_SIZE;
}

static __attribute__((noinline)) int deep(int depth, volatile int *shared)
{
    volatile char here[600];
    here[0] = (char)depth;
    return depth == 0 ? *shared : deep(depth - 1, shared) + here[0] - (char)depth;
}

// What the child finds and does; its status. Everything is as it was in the parent when that asked.
static int child_run(volatile int *local)
{
    int wrong = 0;
    wrong += data != 6 || zeros[0] != 7 || zeros[2999] != 8 || *local != 9;
    wrong += memcmp(text, "constants are shared", sizeof(text)) != 0;
    for (size_t i = 0; i < PAGES; i++)
        wrong += page_at(i)[17] != (char)i;
    data = 60, zeros[0] = 70, *local = 90;
    for (size_t i = 0; i < PAGES; i += 2)
        page_at(i)[17] = (char)~i;
    for (size_t i = 0; i < PAGES; i++)
        wrong += page_at(i)[17] != (char)(i % 2 ? i : ~i);
    wrong += deep(200, local) != 90;
    char *more = malloc(100000); // its own heap grows
    wrong += more == NULL;
    memset(more, 1, 100000);
    sbrk(-(intptr_t)(PAGE_SIZE));
    wrong += self() == start_info()->magic;
    return wrong ? 1 : 42;
}

static int once(bool write_meanwhile, bool reap_early)
{
    volatile int local = 9;
    struct child child;
    const char *why = NULL;

    data = 6, zeros[0] = 7, zeros[2999] = 8;
    for (size_t i = 0; i < PAGES; i++)
        page_at(i)[17] = (char)i;
    env_t env = vm_duplicate(&child, NULL, &why);
    if (env == 0 && why == NULL)
        program_exit((word_t)child_run(&local));
    CHECK_TEXT(why ? why : "", "");
    if (why)
        return 1;
    CHECK_EQUAL(env, child.env);
    if (write_meanwhile) {
        data = 61;
        for (size_t i = 0; i < PAGES; i += 3)
            page_at(i)[18] = (char)i;
        CHECK_EQUAL(deep(300, &local), 9);
    }
    if (reap_early) {
        child_kill(&child);
        child_reap(&child);
    } else {
        CHECK_EQUAL(child_wait(&child), 42);
    }
    CHECK_EQUAL(data, write_meanwhile ? 61 : 6);
    CHECK_EQUAL(zeros[0], 7);
    CHECK_EQUAL(local, 9);
    for (size_t i = 0; i < PAGES; i++)
        CHECK_EQUAL(page_at(i)[17], (char)i);
    if (!reap_early)
        child_reap(&child);
    for (size_t i = 0; i < PAGES; i++) // alone again: nothing is copied any more
        page_at(i)[17] = (char)i;
    return 0;
}

static void grandchild(void)
{
    struct child child, grandchild;
    const char *why = NULL;

    if (vm_duplicate(&child, &(struct child_options){.frames = 3000, .slices = 4}, &why) == 0 && !why) {
        page_at(1)[17] = 101;
        env_t env = vm_duplicate(&grandchild, &(struct child_options){.frames = 600}, &why);
        if (env == 0 && !why) {
            bool right = page_at(1)[17] == 101 && page_at(2)[17] == 2;
            page_at(2)[17] = 102;
            program_exit(right && page_at(2)[17] == 102 ? 7 : 8);
        }
        int status = why ? 9 : child_wait(&grandchild);
        child_reap(&grandchild);
        program_exit(status == 7 && page_at(2)[17] == 2 ? 17 : 10 + (word_t)status);
    }
    CHECK_TEXT(why ? why : "", "");
    CHECK_EQUAL(child_wait(&child), 17);
    child_reap(&child);
    CHECK_EQUAL(page_at(1)[17], 1);
}

static double third = 1.0;

static void floats(void)
{
    struct child child;
    const char *why = NULL;
    double before = third / 3;
    register double kept __asm__("fs1") = before + 1;
    __asm__ volatile("" : "+f"(kept));
    env_t env = vm_duplicate(&child, NULL, &why);
    __asm__ volatile("" : "+f"(kept));
    if (env == 0 && !why)
        program_exit(kept == third / 3 + 1 ? 3 : 4);
    CHECK(kept == third / 3 + 1);
    CHECK_EQUAL(child_wait(&child), 3);
    child_reap(&child);
}

int main(void)
{
    heap = sbrk(PAGES * PAGE_SIZE);
    heap = (volatile char *)(((word_t)heap + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ul));
    sbrk(2 * PAGE_SIZE);

    once(true, false); // the first time costs what is kept
    size_t before = frame_count_free();
    for (int i = 0; i < 4; i++)
        once(i & 1, i & 2);
    vm_pool(16);
    vm_pool_fill(16);
    once(true, false);
    vm_pool(0);
    CHECK(before - frame_count_free() <= 4);
    grandchild();
    floats();
    CHECK(before - frame_count_free() <= 8);

    struct child child;
    const char *why = NULL;
    CHECK(vm_duplicate(&child, &(struct child_options){.frames = ~0ul >> 1}, &why) == 0 && why != NULL);
    once(true, false);
    upcall_hold();
    CHECK(vm_duplicate(&child, NULL, &why) == 0 && why != NULL);
    upcall_release();
    return guest_end();
}
