// SPDX-License-Identifier: BSD-2-Clause
/*
 * Two environments yield to each other for ever, each with its interrupt slot open, so that each would have
 * a grace time of its own when the slice ends. But the slice is one, and ends.
 */
#include "attack.h"

void relay_yield(void); // children.S: yields to the environment in slot 8, for ever

void attack(void)
{
    env_t child = child_make(relay_yield, 0);
    tables_make(ARENA);
    map(ARENA, child + 1); // their save areas, where children.S looks for them
    map(ARENA + PAGE_SIZE, own_data());
    WORKS(sys_cap_mint(SLOT_OWN, child, RIGHT_YIELD));
    WORKS(sys_cap_mint(SLOT_OWN + 1, self(), RIGHT_YIELD));
    WORKS(sys_cap_grant(SLOT_OWN + 1, child, SLOT_OWN, RIGHT_YIELD));
    child_start(child);
    relay_yield();
}
