// SPDX-License-Identifier: BSD-2-Clause
/*
 * slice_to_next  an environment yields, until the next one's first instruction: the next position of the vector is its own
 * slice_to_next_child  the same, where the yielder is a scheduler's child
 * env_dispatch   a scheduler donates to a child on its board, by the child's word there, and the child hands the time
 *                back at once: both ways together
 */
#include "measure.h"

word_t stretch_away(word_t number, const word_t arguments[4], word_t *value);

#define PROGRAM 7 // instructions of both programs there and back
#define TRIES   20

// There and back.
static word_t next_measure(void)
{
    const word_t none[4] = {0};
    word_t least = ~0ul, ignored;
    for (int i = 0; i < TRIES; i++) {
        upcall_hold();
        least = least_of(least, COUNTED(stretch_away(CALL_slice_yield, none, &ignored)));
        upcall_release();
    }
    return least - PROGRAM;
}

static void dispatch_measure(word_t word)
{
    word_t least = ~0ul, why = 0;
    for (int i = 0; i < TRIES; i++) {
        sys_slice_yield(); // a fresh slice
        const word_t arguments[4] = {SLOT_FREE, time_now() + time_from_us(1000), EVENT_BIT(BOARD), word};
        events_take(EVENT_BIT(BOARD));
        upcall_hold();
        word_t there_and_back = COUNTED(stretch_away(CALL_slice_donate, arguments, &why));
        upcall_release();
        if (why == DONATE_YIELDED)
            least = least_of(least, there_and_back);
    }
    must((sysret_t){least == ~0ul ? ERR_STATE : ERR_OK, 0}, "a donation");
    row_counted("env_dispatch", least - PROGRAM, 1);
}

// Every other slice is the partner's.
static word_t next_between(const struct child *peer)
{
    for (word_t position = 0; position < SLICES_MAX; position += 2)
        if (slice_entry(0, position)->env == self())
            must(sys_slice_give(0, position, peer->env), "a slice for the partner");
    for (int i = 0; i < TRIES; i++)
        sys_slice_yield(); // until it hands back
    return next_measure();
}

static void next_bench(void)
{
    static struct child child;
    struct child *peer = peer_start("back");
    word_t both = next_between(peer);
    row_counted("slice_to_next", both / 2, 2);
    peer_end(peer);
    peer_schedule(&child, "back", 1, SLOT_FREE, 0);
    row_counted("slice_to_next_child", next_between(&child) - both / 2, 1); // the way back
    must(sys_cap_drop(SLOT_FREE), "cap_drop");
    peer_end(&child);
}

static void dispatch_bench(void)
{
    static struct child peer;
    peer_schedule(&peer, "back", 1, SLOT_FREE, 0);
    dispatch_measure(bench_board()[1].word);
    must(sys_cap_drop(SLOT_FREE), "cap_drop");
    peer_end(&peer);
}

void bench_time(void)
{
    next_bench();
    dispatch_bench();
}
