// SPDX-License-Identifier: BSD-2-Clause
/*
 * Closes every door to its own save area: it wants the frame freed, moved, made a table, revoked; unmaps it,
 * closes its handlers, and faults. The kernel goes on writing to the frame that the creator keeps.
 */
#include "attack.h"

void attack(void)
{
    page_t save = self() + 1;
    REFUSED(sys_page_free(save), PERM);
    REFUSED(sys_page_give(save, 1, self()), CLOSED);
    REFUSED(sys_page_move(save, 1, self()), CLOSED);
    REFUSED(sys_cap_mint(SLOT_OWN, save, RIGHT_READ), PERM);
    REFUSED(sys_cap_revoke(save), PERM);
    REFUSED(sys_pte_table(0, ARENA, 1, save, 0), PERM);
    REFUSED(sys_env_destroy(self()), PERM);
    SAVE_WORD(SAVE_I_HANDLER) = 0;
    SAVE_WORD(SAVE_X_HANDLER) = 0;
    WORKS(sys_pte_unmap(0, SAVE_ADDRESS, 1));
    for (int i = 0; i < 1000; i++)
        EXPECT(sys_env_null().error == ERR_OK);
    *(volatile word_t *)SAVE_ADDRESS = 1; // stops it
}
