// SPDX-License-Identifier: BSD-2-Clause
/*
 * Chains of donors that lose a link while they stand: the last one exits, faults, waits or spins, and another is destroyed, from the
 * front, the back, the middle. Whoever is left goes on, and nobody has the hart who is gone.
 */
#include "attack.h"

#define LINKS (DONATIONS_MAX - 1)

static volatile word_t *const answers = (volatile word_t *)ARENA;

static env_t links[LINKS];

static void chain_make(void (*last)(void))
{
    *answers = 0;
    for (int i = LINKS - 1; i >= 0; i--) {
        links[i] = child_make(i == LINKS - 1 ? last : child_donate, ARENA);
        WORKS(sys_cap_mint(SLOT_OWN + 1 + (word_t)i, links[i], RIGHT_YIELD));
        if (i < LINKS - 1)
            WORKS(sys_cap_grant(SLOT_OWN + 2 + (word_t)i, links[i], SLOT_OWN, RIGHT_YIELD));
        child_start(links[i]);
    }
}

// Our own chain stands for as long as this, and others on other harts.
static void chain_run(word_t ticks)
{
    for (word_t tries = 0; *answers == 0 || tries < 5; tries++) {
        sysret_t answer = sys_slice_donate(SLOT_OWN + 1, time_now() + ticks, 0, 0);
        EXPECT(answer.error == ERR_OK || answer.error == ERR_BUSY || answer.error == ERR_DEADLINE);
        EXPECT(answer.error != ERR_OK || (answer.value > 0 && answer.value < DONATE_REASONS));
        sys_slice_yield();
    }
}

void attack(void)
{
    void (*const lasts[])(void) = {child_exit, child_fault, child_nap, child_spin, child_accept, child_yield};
    tables_make(ARENA);
    map(ARENA, own_data());
    for (int round = 0; round < 12; round++) {
        chain_make(lasts[round % 6]);
        chain_run(2000 + 1000 * (word_t)round);
        if (round >= 6) { // stopped, not gone: those who donated to it hear of that
            child_stop(links[LINKS / 2]);
            chain_run(2000);
        }
        for (int i = 0; i < LINKS; i++)
            child_destroy(links[round % 3 == 0 ? i : round % 3 == 1 ? LINKS - 1 - i : (i * 3 + 2) % LINKS]);
    }
}
