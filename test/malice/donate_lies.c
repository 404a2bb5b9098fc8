// SPDX-License-Identifier: BSD-2-Clause
/*
 * A scheduler whose decisions are made up: by the number of another child, of a state that is no longer, of no state at all, about
 * one that waits, one that is dead, one that is none of its children. Then it dies, with its board full of lies.
 */
#include "attack.h"

#include <rivet/board.h>

enum { SLEEPS = 1, RUNS, ENDS }; // places on the board, and slots from SLOT_OWN on

static const volatile struct board_entry *entries = (const volatile struct board_entry *)ARENA;

static word_t word(word_t index) { return entries[index].word; }

// On a slow host a slice may be over before it began: then once more.
static long donate(slot_t slot, word_t events, word_t number)
{
    long error;
    while ((error = sys_slice_donate(slot, ~0ul, events, number).error) == ERR_DEADLINE)
        sys_slice_yield();
    return error;
}

static void child_join(word_t index, void (*entry)(void))
{
    env_t child = child_make(entry, 0);
    WORKS(sys_board_join(child, CAP_NONE, index));
    WORKS(sys_cap_mint(SLOT_OWN + index, child, RIGHT_YIELD));
    child_start(child);
}

static void state_wait(word_t index, enum board_state state)
{
    while (BOARD_STATE(word(index)) != state)
        (void)sys_slice_donate(SLOT_OWN + index, ~0ul, 0, 0), sys_slice_yield();
}

void attack(void)
{
    page_t board = own_free(1);
    WORKS(PATIENT(sys_board_bind(board)));
    tables_make(ARENA);
    WORKS(sys_pte_map(0, ARENA, board, 1, RIGHT_READ, CAP_NONE));
    child_join(SLEEPS, child_accept);
    child_join(RUNS, child_spin);
    child_join(ENDS, child_exit);
    state_wait(SLEEPS, BOARD_BLOCKED);
    state_wait(ENDS, BOARD_STOPPED);

    for (word_t lie = 1; lie != 0; lie <<= 1)
        EXPECT(donate(SLOT_OWN + RUNS, 0, word(RUNS) ^ lie) == ERR_CHANGED);
    EXPECT(donate(SLOT_OWN + RUNS, 0, word(SLEEPS)) == ERR_CHANGED);
    EXPECT(donate(SLOT_OWN + SLEEPS, 0, word(RUNS)) == ERR_CHANGED);
    EXPECT(donate(SLOT_OWN + SLEEPS, 0, (word(SLEEPS) & ~255ul) | BOARD_READY) == ERR_CHANGED);
    EXPECT(donate(SLOT_OWN + SLEEPS, 0, word(SLEEPS)) == ERR_BUSY); // true, and of no use
    EXPECT(donate(SLOT_OWN + ENDS, 0, word(ENDS)) == ERR_STATE);
    EXPECT(donate(SLOT_WITNESS, 0, word(RUNS)) == ERR_CHANGED);
    EXPECT(donate(SLOT_OWN, 0, word(RUNS)) == ERR_STALE);
    REFUSED(sys_slice_donate(SLOT_OWN + RUNS, 1, 0, word(RUNS)), DEADLINE);
    SAVE_WORD(SAVE_PENDING) = ~0ul;
    EXPECT(donate(SLOT_OWN + RUNS, EVENT_BIT(BOARD), word(RUNS)) == ERR_PENDING);
    SAVE_WORD(SAVE_BOARD_LOW) = SAVE_WORD(SAVE_BOARD_HIGH) = ~0ul;
    EXPECT(probe_store(ARENA + sizeof(struct board_entry)) == CAUSE_STORE);
}
