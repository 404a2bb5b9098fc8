// SPDX-License-Identifier: BSD-2-Clause
/* Joins strangers' boards, puts strangers on its own, forges indices, and writes to what the kernel believes. */
#include "attack.h"

#include <rivet/board.h>

static void strangers(env_t stranger, env_t unstarted, env_t started)
{
    REFUSED(sys_board_join(0, SLOT_WITNESS, 1), PERM);
    REFUSED(sys_cap_copy(SLOT_WITNESS, SLOT_OWN, RIGHT_SCHEDULE), PERM);
    REFUSED(sys_cap_mint(SLOT_OWN, stranger, RIGHT_SCHEDULE), PERM);
    REFUSED(sys_board_join(stranger, CAP_NONE, 1), PERM);
    REFUSED(sys_board_leave(stranger), PERM);
    REFUSED(sys_board_join(started, CAP_NONE, 1), PERM); // it decides by itself
    REFUSED(sys_board_join(unstarted, SLOT_WITNESS, 1), PERM);
    REFUSED(sys_board_join(unstarted, SLOT_OWN, 1), STALE);
    REFUSED(sys_board_join(unstarted, CAPS_MAX, 1), RANGE);
    REFUSED(sys_board_join(0, CAP_NONE, 1), STATE); // itself
}

void attack(void)
{
    page_t data = own_data();
    env_t stranger = foreign(PAGE_ENV, 0), unstarted = child_make(child_spin, 0), started = child_make(child_nap, 0);
    child_start(started);
    tables_make(ARENA);
    page_t board = own_free(1);
    REFUSED(sys_board_bind(0), STATE);
    REFUSED(sys_board_bind(foreign(PAGE_DATA, 0)), PERM);
    REFUSED(sys_board_bind(data), BUSY);
    REFUSED(sys_board_bind(self()), PERM);
    WORKS(PATIENT(sys_board_bind(board)));
    REFUSED(sys_board_bind(own_free(1)), STATE);
    REFUSED(sys_page_free(board), KIND);
    REFUSED(sys_cap_mint(SLOT_OWN, board, RIGHT_READ), KIND);
    REFUSED(sys_pte_map(0, ARENA, board, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE), KIND);
    REFUSED(sys_pte_map(0, ARENA, board, 1, RIGHT_READ | RIGHT_EXECUTE, CAP_NONE), KIND);
    WORKS(sys_pte_map(0, ARENA, board, 1, RIGHT_READ, CAP_NONE));
    EXPECT(probe_store(ARENA) == CAUSE_STORE);
    EXPECT(probe_load(ARENA) == NO_CAUSE);

    strangers(stranger, unstarted, started);
    static const word_t indices[] = {0, BOARD_ENTRIES, BOARD_ENTRIES + 1, 1ul << 32 | 1, 1ul << 59, 1ul << 63, ~0ul};
    for (size_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++)
        REFUSED(sys_board_join(unstarted, CAP_NONE, indices[i]), RANGE);
    WORKS(sys_board_join(unstarted, CAP_NONE, BOARD_ENTRIES - 1));
    REFUSED(sys_board_join(unstarted, CAP_NONE, 1), STATE);
    const volatile struct board_entry *entry = (const volatile struct board_entry *)ARENA + BOARD_ENTRIES - 1;
    EXPECT(entry->env == unstarted && BOARD_STATE(entry->word) == BOARD_BLOCKED);
    REFUSED(sys_board_bind(0), BUSY);
    child_destroy(unstarted);
    EXPECT(entry->env == 0 && BOARD_STATE(entry->word) == BOARD_NONE);
    REFUSED(sys_board_bind(0), BUSY); // it is mapped
    WORKS(sys_pte_unmap(0, ARENA, 1));
    WORKS(sys_board_bind(0));
}
