// SPDX-License-Identifier: BSD-2-Clause
/*
 * Keeps a capability, an STLB entry whose leaf is not filled and one whose leaf is, and tries to reach the frame through
 * them after it was freed, or taken.
 */
#include "attack.h"

#define CACHED (ARENA + 0x200000)

static void gone(page_t page, slot_t slot)
{
    REFUSED(sys_pte_map(0, ARENA, page, 1, RIGHT_READ, slot), STALE);
    REFUSED(sys_stlb_enter(0, CACHED + 9 * PAGE_SIZE, page, RIGHT_READ, slot), STALE);
    REFUSED(sys_cap_copy(slot, SLOT_OWN + 9, RIGHT_READ), STALE);
    REFUSED(sys_cap_grant(slot, SAVE_WORD(SAVE_CREATOR), 30, RIGHT_READ), STALE);
}

void attack(void)
{
    tables_make(ARENA);
    WORKS(PATIENT(sys_pte_table(0, CACHED, 0, own_free(1), 0)));
    WORKS(PATIENT(sys_stlb_bind(0, own_free(1), 0)));
    ground_keep();
    page_t page = own_data();
    WORKS(sys_cap_mint(SLOT_OWN, page, RIGHTS_FRAME));
    WORKS(sys_stlb_enter(0, CACHED, page, RIGHT_READ | RIGHT_WRITE, CAP_NONE));
    WORKS(sys_stlb_enter(0, CACHED + PAGE_SIZE, page, RIGHT_READ | RIGHT_WRITE, SLOT_OWN));
    EXPECT(probe_store(CACHED) == NO_CAUSE); // the other entry stays dormant
    page_t freed = own_data();
    WORKS(sys_cap_mint(SLOT_OWN + 1, freed, RIGHTS_FRAME));
    WORKS(sys_page_free(freed));
    gone(freed, SLOT_OWN + 1);
    ready();
    asked_wait();
    while (frame_entry(page)->owner == self()) sys_slice_yield();
    EXPECT(probe_load(CACHED) == CAUSE_LOAD);
    EXPECT(probe_load(CACHED + PAGE_SIZE) == CAUSE_LOAD);
    gone(page, SLOT_OWN);
    REFUSED(sys_page_alloc(page), PERM);
    REFUSED(sys_cap_mint(SLOT_OWN + 2, page, RIGHT_READ), PERM);
    REFUSED(sys_revoke_guarantee(page, 1), PERM);
}
