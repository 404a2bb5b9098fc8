// SPDX-License-Identifier: BSD-2-Clause
// Scheduler environments; see board.h for what always holds.

#include "board.h"

#include "cap/cap.h"
#include "kernel.h"
#include "page/page.h"
#include "pct/pct.h"
#include "slice/slice.h"

#define DISBAND_TOLD 8 // a piece ends when so many environments were told

_Static_assert(sizeof(struct board_entry) * BOARD_ENTRIES == PAGE_SIZE, "a board is a page");

static struct board_entry *board_entries(const struct env *scheduler) { return page_memory(scheduler->board); }

// A child's entry, locked; NULL when it has none.
static struct board_entry *entry_take(const struct env *child)
{
    struct board_entry *entry;
    while ((entry = __atomic_load_n(&child->entry, __ATOMIC_ACQUIRE)) != NULL) {
        lock_take(&entry->lock);
        if (__atomic_load_n(&child->entry, __ATOMIC_RELAXED) == entry)
            break;
        lock_drop(&entry->lock); // it left meanwhile
    }
    return entry;
}

// From BLOCKED to READY, if `events` has one that the child waits for. The entry that changed, NULL: none.
static struct board_entry *entry_wake(struct env *child, word_t events)
{
    struct board_entry *entry = __atomic_load_n(&child->entry, __ATOMIC_ACQUIRE);
    if (entry == NULL || BOARD_STATE(__atomic_load_n(&entry->word, __ATOMIC_RELAXED)) != BOARD_BLOCKED)
        return NULL;
    entry = entry_take(child);
    if (entry == NULL)
        return NULL;
    bool wakes = BOARD_STATE(entry->word) == BOARD_BLOCKED && (events == ~0ul || child->board_events & events);
    if (wakes)
        entry_set(entry, BOARD_READY);
    lock_drop(&entry->lock);
    return wakes ? entry : NULL;
}

/*
 * The child's scheduler is told that a word changed. If that ends a wait of its own, its scheduler is told, too, and so on:
 * invariant (4) is the bound. How many were.
 */
static word_t board_tell(const struct env *child, const struct board_entry *entry)
{
    word_t told = 0;
    do {
        struct env *scheduler = child->scheduler;
        scheduler_post(scheduler, entry);
        env_rouse(scheduler);
        child = scheduler;
        entry = entry_wake(scheduler, EVENT_BIT(BOARD));
    } while (++told <= BOARD_LEVELS_MAX && entry != NULL);
    return told;
}

static word_t wake_one(struct env *child, word_t events)
{
    const struct board_entry *entry = entry_wake(child, events);
    return entry != NULL ? board_tell(child, entry) : 0;
}

static word_t sooner(word_t one, word_t other) { return one == 0 || (other != 0 && other < one) ? other : one; }

/*
 * Whose time an environment runs on: the one that serves nobody, at the begin of the chain of calls that leads to it. Those
 * between them serve; their words stay. `deadline` falls to the earliest of the calls'.
 */
static struct env *chain_head(struct env *env, word_t *deadline)
{
    word_t caller = pct_caller(env); // once: other harts end calls
    for (int depth = 0; caller != 0 && depth < CHAIN_MAX; depth++) {
        env = env_at(caller);
        *deadline = sooner(*deadline, env->call_deadline);
        caller = pct_caller(env);
    }
    return env;
}

// The environment, and whose time it runs on.
static word_t wake_chain(struct env *env, word_t events)
{
    word_t deadline = 0, told = wake_one(env, events);
    struct env *head = chain_head(env, &deadline);
    return head != env ? told + wake_one(head, events) : told;
}

bool board_agrees(struct env *child, word_t word)
{
    const struct board_entry *entry = __atomic_load_n(&child->entry, __ATOMIC_ACQUIRE);
    return entry != NULL && __atomic_load_n(&entry->word, __ATOMIC_ACQUIRE) == word;
}

word_t board_wake(struct env *env)
{
    word_t pending = __atomic_load_n(env_save(env, SAVE_PENDING), __ATOMIC_RELAXED);
    return pending != 0 ? wake_chain(env, pending) : 0;
}

void board_ready(struct env *env) { wake_chain(env, ~0ul); }

void board_claimed(struct env *env)
{
    word_t deadline = 0;
    struct env *head = chain_head(env, &deadline);
    const struct board_entry *entry = entry_wake(head, ~0ul);
    if (entry != NULL)
        entry_mark(head->scheduler, entry);
}

// The child waits from now on, for these events and this time.
static void block_one(struct env *child, word_t events, word_t deadline)
{
    struct board_entry *entry = entry_take(child);
    if (entry == NULL)
        return;
    bool blocks = BOARD_STATE(entry->word) == BOARD_READY;
    child->board_events = events;
    entry->deadline = deadline;
    if (blocks)
        entry_set(entry, BOARD_BLOCKED);
    lock_drop(&entry->lock);
    if (blocks && donate_is_innermost(hart_self(), child->scheduler))
        entry_mark(child->scheduler, entry); // it learns that at once, as the answer of its donation
    else if (blocks)
        board_tell(child, entry);
}

// An alarm that ends a wait for these events.
static word_t alarm_of(const struct env *env, word_t events) { return events & EVENT_BIT(ALARM) ? env->alarm : 0; }

void board_release(struct env *env, long claim)
{
    board_ticks_show(env);
    if (claim_is_gate(claim)) {
        block_one(env, env->accept_events, alarm_of(env, env->accept_events));
    } else if (env->waiting) {
        word_t end = sooner(env->wait_deadline, alarm_of(env, env->wait_events));
        struct env *head = chain_head(env, &end);
        if (head == env || env->board == 0)
            block_one(head, env->wait_events, end);
    }
    hw_order(); // the words come before the claim
}

void board_settle(struct env *env)
{
    long claim = __atomic_load_n(&env->claim, __ATOMIC_ACQUIRE);
    if (claim != CLAIM_TAKEN &&
        __atomic_compare_exchange_n(&env->claim, &claim, CLAIM_TAKEN, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        slice_release(env, claim);
}

// Off the board. Structure lock held.
static void entry_clear(struct env *child)
{
    struct board_entry *entry = child->entry;
    lock_take(&entry->lock);
    __atomic_store_n(&child->entry, NULL, __ATOMIC_RELEASE);
    entry->env = 0;
    entry->deadline = 0;
    entry->ticks = child->ticks;
    entry_set(entry, BOARD_NONE);
    lock_drop(&entry->lock);
    child->scheduler->children--;
}

static void child_leave(struct env *child)
{
    struct board_entry *entry = child->entry;
    entry_clear(child);
    board_tell(child, entry);
}

void board_halt(struct env *env, bool dies)
{
    struct board_entry *entry = env->entry; // nobody changes that now
    if (entry == NULL)
        return;
    if (dies) {
        child_leave(env);
        return;
    }
    lock_take(&entry->lock);
    entry->ticks = env->ticks;
    entry->deadline = 0;
    entry_set(entry, BOARD_STOPPED);
    lock_drop(&entry->lock);
    board_tell(env, entry);
}

// The child has no scheduler any more. How many environments were told.
static word_t child_orphan(struct env *child)
{
    entry_clear(child);
    __atomic_fetch_or(env_save(child, SAVE_PENDING), EVENT_BIT(ORPHANED), __ATOMIC_SEQ_CST);
    env_rouse(child);
    return 1 + board_wake(child); // those who wait for it, on boards of others
}

bool board_disband(struct env *env)
{
    if (env->children == 0)
        return true;
    word_t told = 0;
    struct board_entry *entries = board_entries(env);
    for (struct board_entry *entry = entries + 1; entry < entries + BOARD_ENTRIES; entry++) {
        word_t child = entry->env;
        if (child == 0)
            continue;
        if (told >= DISBAND_TOLD)
            return false;
        told += child_orphan(env_named(child));
    }
    return true;
}

// ---------------------------------------------------------------- the audit

static bool entry_holds(const struct env *scheduler, const struct board_entry *entry)
{
    const struct env *child = env_named(entry->env);
    if ((entry->env != 0) != (BOARD_STATE(entry->word) != BOARD_NONE)) // (3)
        return false;
    if (entry->env == 0)
        return true;
    if (child == NULL || child->entry != entry || child->scheduler != scheduler) // (2)
        return false;
    if ((child->state >= ENV_EXITED) != (BOARD_STATE(entry->word) == BOARD_STOPPED)) // (3)
        return false;
    return child->board_height < scheduler->board_height && scheduler->board_height <= BOARD_LEVELS_MAX; // (4)
}

static bool board_holds(const struct env *env)
{
    const struct frame *frame = page_frame(env->board);
    if (env->board == 0)
        return env->children == 0;
    if (frame->kind != PAGE_BOARD || frame->owner != env->self || frame->detail != env->self) // (1)
        return false;
    word_t children = 0;
    for (word_t i = 0; i < BOARD_ENTRIES; i++) {
        const struct board_entry *entry = &board_entries(env)[i];
        if (!entry_holds(env, entry))
            return false;
        children += entry->env != 0;
    }
    return children == env->children && board_entries(env)[0].env == 0; // (1)
}

bool board_invariant(void)
{
    for (word_t i = 0; i < pages.count; i++) {
        if (pages.table[i].kind != PAGE_ENV)
            continue;
        const struct env *env = page_env(&pages.table[i]);
        if (!board_holds(env))
            return false;
        if (env->entry != NULL && (env_named(env->entry->env) != env || board_entries(env->scheduler) != env->entry - entry_index(env->entry))) // (2)
            return false;
    }
    return true;
}

// ---------------------------------------------------------------- calls

// The scheduler's frame becomes its board, or is one no longer.
sysret_t sys_board_bind(page_t page)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    if (page == 0) {
        if (self->board == 0)                            return refuse(ERR_STATE);
        if (self->children != 0)                         return refuse(ERR_BUSY);
        if (!page_die_unbound(page_frame(self->board)))  return refuse(ERR_BUSY);
        page_unuse(self->board, true); // another hart may be late with a child that has left
        self->board = 0;
        self->board_height = 0;
        return done(0);
    }
    struct frame *frame = page_frame(page);
    if (frame == NULL || frame->kind == PAGE_NONE)       return refuse(ERR_NOENT);
    if (frame->owner != self->self)                      return refuse(ERR_PERM);
    if (self->board != 0)                                return refuse(ERR_STATE);
    enum error error = page_use(page, self->self, PAGE_BOARD, self->self);
    if (error != ERR_OK)                                 return refuse(error);

    self->lost_turns = self->stalled = 0;
    self->board = page;
    return done(0);
}

// Is `env` above `scheduler`, or it itself? How many schedulers there are from that one up.
static bool is_above(const struct env *env, const struct env *scheduler, word_t *levels)
{
    for (*levels = 1; scheduler != env; ++*levels) {
        if (scheduler->entry == NULL)
            return false;
        scheduler = scheduler->scheduler;
    }
    return true;
}

static void heights_rise(const struct env *child)
{
    for (; child->entry != NULL && child->scheduler->board_height <= child->board_height; child = child->scheduler)
        child->scheduler->board_height = child->board_height + 1;
}

static void child_join(struct env *child, struct env *scheduler, struct board_entry *entry)
{
    child->scheduler = scheduler;
    child->board_events = 0;
    lock_take(&entry->lock);
    __atomic_store_n(&child->entry, entry, __ATOMIC_RELEASE);
    entry->env = (uint32_t)child->self;
    entry->deadline = 0;
    entry->ticks = child->ticks;
    entry_set(entry, child->state == ENV_NEW ? BOARD_BLOCKED : BOARD_READY);
    lock_drop(&entry->lock);
    scheduler->children++;
    *env_save(child, SAVE_SCHEDULER) = scheduler->self;
    heights_rise(child);
    if (scheduler != env_self())
        board_tell(child, entry);
}

sysret_t sys_board_join(env_t name, slot_t slot, word_t index)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    struct env *child = name == 0 ? self : env_named(name);
    enum error error = ERR_OK;
    word_t levels;
    if (child == NULL)                                                          return refuse(ERR_NOENT);
    if (child != self && !env_acts_for_child(self->self, child->self))          return refuse(ERR_PERM);
    struct env *scheduler = slot == CAP_NONE ? self : cap_env(self, slot, RIGHT_SCHEDULE, &error);
    if (scheduler == NULL)                                                      return refuse(error);
    if (index == 0 || index >= BOARD_ENTRIES)                                   return refuse(ERR_RANGE);
    if (child->entry != NULL || scheduler->board == 0)                          return refuse(ERR_STATE);
    if (scheduler->state >= ENV_EXITED || scheduler->stop)                      return refuse(ERR_STATE);
    if (is_above(child, scheduler, &levels))                                    return refuse(ERR_STATE);
    if (board_entries(scheduler)[index].env != 0)                               return refuse(ERR_BUSY);
    if (levels + child->board_height > BOARD_LEVELS_MAX)                        return refuse(ERR_DEPTH);

    child_join(child, scheduler, &board_entries(scheduler)[index]);
    return done(0);
}

sysret_t sys_board_leave(env_t name)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    struct env *child = name == 0 ? self : env_named(name);
    if (child == NULL)                                                          return refuse(ERR_NOENT);
    bool scheduled = child->entry != NULL && child->scheduler == self;
    if (child != self && !scheduled && !env_acts_for_child(self->self, child->self)) return refuse(ERR_PERM);
    if (child->entry == NULL)                                                   return refuse(ERR_STATE);

    if (scheduled)
        child_orphan(child);
    else
        child_leave(child);
    return done(0);
}
