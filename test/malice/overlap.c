// SPDX-License-Identifier: BSD-2-Clause
/*
 * Kernel objects of overlapping frames: an environment whose capability page is its record or save area, a
 * space whose record is its root, a table that is its own twin, an STLB over a table.
 */
#include "attack.h"

void attack(void)
{
    page_t pages = own_free(6);
    page_t last = machine()->ram_first + machine()->ram_count - 1;
    REFUSED(sys_env_create(pages, pages, 0), BUSY);
    REFUSED(sys_env_create(pages, pages + 1, 0), BUSY);
    REFUSED(sys_env_create(pages, pages + 2, pages), NOENT);
    REFUSED(sys_env_create(pages, pages + 2, ~0ul), NOENT);
    REFUSED(sys_env_create(~0ul, pages, 0), NOENT);
    EXPECT(sys_env_create(last, pages, 0).error != ERR_OK);
    REFUSED(sys_space_create(pages, pages), BUSY);
    REFUSED(sys_pte_table(0, ARENA, 1, pages, pages), RANGE);
    REFUSED(sys_pte_table(0, ARENA, 2, pages, 0), RANGE);
    REFUSED(sys_pte_table(0, ARENA, ~0ul, pages, 0), RANGE);
    REFUSED(sys_pte_table(0, USER_END, 1, pages, 0), RANGE);
    REFUSED(sys_pte_table(0, IMAGE_BASE, 1, pages, 0), RANGE);
    REFUSED(sys_pte_table(0, ARENA, 0, pages, pages + 1), NOTABLE);
    WORKS(PATIENT(sys_pte_table(0, ARENA, 1, pages, 0)));
    REFUSED(sys_pte_table(0, ARENA, 0, pages + 1, pages + 1), RANGE);
    REFUSED(sys_pte_table(0, ARENA, 0, pages, pages + 1), BUSY);
    REFUSED(sys_pte_table(0, ARENA, 0, pages + 1, pages), BUSY);
    REFUSED(sys_stlb_bind(0, pages, 1), BUSY);
    REFUSED(sys_stlb_bind(0, pages + 1, 64), RANGE);
    REFUSED(sys_stlb_bind(0, ~0ul, 1), NOENT);
    REFUSED(sys_stlb_unbind(0), STATE);
    EXPECT(frame_entry(pages + 1)->kind == PAGE_FREE && frame_entry(pages + 2)->kind == PAGE_FREE);
    WORKS(PATIENT(sys_env_create(pages + 1, pages + 3, 0)));
    REFUSED(sys_env_create(pages + 2, pages + 4, 0), BUSY);
    REFUSED(sys_env_create(pages + 4, pages + 3, 0), BUSY);
    REFUSED(sys_space_create(pages + 4, pages + 1), BUSY);
    EXPECT(frame_entry(pages + 4)->kind == PAGE_FREE && frame_entry(pages + 5)->kind == PAGE_FREE);
    REFUSED(sys_space_destroy(pages + 4), NOENT);
    WORKS(sys_pte_untable(0, ARENA, 1));
}
