// SPDX-License-Identifier: BSD-2-Clause
/*
 * Schedulers that stall. Children that own no slices have only the time that their scheduler donates. One that uses STALL_TURNS
 * turns in a row to their end while such a child is ready, and none of them has run meanwhile, has *stalled*: its creator has the
 * event CHILD and finds the number of its lost turns (ENV_LOST_TURNS). From then on its slices fall back to an order that needs no
 * decision: each turn goes to the next child on its board that has something to do, as if the children stood in the vector one
 * behind another, and once a round to the scheduler. When children run in that turn by its own decision, or it waits, it
 * schedules again.
 *
 * It is found out at the end of a turn, so donations cost nothing for it. Several harts may count for one scheduler at a time;
 * then a turn more or less is lost, and nothing else.
 */
#include "slice.h"

#include "board/board.h"
#include "kernel.h"
#include "machine/machine.h"
#include "page/page.h"
#include "pct/pct.h"
#include "trace/trace.h"

// The child of an entry, if it runs on donated time only.
static struct env *child_of(const struct board_entry *entry)
{
    word_t name = __atomic_load_n(&entry->env, __ATOMIC_RELAXED);
    struct env *child = name != 0 ? env_named(name) : NULL;
    return child != NULL && child->entry == entry && child->slice_harts == 0 ? child : NULL; // it may have left just now
}

// It has something to do, as far as its word says.
static bool entry_has_work(const struct board_entry *entry)
{
    enum board_state state = BOARD_STATE(__atomic_load_n(&entry->word, __ATOMIC_ACQUIRE));
    word_t deadline = __atomic_load_n(&entry->deadline, __ATOMIC_RELAXED);
    return state == BOARD_READY || (state == BOARD_BLOCKED && deadline != 0 && hw_time() >= deadline);
}

// Whoever goes on for a ready child could, and is on no hart.
static bool child_waits(struct env *child)
{
    const struct env *end = pct_chain_end(child);
    return end != NULL && end->state == ENV_READY && __atomic_load_n(&end->claim, __ATOMIC_RELAXED) != CLAIM_TAKEN;
}

// What the children used in all; *waits: one of them is ready, and nobody runs it.
static word_t children_look(const struct board_entry *board, bool *waits)
{
    word_t used = 0;
    *waits = false;
    for (const struct board_entry *entry = board + 1; entry < board + BOARD_ENTRIES; entry++) {
        struct env *child = child_of(entry);
        if (child == NULL)
            continue;
        used += child->ticks;
        if (!*waits && BOARD_STATE(__atomic_load_n(&entry->word, __ATOMIC_RELAXED)) == BOARD_READY)
            *waits = child_waits(child);
    }
    return used;
}

static void stall_end(struct env *scheduler)
{
    scheduler->lost_turns = 0;
    scheduler->stalled = 0;
}

static void stall_begin(struct hart *hart, struct env *scheduler)
{
    trace_event(hart, TRACE_STALL, scheduler, scheduler->lost_turns);
    scheduler->stand_in_next = 1;
    scheduler->stalled = 1;
    struct env *creator = env_named(env_creator(scheduler));
    if (creator != NULL && creator != scheduler)
        env_post(creator, EVENT_BIT(CHILD));
}

void stall_look(struct hart *hart, struct env *owner, bool whole)
{
    page_t board = __atomic_load_n(&owner->board, __ATOMIC_ACQUIRE); // once: another hart may unbind it
    if (board == 0)
        return;
    bool waits;
    word_t used = children_look(page_memory(board), &waits), before = owner->children_used;
    owner->children_used = used;
    if (hart->stands_in)
        return; // what ran then was nobody's decision
    if (!whole || used != before || !waits)
        stall_end(owner);
    else if (owner->lost_turns < ~0u && ++owner->lost_turns == STALL_TURNS)
        stall_begin(hart, owner);
}

// The environment that goes on for an entry's child, if a hart can take it: then it is taken.
static struct env *entry_claim(const struct board_entry *entry)
{
    struct env *child = entry_has_work(entry) ? child_of(entry) : NULL;
    struct env *end = child != NULL ? pct_chain_end(child) : NULL;
    if (end == NULL || end->state != ENV_READY)
        return NULL;
    if (slice_claim(end))
        return end;
    if (board_concerns(end))
        board_settle(end);
    return NULL;
}

struct env *stall_claim(struct env *owner)
{
    page_t page = __atomic_load_n(&owner->board, __ATOMIC_ACQUIRE);
    if (page == 0)
        return NULL;
    const struct board_entry *board = page_memory(page);
    word_t looks = STALL_LOOKS;
    for (word_t index = owner->stand_in_next; index < BOARD_ENTRIES && looks != 0; index++) {
        if (!entry_has_work(&board[index]))
            continue;
        looks--;
        struct env *env = entry_claim(&board[index]);
        owner->stand_in_next = (uint32_t)index + 1;
        if (env != NULL)
            return env;
    }
    if (looks != 0)
        owner->stand_in_next = 1; // the round is over: the scheduler's own turn
    return NULL;
}
