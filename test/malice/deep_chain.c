// SPDX-License-Identifier: BSD-2-Clause
/*
 * A chain of calls deeper than the kernel follows: each child calls the next, the last spins. Whoever holds
 * the end of the chain, the hart is not lost, and the chain can be taken apart from any link.
 */
#include "attack.h"

#define LINKS (CHAIN_MAX * 2 + 3)

void chain_link(void); // children.S: accepts; its entry calls the environment in slot 8 and returns

static env_t links[LINKS];

static void chain_make(void (*last)(void))
{
    for (int i = LINKS - 1; i >= 0; i--) {
        links[i] = child_make(child_accept, (word_t)(i == LINKS - 1 ? last : chain_link));
        WORKS(sys_cap_mint(SLOT_OWN + 1 + i, links[i], RIGHT_CALL | RIGHT_YIELD));
        if (i < LINKS - 1)
            WORKS(sys_cap_grant(SLOT_OWN + 2 + i, links[i], SLOT_OWN, RIGHT_CALL));
        child_start(links[i]);
        while (sys_env_info(links[i], ENV_STATE).value != ENV_ACCEPTING)
            sys_slice_yield_to(SLOT_OWN + 1 + i); // most have no slice
    }
}

void attack(void)
{
    word_t message[8] = {0};
    for (int round = 0; round < 6; round++) {
        chain_make(round % 2 ? child_echo : child_spin);
        long error = pct_call(SLOT_OWN + 1, time_now() + machine()->timebase_hz / 20, message);
        EXPECT(error == ERR_OK || error == ERR_DEADLINE || error == ERR_BUSY || error == ERR_DEAD);
        for (int i = 0; i < LINKS; i++) // from the front, from the back, from the middle
            child_destroy(links[round / 2 == 0 ? i : round / 2 == 1 ? LINKS - 1 - i : (i * 7) % LINKS]);
        for (int i = 0; i < LINKS; i++)
            EXPECT(sys_cap_copy(SLOT_OWN + 1 + i, 100, RIGHT_CALL).error == ERR_STALE);
    }
}
