// SPDX-License-Identifier: BSD-2-Clause
/*
 * Donors that want a hart for ever: until the end of time, to children that spin, with the interrupt slot closed and open, and
 * to each other. The slice ends for all of them.
 */
#include "attack.h"

#define CHILDREN 3

void spin_upcall(void); // children.S: goes on where it was

void attack(void)
{
    void (*const entries[CHILDREN])(void) = {child_spin, child_donate, child_yield};
    tables_make(ARENA);
    map(ARENA, own_data());
    for (word_t i = 0; i < CHILDREN; i++) {
        env_t child = child_make(entries[i], ARENA);
        WORKS(sys_cap_mint(SLOT_OWN + 1 + i, child, RIGHT_YIELD));
        if (entries[i] == child_donate) // to the witness
            WORKS(sys_cap_grant(SLOT_WITNESS, child, SLOT_OWN, RIGHT_YIELD));
        child_start(child);
    }
    for (word_t i = 0;; i++) {
        SAVE_WORD(SAVE_I_HANDLER) = i % 2 ? (word_t)spin_upcall : 0;
        sysret_t answer = sys_slice_donate(SLOT_OWN + 1 + i / 2 % CHILDREN, ~0ul, 0, 0);
        EXPECT(answer.error == ERR_OK || answer.error == ERR_BUSY || answer.error == ERR_DEADLINE);
    }
}
