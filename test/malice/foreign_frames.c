// SPDX-License-Identifier: BSD-2-Clause
/*
 * Takes every frame of the machine that is not its own: binds it, frees it, gives it away, makes a
 * capability to it, builds kernel objects of it. All must be refused, and the frame table must say the same
 * as before.
 */
#include "attack.h"

static void frame_attack(page_t page)
{
    static const long allowed = 1ul << ERR_PERM | 1ul << ERR_NOENT | 1ul << ERR_KIND | 1ul << ERR_BUSY |
                                1ul << ERR_CLOSED | 1ul << ERR_RANGE;
#define NO(call) EXPECT(allowed >> (call).error & 1)
    NO(sys_pte_map(0, ARENA, page, 1, RIGHT_READ, CAP_NONE));
    NO(sys_pte_map(0, ARENA, page, 1, RIGHT_READ | RIGHT_WRITE, SLOT_WITNESS));
    NO(sys_page_alloc(page));
    NO(sys_page_free(page));
    NO(sys_page_give(page, 1, self()));
    NO(sys_page_move(page, 1, self()));
    NO(sys_cap_mint(SLOT_OWN, page, RIGHT_READ));
    NO(sys_cap_mint(SLOT_OWN, page, RIGHT_CALL));
    NO(sys_cap_revoke(page));
    NO(sys_space_create(page, page + 1));
    NO(sys_env_create(page, page + 2, 0));
    NO(sys_pte_table(0, ARENA + 0x40000000, 1, page, 0));
    NO(sys_stlb_bind(0, page, 0));
    NO(sys_space_destroy(page));
    if (page != SAVE_WORD(SAVE_SPACE) && page != 0) // our own space is ours, whoever owns its frames
        NO(sys_pte_unmap(page, ARENA, 1));
}

void attack(void)
{
    tables_make(ARENA);
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++) {
        struct frame before = *(const struct frame *)frame_entry(page);
        if (before.owner == self() || page == self() || (before.kind == PAGE_SAVE && before.detail == self()))
            continue;
        frame_attack(page);
        const volatile struct frame *after = frame_entry(page);
        EXPECT(after->owner != self() && (before.kind == PAGE_NONE || after->kind == before.kind));
    }
    for (size_t i = 0; i < machine()->device_count; i++)
        frame_attack(machine()->devices[i].page);
    frame_attack(0);
    frame_attack(~0ul);
    frame_attack(1ul << 52);
    frame_attack(machine()->ram_first - 1);
    frame_attack(machine()->ram_first + machine()->ram_count);
}
