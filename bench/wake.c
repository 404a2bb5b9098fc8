// SPDX-License-Identifier: BSD-2-Clause
/*
 * wake_to_scheduler   from a call by a child of a scheduler that posts an event, for which another child waits, to the scheduler: that
 *                     child's word on the board says READY, its bit is set, the poster is off the hart, and the scheduler, on whose time
 *                     all this is, goes on behind its donation. All of it is the kernel's.
 */
#include "measure.h"
#include <rivet/slice.h>

#define MINE  0xf8  // word of a partner's save area, where it leaves the counter (wake.S)
#define TICKS 10000 // the partner's time
#define TRIES 20

enum { WAITS = 1, NOTIFIES = 2 }; // places on the board

struct stretch {
    word_t begin, end;
    long error;
    word_t value;
};
void stretch_donate(struct stretch *stretch, slot_t slot, word_t until, word_t events, word_t board_word);

static void must_be(bool holds, const char *what) { must((sysret_t){holds ? ERR_OK : ERR_STATE, 0}, what); }

static enum board_state state_of(word_t index) { return BOARD_STATE(bench_board()[index].word); }

// In a fresh slice the child that waits has taken its last event, and waits for the next one.
static void wake_prepare(void)
{
    struct stretch stretch;
    sys_slice_yield();
    stretch_donate(&stretch, SLOT_FREE + WAITS, time_now() + TICKS, 0, 0);
    must_be(state_of(WAITS) == BOARD_BLOCKED, "a child that waits");
    (void)events_take(EVENT_BIT(BOARD));
    SAVE_WORD(SAVE_BOARD_LOW) = 0;
}

static word_t wake_measure(const volatile word_t *partner)
{
    struct stretch stretch;
    upcall_hold();
    wake_prepare();
    count_begin();
    stretch_donate(&stretch, SLOT_FREE + NOTIFIES, time_now() + TICKS, EVENT_BIT(BOARD), bench_board()[NOTIFIES].word);
    count_end();
    must((sysret_t){stretch.error, 0}, "a donation");
    must_be(stretch.value == DONATE_EVENT, "the end of a donation by an event");
    must_be(state_of(WAITS) == BOARD_READY && SAVE_WORD(SAVE_BOARD_LOW) == 1ul << WAITS, "what the board says of who was woken");
    upcall_release();
    return stretch.end - *partner - 3; // less the reading, its store and the ecall
}

void bench_wake(void)
{
    static struct child waits, notifies;
    word_t window = vm_window_open(1), least = ~0ul;
    const volatile word_t *partner = (const volatile word_t *)(window + MINE);

    peer_schedule(&waits, "wait", WAITS, SLOT_FREE + WAITS, 0);
    peer_schedule(&notifies, "notify", NOTIFIES, SLOT_FREE + NOTIFIES, waits.env);
    must((sysret_t){window ? vm_bind(0, window, notifies.env + 1, 1, RIGHT_READ) : ERR_FULL, 0}, "a view of its save area");
    for (int i = 0; i < TRIES; i++)
        least = least_of(least, wake_measure(partner));
    row_counted("wake_to_scheduler", least, 1);
    vm_window_close(window, 1);
    must(sys_cap_drop(SLOT_FREE + WAITS), "cap_drop");
    must(sys_cap_drop(SLOT_FREE + NOTIFIES), "cap_drop");
    peer_end(&notifies);
    peer_end(&waits);
}
