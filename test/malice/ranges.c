// SPDX-License-Identifier: BSD-2-Clause
/*
 * Ranges that are empty, wrap, leave the program's half, cross the ends of tables or are longer than one
 * call does.
 */
#include "attack.h"

void attack(void)
{
    static const struct {
        word_t address;
        size_t count;
    } wrong[] = {
        {0, 1},
        {1, 1},
        {USER_FIRST + 1, 1},
        {USER_END, 1},
        {USER_END - PAGE_SIZE, 2},
        {ARENA, 0},
        {ARENA, ~0ul},
        {ARENA, PTE_BATCH + 1},
        {ARENA, 1ul << 52},
        {IMAGE_BASE, 1},
        {DIRECT_BASE, 1},
        {~0ul << 12, 1},
        {~0ul << 12, 2},
        {TABLE_FRAMES, 1},
        {0x8000000000000000, 1},
        {ARENA + 8, 1},
        {USER_END - PAGE_SIZE, ~0ul},
        {ARENA, 1ul << 63},
    };
    tables_make(ARENA);
    page_t page = own_data();
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        REFUSED(sys_pte_map(0, wrong[i].address, page, wrong[i].count, RIGHT_READ, CAP_NONE), RANGE);
        REFUSED(sys_pte_protect(0, wrong[i].address, wrong[i].count, RIGHT_READ), RANGE);
        REFUSED(sys_pte_unmap(0, wrong[i].address, wrong[i].count), RANGE);
        if (wrong[i].count == 1)
            REFUSED(sys_stlb_enter(0, wrong[i].address, page, RIGHT_READ, CAP_NONE), RANGE);
    }
    for (word_t rights = 0; rights < 64; rights++)
        if ((rights & ~14ul) || !(rights & RIGHT_READ))
            EXPECT(rights == RIGHT_EXECUTE ||
                   sys_pte_map(0, ARENA, page, 1, rights, CAP_NONE).error == ERR_RANGE);
    REFUSED(sys_pte_map(0, ARENA, page, 1, ~0ul, CAP_NONE), RANGE);
    REFUSED(sys_pte_map(0, ARENA + 0x40000000, page, 1, RIGHT_READ, CAP_NONE), NOTABLE);
    map(ARENA + 511 * PAGE_SIZE, page);
    WORKS(sys_pte_protect(0, ARENA + 511 * PAGE_SIZE, 2, RIGHT_READ)); // one page, then there is no table
    EXPECT(sys_pte_protect(0, ARENA + 511 * PAGE_SIZE, 2, RIGHT_READ).value == 1);
    WORKS(sys_pte_unmap(0, ARENA + 500 * PAGE_SIZE, PTE_BATCH));
    EXPECT(probe_load(ARENA + 511 * PAGE_SIZE) == CAUSE_LOAD);
    REFUSED(sys_page_move(own_free(1), 0, self()), RANGE);
    REFUSED(sys_page_move(own_free(1), PAGE_BATCH + 1, self()), RANGE);
    REFUSED(sys_page_move(own_free(1), ~0ul, self()), RANGE);
    REFUSED(sys_page_open(self(), ~0ul), RANGE);
    REFUSED(sys_machine_log(0, 9), RANGE);
    REFUSED(sys_env_info(self(), ENV_WHATS), RANGE);
    REFUSED(sys_env_info(self(), ~0ul), RANGE);
    REFUSED(sys_irq_bind(0, 1ul << 40), RANGE);
    REFUSED(sys_irq_bind(IRQS_MAX, 1ul << 40), RANGE);
    REFUSED(sys_irq_bind(1, 1), RANGE);
    REFUSED(sys_irq_complete(~0ul), RANGE);
    REFUSED(sys_pct_accept(IMAGE_BASE, 0, 0), RANGE);
    REFUSED(sys_pct_accept((word_t)attack + 1, 0, 0), RANGE);
    REFUSED(sys_slice_wait(0, 1), DEADLINE);
}
