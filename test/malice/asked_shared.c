// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shares a frame before it is taken: bound many times, in the STLB, through a capability, with a child that uses it. Once it
 * is gone nothing reaches it, and no capability to it is alive.
 */
#include "attack.h"

#define CACHED (ARENA + 0x200000)

void attack(void)
{
    tables_make(ARENA);
    WORKS(PATIENT(sys_pte_table(0, CACHED, 0, own_free(1), 0)));
    WORKS(PATIENT(sys_stlb_bind(0, own_free(1), 0)));
    env_t child = child_make(child_spin, 0);
    ground_keep();
    page_t page = own_data();
    WORKS(sys_cap_mint(SLOT_OWN, page, RIGHT_READ | RIGHT_WRITE));
    WORKS(sys_cap_grant(SLOT_OWN, child, 5, RIGHT_READ));
    child_start(child);
    for (word_t i = 0; i < 40; i++)
        WORKS(sys_pte_map(0, ARENA + i * PAGE_SIZE, page, 1, RIGHT_READ | RIGHT_WRITE, i % 2 ? SLOT_OWN : CAP_NONE));
    for (word_t i = 0; i < 8; i++) {
        WORKS(sys_stlb_enter(0, CACHED + i * PAGE_SIZE, page, RIGHT_READ | RIGHT_WRITE, CAP_NONE));
        EXPECT(probe_store(CACHED + i * PAGE_SIZE) == NO_CAUSE);
    }
    ready();
    asked_wait();
    while (frame_entry(page)->owner == self()) probe_store(ARENA);
    for (word_t i = 0; i < 40; i++) EXPECT(probe_load(ARENA + i * PAGE_SIZE) == CAUSE_LOAD);
    for (word_t i = 0; i < 8; i++) EXPECT(probe_load(CACHED + i * PAGE_SIZE) == CAUSE_LOAD);
    REFUSED(sys_pte_map(0, ARENA, page, 1, RIGHT_READ, SLOT_OWN), STALE);
    REFUSED(sys_pte_map(0, ARENA, page, 1, RIGHT_READ, CAP_NONE), PERM);
}
