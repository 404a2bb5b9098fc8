// SPDX-License-Identifier: BSD-2-Clause
/*
 * wake_to_scheduler   from a call that posts an event, by an environment that a scheduler runs, to the scheduler, which waits for
 *                     it behind its donation and goes on: all of it is the kernel's
 */
#include "measure.h"
#include <rivet/slice.h>
#include <stdio.h>
#include <stdlib.h>

#define MINE  0xf8       // word of the partner's save area, where it leaves the counter (wake.S)
#define EVENT (1ul << 40)
#define TICKS 10000      // the partner's time
#define TRIES 20

struct stretch {
    word_t begin, end;
    long error;
    word_t value;
};
void stretch_donate(struct stretch *stretch, slot_t slot, word_t until, word_t events, word_t board_word);

// In a fresh slice.
static word_t wake_measure(const volatile word_t *partner)
{
    struct stretch stretch;

    sys_slice_yield();
    upcall_hold();
    (void)events_take(EVENT);
    count_begin();
    stretch_donate(&stretch, SLOT_FREE, time_now() + TICKS, EVENT, 0);
    count_end();
    upcall_release();
    must((sysret_t){stretch.error, 0}, "a donation");
    must((sysret_t){stretch.value == DONATE_EVENT ? ERR_OK : ERR_STATE, 0}, "the end of a donation by an event");
    return stretch.end - *partner - 3; // less the reading, its store and the ecall
}

void bench_wake(void)
{
    struct child *peer = peer_start("notify");
    word_t window = vm_window_open(1), least = ~0ul;
    const volatile word_t *partner = (const volatile word_t *)(window + MINE);

    must(sys_cap_mint(SLOT_FREE, peer->env, RIGHT_YIELD), "a capability to the partner");
    must((sysret_t){window ? vm_bind(0, window, peer->env + 1, 1, RIGHT_READ) : ERR_FULL, 0}, "a view of its save area");
    while (*partner == 0)
        sys_slice_yield(); // it has slices of its own, too
    for (int i = 0; i < TRIES; i++)
        least = least_of(least, wake_measure(partner));
    row_counted("wake_to_scheduler", least, 1);
    vm_window_close(window, 1);
    must(sys_cap_drop(SLOT_FREE), "cap_drop");
    peer_end(peer);
}
