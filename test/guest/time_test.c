// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading the time, where a register has it and where the firmware does it: what it takes, that it goes on, and how old
 * time_recent may be. Instructions are counted, so on one hart and under --icount.
 */
#include "guest.h"

#define REGISTER_MOST 12  // instructions, with those that count
#define RECENT_MOST   40
#define TRAP_LEAST    100 // the way into the firmware and back

static word_t instructions(void)
{
    word_t count;
    __asm__ volatile("rdinstret %0" : "=r"(count));
    return count;
}

// The fewest instructions that one read took: an end of slice in between costs more.
static word_t least(word_t (*read)(void))
{
    word_t fewest = ~0ul;
    for (int i = 0; i < 20; i++) {
        word_t begin = instructions();
        (void)read();
        word_t took = instructions() - begin;
        fewest = took < fewest ? took : fewest;
    }
    return fewest;
}

static word_t now_read(void) { return time_now(); }
static word_t recent_read(void) { return time_recent(); }

// For some slices: neither goes back, and the recent time is at most a slice behind.
static void times_test(void)
{
    const word_t slice = machine()->slice_ticks + 2 * machine()->grace_ticks, end = time_now() + 5 * slice;
    word_t recent = 0, now = 0, steps = 0;
    while (now < end) {
        word_t recent_before = recent, now_before = now;
        recent = time_recent();
        now = time_now();
        CHECK(recent >= recent_before && now >= now_before);
        CHECK(recent <= now && now - recent <= slice);
        steps += recent != recent_before;
    }
    CHECK(steps >= 4);
}

int main(void)
{
    const word_t now = least(now_read), recent = least(recent_read);

    if (machine()->time_traps)
        CHECK(now >= TRAP_LEAST);
    else
        CHECK(now <= REGISTER_MOST);
    CHECK(recent <= RECENT_MOST);
    times_test();
    printf("time_traps %u\n", machine()->time_traps);
    if (guest_failures != 0)
        printf("time_now takes %lu, time_recent %lu\n", now, recent);
    return guest_end();
}
