// SPDX-License-Identifier: BSD-2-Clause
/*
 * Turns all it owns into kernel objects: tables, spaces, environments that own each other's frames, an STLB;
 * binds what is left many times; and ends. All of it must come back.
 */
#include "attack.h"

void attack(void)
{
    word_t address = ARENA;
    tables_make(ARENA);
    for (int i = 0; i < 40; i++) {
        page_t pages = own_free(12);
        WORKS(PATIENT(sys_space_create(pages, pages + 1)));
        WORKS(PATIENT(sys_pte_table(pages, ARENA, 1, pages + 2, 0)));
        WORKS(PATIENT(sys_pte_table(pages, ARENA, 0, pages + 3, pages + 4)));
        WORKS(PATIENT(sys_env_create(pages + 5, pages + 7, pages)));
        WORKS(PATIENT(sys_stlb_bind(pages, pages + 8, 0)));
        WORKS(PATIENT(sys_page_alloc(pages + 9)));
        for (int j = 0; j < 20; j++)
            WORKS(sys_pte_map(pages, ARENA + (word_t)j * PAGE_SIZE, pages + 9, 1, RIGHT_READ, CAP_NONE));
        map(address, pages + 9);
        address += PAGE_SIZE;
        WORKS(sys_page_move(pages + 10, 1, pages + 5));
        if (i % 2)
            child_start(pages + 5);
    }
    for (int i = 0; i < 100; i++) {
        page_t page = own_data();
        WORKS(sys_cap_mint(CAPS_MAX - 1, page, RIGHT_READ));
        WORKS(sys_cap_drop(CAPS_MAX - 1));
    }
}
