// SPDX-License-Identifier: BSD-2-Clause
/*
 * Boards: what a scheduler knows of the environments that it schedules, its *children*. A board is one page that the
 * kernel writes and the scheduler maps read-only: one entry per child, at the index where the child joined.
 *
 *      NONE --joins--> READY <--has nothing to do / something to do--> BLOCKED
 *                        \--exits, faults, is stopped--> STOPPED       (one that never ran joins as BLOCKED)
 *      any --leaves, is destroyed--> NONE
 *
 * The word of an entry is {number, state}. Each change of state raises the number, for as long as the board exists, also when
 * another child takes the index over; being dispatched, preempted or let go does not. A decision carries the word that it was
 * made by (slice_donate), and is refused with CHANGED when the child has another one by then.
 *
 * A child is READY while the end of its chain of calls has something to do: one that waits for a callee's return goes on
 * through that callee. While a child serves a call behind its gate it runs on its caller's time, and its own word stays as it
 * was when the gate opened. READY is a promise of nothing: another hart may run the child, and then a donation is refused with
 * BUSY. BLOCKED is one: as long as it stands, only the entry's deadline can have given the child something to do.
 *
 * Each change sets the child's bit in SAVE_BOARD_LOW or _HIGH of the scheduler's save area (bit number: the index), and then the
 * event BOARD. Two changes come without the event: who blocks on the time that its scheduler donates, for the donation comes back
 * with that reason; and who goes on because its deadline passed. A scheduler loses none if it clears the event, swaps the bits
 * for 0, and then reads the words:
 *
 *      events_take(EVENT_BOARD)
 *      for each bit of swap(SAVE_BOARD_LOW, 0), swap(SAVE_BOARD_HIGH, 0)
 *          look at the entry
 *      pick; slice_donate(slot, until, EVENT_BOARD, word), or slice_wait(EVENT_BOARD, the earliest deadline of a blocked child)
 *
 * It wakes a child whose deadline has passed by donating to it: nobody else looks at the clock for one without slices.
 *
 * A scheduler may die: its children have the event ORPHANED, and its name in their SAVE_SCHEDULER. Or it may stall: it used
 * STALL_TURNS turns of its slices in a row to their end, while a child without slices was ready, and no such child ran. Then its
 * creator has the event CHILD, ENV_LOST_TURNS of env_info says so, and each turn of its slices goes to the next on the
 * board that has something to do, and once a round to the scheduler. When children run by its decision again, or it gives its
 * turn up before the end, its slices are its own again.
 */
#ifndef RIVET_BOARD_H
#define RIVET_BOARD_H

#include <rivet/types.h>

#define BOARD_ENTRIES    128 // entry 0 is nobody's
#define BOARD_LEVELS_MAX 4   // schedulers whose scheduler has a scheduler ...
#define STALL_TURNS      4   // after so many lost turns in a row a scheduler has stalled

enum board_state {
    BOARD_NONE,    // nobody has the index
    BOARD_READY,   // it has something to do
    BOARD_BLOCKED, // it waits for events, calls or its deadline
    BOARD_STOPPED, // it exited, faulted or was stopped
};

#define BOARD_STATE(word)  ((enum board_state)((word) & 255))
#define BOARD_NUMBER(word) ((word) >> 8)
#define BOARD_STEP         256 // what one change adds

// 32 bytes. The kernel writes the word last.
struct board_entry {
    uint64_t word;
    uint64_t deadline;  // when BLOCKED: the time at which it has something to do in any case, 0: none
    uint64_t ticks;     // time it used, as of when it last left a hart
    uint32_t env;       // the child's name, 0: nobody
    uint32_t lock;      // the kernel's
};

#endif
