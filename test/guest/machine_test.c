// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the kernel found out about the machine, for the test to compare with the processor it asked QEMU for; and
 * whether time works on it: slices end, and a wait ends at its deadline, whoever arms the timer.
 */
#include "guest.h"

#define WAITS   20
#define LATE_US 500000 // a loaded host may let a guest wait

static void deadlines_test(void)
{
    for (word_t i = 0; i < WAITS; i++) {
        word_t until = time_now() + time_from_us(1000 + i * 100);
        CHECK_EQUAL(events_wait(1ul << 40, until), 0);
        word_t now = time_now();
        CHECK(now >= until);
        CHECK(now < until + time_from_us(LATE_US));
    }
    CHECK_EQUAL(events_wait(1ul << 40, time_now()), 0); // the time has come already
}

static volatile word_t turns;

static word_t count(word_t until)
{
    while (time_now() < until)
        turns++;
    return 0;
}

static void slices_test(void)
{
    word_t until = time_now() + time_from_us(400000);
    struct thread *other = thread_create(count, until);

    while (turns == 0 && time_now() < until) // nobody yields: a slice has to end
        continue;
    CHECK(turns > 0);
    CHECK(time_now() < until);
    thread_join(other);
}

int main(void)
{
    const struct machine_info *info = machine();

    CHECK_EQUAL(info->magic, MACHINE_MAGIC);
    CHECK(info->slice_ticks > 0 && info->slice_ticks < info->timebase_hz);
    deadlines_test();
    slices_test();
    printf("harts %u asid_bits %u sstc %u time_traps %u\n", info->hart_count, info->asid_bits, info->sstc,
           info->time_traps);
    return guest_end();
}
