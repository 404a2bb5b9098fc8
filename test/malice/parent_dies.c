// SPDX-License-Identifier: BSD-2-Clause
/*
 * Makes children that make children, starts them, and dies in the middle of it: they and all they own go to
 * whoever ends it.
 */
#include "attack.h"

static void grandchild_run(void)
{
    for (;;)
        ;
}

void attack(void)
{
    page_t gift = own_data();
    env_t server = child_make(child_accept, (word_t)child_spin), spinner = child_make(grandchild_run, 0);
    WORKS(sys_page_give(gift, 1, spinner));
    WORKS(sys_page_move(own_free(20), 20, server));
    WORKS(sys_cap_mint(SLOT_OWN, server, RIGHT_CALL));
    child_start(server);
    child_start(spinner);
    sys_slice_yield();
    word_t message[8] = {0};
    while (pct_call(SLOT_OWN, 0, message) == ERR_BUSY) // it never comes back: we are ended inside of the call
        sys_slice_yield();
    EXPECT(!"the server returned");
}
