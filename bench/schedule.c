// SPDX-License-Identifier: BSD-2-Clause
// Benchmarks that are a scheduler environment: their board, and partners on it. See measure.h.

#include "measure.h"

#define TURNS 20 // until a partner does what it is there for

const volatile struct board_entry *bench_board(void)
{
    static word_t window;
    if (window != 0)
        return (const volatile struct board_entry *)window;
    page_t page = machine()->ram_first;
    while (frame_entry(page)->owner != self() || frame_entry(page)->kind != PAGE_FREE)
        page++;
    window = vm_window_open(1);
    must(sys_board_bind(page), "a board");
    must((sysret_t){window == 0 ? ERR_FULL : vm_bind(0, window, page, 1, RIGHT_READ), 0}, "mapping it");
    return (const volatile struct board_entry *)window;
}

void peer_schedule(struct child *peer, const char *role, word_t index, slot_t slot, env_t other)
{
    const char *const arguments[] = {"bench_peer", role};
    (void)bench_board();
    const char *why = child_build(peer, &(struct child_options){.program = "bench_peer", .argc = 2, .argv = arguments});
    must((sysret_t){why != NULL ? ERR_NOENT : ERR_OK, 0}, "building a child");
    must(sys_board_join(peer->env, CAP_NONE, index), "a place on the board");
    if (other != 0) {
        must(sys_cap_mint(slot, other, RIGHT_NOTIFY), "a capability to another");
        must((sysret_t){child_grant(peer, slot, SLOT_FREE, RIGHT_NOTIFY), 0}, "a grant to the child");
        must(sys_cap_drop(slot), "dropping it");
    }
    must(sys_cap_mint(slot, peer->env, RIGHT_YIELD), "a capability to it");
    must((sysret_t){child_start(peer) != NULL ? ERR_STATE : ERR_OK, 0}, "starting it");
    for (int i = 0; i < TURNS; i++)
        sys_slice_yield();
    for (word_t position = 0; position < SLICES_MAX; position++)
        if (slice_entry(0, position)->env == peer->env)
            must(sys_slice_give(0, position, self()), "its slice");
}
