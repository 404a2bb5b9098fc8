// SPDX-License-Identifier: BSD-2-Clause
/*
 * board: what schedulers see of the environments they schedule; rivet/board.h has the page and its states.
 *
 * A child's place is `env.entry`. Who stands where changes under the structure lock; what an entry says changes under the
 * entry's own lock, the innermost of all, in which `env.entry` is looked at again: whoever comes late finds the child gone.
 * A board becomes free by quiescence, so a hart that came late writes nothing into a frame of somebody else's.
 *
 * No wake-up is lost. Whoever posts an event:            The hart that lets a child go:
 *      1. sets the bit in `pending`                           1. BLOCKED in its word, and its mask (board_release)
 *      2. fence (env_wake)                                    2. its claim, then a fence (slice_release)
 *      3. looks at the word, and at the mask: READY           3. looks at `pending`: READY (board_wake)
 * One of both sees what the other stored. The scheduler's own wait for the event BOARD is the same once more, with the word
 * stored before the event.
 *
 * BLOCKED that is not true any more would be a child forgotten; READY that is not is a donation refused, after which board_settle
 * puts it right. So everything that may have given a child something to do says READY, and only a hart that lets it go while
 * it waits says BLOCKED. Where the end of a chain of calls waits, that goes for the chain's head, which serves nobody, unless the end
 * has a board itself: a scheduler that waits while it serves a call leaves the head READY. Those between them serve: what was said
 * when their gates opened stays.
 *
 * Invariants
 *   (1) `board` is 0, or a frame of kind BOARD that the environment owns and that names it. `children` counts its entries in use.
 *   (2) An entry is in use exactly if the child that it names has it as `entry` and the board's owner as `scheduler`.
 *   (3) A word is NONE exactly if the entry is not in use, and STOPPED exactly if the child is.
 *   (4) No environment is above itself, and none has more than BOARD_LEVELS_MAX schedulers above it: `board_height` is at least
 *       that of each child, and 1 more. So one event tells a bounded number of schedulers.
 */
#ifndef KERNEL_BOARD_H
#define KERNEL_BOARD_H

#include "env/env.h"
#include "lock.h"
#include <rivet/board.h>

// Is there a word that changes when `env` goes on or waits? One look for those who have no scheduler.
static inline bool board_concerns(const struct env *env)
{
    return __builtin_expect(env->entry != NULL || env->caller != 0, 0);
}

// The word by which a decision about a child was made is still true.
bool board_agrees(struct env *child, word_t word);
// Events were posted to it: READY is who waits for them. How many environments were told.
word_t board_wake(struct env *env);
// It has something to do, whatever it waited for; its scheduler is told.
void board_ready(struct env *env);
// A hart took it although it waited: for the same reason, but whoever reads the clock knows.
void board_claimed(struct env *env);
// It leaves its hart, and the claim it is about to have is this one.
void board_release(struct env *env, long claim);
// A child that was READY could not be run: if it waits all the same, its word says so from now on.
void board_settle(struct env *env);
// It stopped, or (`dies`) is being destroyed. Structure lock held.
void board_halt(struct env *env, bool dies);
// Its children lose their scheduler, a piece a call; true when none is left. Structure lock held.
bool board_disband(struct env *env);

bool board_invariant(void);

// ---------------------------------------------------------------- in line, for the shortest ways (slice/plain.c)

static inline word_t entry_index(const struct board_entry *entry) { return (word_t)entry % PAGE_SIZE / sizeof(*entry); }

static inline void entry_set(struct board_entry *entry, enum board_state state)
{
    word_t word = (entry->word & ~255ul) + BOARD_STEP + state;
    __atomic_store_n(&entry->word, word, __ATOMIC_SEQ_CST);
}

// The child's bit: a word changed.
static inline void entry_mark(const struct env *scheduler, const struct board_entry *entry)
{
    word_t index = entry_index(entry);
    __atomic_fetch_or(env_save(scheduler, index < 64 ? SAVE_BOARD_LOW : SAVE_BOARD_HIGH), 1ul << index % 64, __ATOMIC_RELEASE);
}

// ... and it has the event.
static inline void scheduler_post(const struct env *scheduler, const struct board_entry *entry)
{
    entry_mark(scheduler, entry);
    __atomic_fetch_or(env_save(scheduler, SAVE_PENDING), EVENT_BIT(BOARD), __ATOMIC_SEQ_CST);
}

// What it used is shown, also when nothing changes.
static inline void board_ticks_show(const struct env *env)
{
    struct board_entry *entry = __atomic_load_n(&env->entry, __ATOMIC_RELAXED);
    if (entry == NULL)
        return;
    lock_take(&entry->lock);
    if (env->entry == entry) // it may have left meanwhile
        entry->ticks = env->ticks;
    lock_drop(&entry->lock);
}

/*
 * As board_wake, for one event and a child of `scheduler`, which has the event BOARD then and is not to be told. False: nothing is
 * done, the child does not wait for it, or has another scheduler by now.
 */
static inline bool board_wake_plain(const struct env *env, const struct env *scheduler, word_t events)
{
    struct board_entry *entry = __atomic_load_n(&env->entry, __ATOMIC_ACQUIRE);
    if (entry == NULL)
        return false;
    lock_take(&entry->lock);
    bool waits = BOARD_STATE(entry->word) == BOARD_BLOCKED && env->board_events & events;
    bool wakes = waits && env->entry == entry && env->scheduler == scheduler;
    if (wakes)
        entry_set(entry, BOARD_READY);
    lock_drop(&entry->lock);
    if (wakes)
        scheduler_post(scheduler, entry);
    return wakes;
}

#endif
