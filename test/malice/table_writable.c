// SPDX-License-Identifier: BSD-2-Clause
/*
 * Wants to write page tables: its own root, its tables, their twins, records, capabilities; directly, by way
 * of a capability, and by way of a dormant STLB entry (one whose leaf table was taken away) to a frame that
 * then becomes a table.
 */
#include "attack.h"

#define CACHED (ARENA + 0x200000)

static void table_attack(page_t page)
{
    REFUSED(sys_pte_map(0, ARENA, page, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE), KIND);
    REFUSED(sys_pte_map(0, ARENA, page, 1, RIGHT_READ | RIGHT_EXECUTE, CAP_NONE), KIND);
    long error = sys_cap_mint(SLOT_OWN, page, RIGHT_READ | RIGHT_WRITE).error;
    EXPECT(error == (frame_entry(page)->kind == PAGE_ENV ? ERR_RANGE : ERR_KIND));
    WORKS(sys_pte_map(0, ARENA, page, 1, RIGHT_READ, CAP_NONE));
    REFUSED(sys_pte_protect(0, ARENA, 1, RIGHT_READ | RIGHT_WRITE), PERM);
    EXPECT(probe_store(ARENA) == CAUSE_STORE);
    WORKS(sys_pte_unmap(0, ARENA, 1));
}

void attack(void)
{
    tables_make(ARENA);
    page_t pages = own_free(6); // root, space record, table, twin, capability page; and data
    WORKS(PATIENT(sys_space_create(pages, pages + 1)));
    WORKS(PATIENT(sys_pte_table(pages, ARENA, 1, pages + 2, 0)));
    WORKS(PATIENT(sys_pte_table(pages, ARENA, 0, pages + 3, pages + 4)));
    for (int i = 0; i < 5; i++)
        table_attack(pages + i);
    env_t child = child_make(child_spin, 0);
    table_attack(child);
    table_attack(foreign(PAGE_CAPS, self()));

    // By way of a dormant entry.
    page_t data = own_data(), stlb = own_free(1);
    WORKS(PATIENT(sys_stlb_bind(0, stlb, 0)));
    page_t leaf = own_free(1);
    WORKS(PATIENT(sys_pte_table(0, CACHED, 0, leaf, 0)));
    WORKS(sys_stlb_enter(0, CACHED, data, RIGHT_READ | RIGHT_WRITE, CAP_NONE));
    *(volatile word_t *)CACHED = 1;
    WORKS(sys_pte_untable(0, CACHED, 0)); // it sleeps now
    EXPECT(probe_store(CACHED) == CAUSE_STORE);
    REFUSED(sys_page_free(data), BUSY);
    REFUSED(sys_pte_table(0, CACHED, 0, data, 0), BUSY);
    WORKS(PATIENT(sys_pte_table(0, CACHED, 0, leaf, 0)));
    EXPECT(probe_store(CACHED) == NO_CAUSE); // awake again

    // By way of a capability, revoked while both entries are alive.
    WORKS(sys_cap_mint(SLOT_OWN, data, RIGHT_READ | RIGHT_WRITE));
    WORKS(sys_pte_map(0, ARENA, data, 1, RIGHT_READ | RIGHT_WRITE, SLOT_OWN));
    WORKS(PATIENT(sys_cap_revoke(data)));
    EXPECT(probe_store(ARENA) == CAUSE_STORE && probe_store(CACHED) == CAUSE_STORE);
    WORKS(sys_page_free(data));
    WORKS(PATIENT(sys_pte_table(0, ARENA + 0x400000, 0, data, 0)));
    EXPECT(probe_store(ARENA) == CAUSE_STORE && probe_store(CACHED) == CAUSE_STORE);
    REFUSED(sys_pte_map(0, ARENA, data, 1, RIGHT_READ | RIGHT_WRITE, SLOT_OWN), STALE);
    REFUSED(sys_stlb_enter(0, CACHED, data, RIGHT_READ | RIGHT_WRITE, SLOT_OWN), STALE);
}
