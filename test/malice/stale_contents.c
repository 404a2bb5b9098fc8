// SPDX-License-Identifier: BSD-2-Clause
/*
 * Looks for what others left behind: in frames it freed itself, in frames that came back from a child that
 * had filled them, in the tables it made of them. A frame that comes into use is all zeros.
 */
#include "attack.h"

static bool is_zero(word_t address)
{
    for (word_t i = 0; i < PAGE_SIZE / sizeof(word_t); i++)
        if (((volatile word_t *)address)[i] != 0)
            return false;
    return true;
}

static void fill(word_t address)
{
    for (word_t i = 0; i < PAGE_SIZE / sizeof(word_t); i++)
        ((volatile word_t *)address)[i] = 0x5ec2e7;
}

void attack(void)
{
    tables_make(ARENA);
    page_t page = own_data();
    for (int round = 0; round < 3; round++) {
        map(ARENA, page);
        EXPECT(is_zero(ARENA));
        fill(ARENA);
        WORKS(sys_pte_unmap(0, ARENA, 1));
        WORKS(sys_page_free(page));
        WORKS(PATIENT(sys_page_alloc(page)));
    }
    env_t child = child_make(child_spin, 0); // it owns a secret, and is destroyed while it runs
    map(ARENA, page);
    fill(ARENA);
    WORKS(sys_pte_unmap(0, ARENA, 1));
    WORKS(sys_page_give(page, 1, child));
    child_start(child);
    REFUSED(sys_pte_map(0, ARENA, page, 1, RIGHT_READ, CAP_NONE), PERM);
    child_destroy(child);
    REFUSED(sys_pte_map(0, ARENA, page, 1, RIGHT_READ, CAP_NONE), KIND);
    WORKS(PATIENT(sys_page_alloc(page)));
    map(ARENA, page);
    EXPECT(is_zero(ARENA));
    fill(ARENA);
    WORKS(sys_pte_unmap(0, ARENA, 1));
    WORKS(sys_page_free(page));

    // As a root table only the kernel's half is filled, and in no entry is anything for a program.
    page_t pages = own_free(2);
    page = pages;
    WORKS(PATIENT(sys_space_create(page, page + 1)));
    WORKS(sys_pte_map(0, ARENA, page, 1, RIGHT_READ, CAP_NONE));
    for (word_t i = 0; i < 256; i++)
        EXPECT(((volatile word_t *)ARENA)[i] == 0);
}
