// SPDX-License-Identifier: BSD-2-Clause
/*
 * Uses frames after they were freed: through a binding, a capability, the STLB, as a table, as a gift. A
 * bound frame cannot be freed, and a freed one is nothing but free.
 */
#include "attack.h"

void attack(void)
{
    tables_make(ARENA);
    page_t page = own_data();
    map(ARENA, page);
    WORKS(sys_cap_mint(SLOT_OWN, page, RIGHT_READ | RIGHT_WRITE));
    *(volatile word_t *)ARENA = 1;
    REFUSED(sys_page_free(page), BUSY);
    EXPECT(*(volatile word_t *)ARENA == 1);
    WORKS(sys_pte_unmap(0, ARENA, 1));
    EXPECT(probe_load(ARENA) == CAUSE_LOAD);
    WORKS(sys_page_free(page));

    REFUSED(sys_page_free(page), KIND);
    REFUSED(sys_pte_map(0, ARENA, page, 1, RIGHT_READ, CAP_NONE), KIND);
    REFUSED(sys_pte_map(0, ARENA, page, 1, RIGHT_READ, SLOT_OWN), STALE);
    REFUSED(sys_cap_mint(SLOT_OWN + 1, page, RIGHT_READ), KIND);
    REFUSED(sys_cap_copy(SLOT_OWN, SLOT_OWN + 1, RIGHT_READ), STALE);
    REFUSED(sys_cap_revoke(page), KIND);

    // The frame comes back as something else; the old capability means neither.
    WORKS(PATIENT(sys_page_alloc(page)));
    REFUSED(sys_pte_map(0, ARENA, page, 1, RIGHT_READ, SLOT_OWN), STALE);
    WORKS(sys_page_free(page));
    page_t stlb = own_free(2) == page ? own_free(2) + 1 : own_free(1);
    WORKS(PATIENT(sys_stlb_bind(0, stlb, 0)));
    REFUSED(sys_page_free(stlb), KIND);
    page_t table = own_free(1);
    WORKS(PATIENT(sys_pte_table(0, ARENA + 0x200000, 0, table, 0)));
    page_t data = own_data();
    REFUSED(sys_stlb_enter(0, ARENA + 0x200000, table, RIGHT_READ | RIGHT_WRITE, CAP_NONE), KIND);
    WORKS(sys_stlb_enter(0, ARENA + 0x200000, data, RIGHT_READ | RIGHT_WRITE, CAP_NONE));
    REFUSED(sys_page_free(data), BUSY);
    WORKS(sys_pte_unmap(0, ARENA + 0x200000, 1));
    WORKS(sys_page_free(data));
    REFUSED(sys_stlb_enter(0, ARENA + 0x200000, data, RIGHT_READ, CAP_NONE), KIND);
    EXPECT(probe_load(ARENA + 0x200000) == CAUSE_LOAD);
}
