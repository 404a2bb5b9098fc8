// SPDX-License-Identifier: BSD-2-Clause
/*
 * pct_oneway      into another environment's protected entry, in its own space; capability check and claim included
 * pct_roundtrip   there and back
 */
#include "measure.h"

word_t stretch_pct(word_t slot, word_t *round);

#define PROGRAM_ONEWAY 2 // instructions of the program's in the stretch: the reading and the ecall
#define PROGRAM_ROUND  5 // and the partner's reading, li, ecall

void bench_pct(void)
{
    struct child *peer = peer_start("gate");
    must(sys_cap_mint(SLOT_FREE, peer->env, RIGHT_CALL), "a capability to the partner");
    while (child_env_state(peer) != ENV_ACCEPTING)
        sys_slice_yield();
    upcall_hold();
    word_t oneway = ~0ul, round = ~0ul;
    for (int i = 0; i < REPEAT; i++) {
        word_t back, there = COUNTED(stretch_pct(SLOT_FREE, &back));
        must((sysret_t){there == ~0ul ? ERR_STATE : ERR_OK, 0}, "the transfer");
        oneway = least_of(oneway, there);
        round = least_of(round, back);
    }
    upcall_release();
    row("pct_oneway", oneway - PROGRAM_ONEWAY);
    row_counted("pct_roundtrip", round - PROGRAM_ROUND, 1);
    must(sys_cap_drop(SLOT_FREE), "cap_drop");
    peer_end(peer);
}
