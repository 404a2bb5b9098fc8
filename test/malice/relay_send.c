// SPDX-License-Identifier: BSD-2-Clause
/* The same with transfers that nobody waits for: two servers send to each other for ever. */
#include "attack.h"

void relay_send(void); // children.S: accepts; when it is sent to, it sends to the environment in slot 8

void attack(void)
{
    env_t one = child_make(relay_send, 0), two = child_make(relay_send, 0);
    tables_make(ARENA);
    map(ARENA, one + 1); // their save areas, where children.S looks for them
    map(ARENA + PAGE_SIZE, two + 1);
    WORKS(sys_cap_mint(SLOT_OWN, one, RIGHT_CALL));
    WORKS(sys_cap_mint(SLOT_OWN + 1, two, RIGHT_CALL));
    WORKS(sys_cap_grant(SLOT_OWN + 1, one, SLOT_OWN, RIGHT_CALL));
    WORKS(sys_cap_grant(SLOT_OWN, two, SLOT_OWN, RIGHT_CALL));
    child_start(one);
    child_start(two);
    for (;;)
        if (sys_pct_send(SLOT_OWN, 0).error != ERR_OK)
            sys_slice_yield();
}
