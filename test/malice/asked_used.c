// SPDX-License-Identifier: BSD-2-Clause
// Answers with its page tables, while they are in use: none is free, none moves, and each works until its end.
#include "attack.h"

void attack(void)
{
    tables_make(ARENA);
    ground_keep();
    page_t page = own_data();
    WORKS(sys_revoke_guarantee(page, 1));
    map(ARENA, page);
    ready();
    env_t by = asked_wait();
    for (page_t table = machine()->ram_first; table < machine()->ram_first + machine()->ram_count; table++) {
        const volatile struct frame *frame = frame_entry(table);
        if (frame->owner != self() || (frame->kind != PAGE_TABLE && frame->kind != PAGE_TWIN)) continue;
        REFUSED(sys_page_free(table), KIND);
        EXPECT(sys_page_move(table, 1, by).error != ERR_OK);
        EXPECT(sys_page_give(table, 1, by).error != ERR_OK);
    }
    REFUSED(sys_pte_untable(0, ARENA, 0), BUSY);
    REFUSED(sys_pte_untable(0, ARENA, 1), BUSY);
    EXPECT(sys_page_give(page, 1, by).error != ERR_OK); // BUSY, or CLOSED when all was taken already
    lost_wait(1);
    EXPECT(probe_store(ARENA) == NO_CAUSE);
}
