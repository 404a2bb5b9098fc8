// SPDX-License-Identifier: BSD-2-Clause
/*
 * Two environments pass the hart to each other for ever: by yield_to, by transfers that nobody waits for, by calls. Each
 * of them would begin afresh, but the slice is one, and ends.
 */
#include "attack.h"

void relay_yield(void); // children.S: yields to the environment in slot 8, for ever
void relay_upcall(void);

void attack(void)
{
    env_t child = child_make(relay_yield, 0);
    WORKS(sys_cap_mint(SLOT_OWN, child, RIGHT_YIELD));
    WORKS(sys_cap_mint(SLOT_OWN + 1, self(), RIGHT_YIELD));
    WORKS(sys_cap_grant(SLOT_OWN + 1, child, SLOT_OWN, RIGHT_YIELD));
    child_start(child);
    for (;;) {
        SAVE_WORD(SAVE_I_HANDLER) = (word_t)relay_upcall; // an open slot is what asks for the grace time
        sys_slice_yield_to(SLOT_OWN);
    }
}
