// SPDX-License-Identifier: BSD-2-Clause
/*
 * slice_to_next  an environment yields, until the next one's first instruction: the next position of the vector is its own
 * env_dispatch   a scheduler donates to a child on its board, by the child's word there, and the child hands the time
 *                back at once: both ways together
 */
#include "measure.h"
#include <rivet/board.h>

word_t stretch_away(word_t number, const word_t arguments[4], word_t *value);

#define PROGRAM 7 // instructions of both programs there and back
#define TRIES   20

static void next_measure(void)
{
    const word_t none[4] = {0};
    word_t least = ~0ul, ignored;
    for (int i = 0; i < TRIES; i++) {
        upcall_hold();
        least = least_of(least, COUNTED(stretch_away(CALL_slice_yield, none, &ignored)));
        upcall_release();
    }
    row_counted("slice_to_next", (least - PROGRAM) / 2, 2);
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

// Our board, mapped.
static const struct board_entry *board_make(void)
{
    page_t page = machine()->ram_first;
    while (frame_entry(page)->owner != self() || frame_entry(page)->kind != PAGE_FREE)
        page++;
    word_t window = vm_window_open(1);
    must(sys_board_bind(page), "a board");
    must((sysret_t){window == 0 ? ERR_FULL : vm_bind(0, window, page, 1, RIGHT_READ), 0}, "mapping it");
    return (const struct board_entry *)window;
}

static void next_bench(void)
{
    struct child *peer = peer_start("back");
    for (word_t position = 0; position < SLICES_MAX; position += 2)
        if (slice_entry(0, position)->env == self())
            must(sys_slice_give(0, position, peer->env), "a slice for the partner");
    for (int i = 0; i < TRIES; i++)
        sys_slice_yield(); // until it hands back
    next_measure();
    peer_end(peer);
}

// A child on our board, without slices of its own.
static void dispatch_bench(void)
{
    static struct child peer;
    const char *const arguments[] = {"bench_peer", "back"};
    const struct board_entry *board = board_make();
    const char *why = child_build(&peer, &(struct child_options){.program = "bench_peer", .argc = 2, .argv = arguments});
    must((sysret_t){why != NULL ? ERR_NOENT : ERR_OK, 0}, "building a child");
    must(sys_board_join(peer.env, CAP_NONE, 1), "a place on the board");
    must(sys_cap_mint(SLOT_FREE, peer.env, RIGHT_YIELD), "a capability to it");
    must((sysret_t){child_start(&peer) != NULL ? ERR_STATE : ERR_OK, 0}, "starting it");
    for (int i = 0; i < TRIES; i++)
        sys_slice_yield(); // until it hands back
    for (word_t position = 0; position < SLICES_MAX; position++)
        if (slice_entry(0, position)->env == peer.env)
            must(sys_slice_give(0, position, self()), "its slice");
    dispatch_measure(*(const volatile word_t *)&board[1].word);
    must(sys_cap_drop(SLOT_FREE), "cap_drop");
    peer_end(&peer);
}

void bench_time(void)
{
    next_bench();
    dispatch_bench();
}
