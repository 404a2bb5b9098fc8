// SPDX-License-Identifier: BSD-2-Clause
/*
 * A scheduler that runs children on its own time, of whom half wait, and half wake those as fast as they can: each event ends the
 * donation. They do the same on slices of their own, on every hart.
 */
#include "attack.h"

#include <rivet/board.h>

#define PAIRS 6

static const volatile struct board_entry *entries = (const volatile struct board_entry *)ARENA;

// Places 2i + 1 and 2i + 2: who waits, and who notifies it.
static void pair_make(word_t i)
{
    env_t waits = child_make(child_listen, ARENA + (1 + i) * PAGE_SIZE), notifies = child_make(child_notify, 0);
    map(ARENA + (1 + i) * PAGE_SIZE, waits + 1);
    WORKS(sys_board_join(waits, CAP_NONE, 2 * i + 1));
    WORKS(sys_board_join(notifies, CAP_NONE, 2 * i + 2));
    WORKS(sys_cap_mint(SLOT_OWN + 2 * i + 1, waits, RIGHT_YIELD | RIGHT_NOTIFY));
    WORKS(sys_cap_mint(SLOT_OWN + 2 * i + 2, notifies, RIGHT_YIELD));
    WORKS(sys_cap_grant(SLOT_OWN + 2 * i + 1, notifies, SLOT_OWN, RIGHT_NOTIFY));
    child_start(waits);
    child_start(notifies);
}

void attack(void)
{
    page_t board = own_free(1);
    WORKS(PATIENT(sys_board_bind(board)));
    tables_make(ARENA);
    WORKS(sys_pte_map(0, ARENA, board, 1, RIGHT_READ, CAP_NONE));
    for (word_t i = 0; i < PAIRS; i++)
        pair_make(i);
    for (word_t i = 0;; i++) {
        word_t index = 1 + i % (2 * PAIRS);
        if (i % 64 == 0)
            sys_slice_yield(); // others, too, on this hart
        SAVE_WORD(SAVE_PENDING) = 0;
        sysret_t answer = sys_slice_donate(SLOT_OWN + index, time_now() + 500, i % 5 ? EVENT_BIT(BOARD) : 0, entries[index].word);
        if (answer.error == ERR_OK && answer.value == DONATE_EVENT)
            EXPECT(SAVE_WORD(SAVE_PENDING) & EVENT_BIT(BOARD));
    }
}
