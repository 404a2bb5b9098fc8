// SPDX-License-Identifier: BSD-2-Clause
/*
 * slice_end   from the program to its handler at the end of a slice
 * alarm       the same at an alarm inside a slice
 * yield_to    the rest of a slice to another environment, which restores its registers itself; one way
 */
#include "measure.h"

word_t stretch_interrupt(word_t cause);
word_t stretch_yield_to(word_t slot);

#define CAUSE          0x8000000000000005ul // the timer
#define CAUSE_ALARM    0x8000000000000001ul
#define PROGRAM_YIELDS 11 // instructions of both programs in the stretch there and back

// The handler may come for another reason, and whoever waits for a slice's end must not be late: the least of a few.
static void bench_alarm(void)
{
    word_t least = ~0ul;
    upcall_hold();
    for (int i = 0; i < REPEAT; i++) {
        sys_slice_yield();
        sys_slice_alarm(time_now() + time_from_us(20));
        least = least_of(least, COUNTED(stretch_interrupt(CAUSE_ALARM)));
        bool rang = events_take(EVENT_BIT(ALARM));
        must((sysret_t){rang ? ERR_OK : ERR_STATE, 0}, "an alarm");
    }
    upcall_release();
    row_counted("alarm", least, 1);
}

void bench_slice(void)
{
    upcall_hold();
    word_t end = ~0ul;
    for (int i = 0; i < 3; i++) {
        sys_slice_yield();
        word_t cost = COUNTED(stretch_interrupt(CAUSE));
        sys_slice_yield(); // within the grace time
        end = least_of(end, cost);
    }
    upcall_release();
    row_counted("slice_end", end, 1);
    bench_alarm();

    struct child *peer = peer_start("yield");
    must(sys_cap_mint(SLOT_FREE, peer->env, RIGHT_YIELD), "a capability to the partner");
    word_t least = ~0ul;
    for (int i = 0; i < 20; i++) {
        sys_slice_yield(); // a fresh slice, and one for the partner
        upcall_hold();
        word_t there_and_back = COUNTED(stretch_yield_to(SLOT_FREE));
        upcall_release();
        least = least_of(least, there_and_back);
    }
    must((sysret_t){least == ~0ul ? ERR_STATE : ERR_OK, 0}, "yield_to");
    row_counted("yield_to", (least - PROGRAM_YIELDS) / 2, 2);
    must(sys_cap_drop(SLOT_FREE), "cap_drop");
    peer_end(peer);
}
