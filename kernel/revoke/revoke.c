// SPDX-License-Identifier: BSD-2-Clause
// Requests and aborts; see revoke.h for what always holds.

#include "revoke.h"

#include "cap/cap.h"
#include "irq/irq.h"
#include "kernel.h"
#include "pct/pct.h"
#include "pte/pte.h"
#include "slice/slice.h"

/*
 * What one piece of an abort may cost, and what its parts cost at most, in instructions. Measured as abort_piece_max.
 */
#define PIECE        4000
#define COST_LOOK    5    // at a frame of the run that is taken already
#define COST_FREE    120
#define COST_DATA    280
#define COST_BINDING 55
#define COST_SAVE    1250
#define COST_RUN     3700
#define PIECE_FRAMES 32   // that one piece takes at most

// ---------------------------------------------------------------- the request

static struct env *requester_tagged(word_t tag)
{
    struct env *by = tag != 0 ? env_named((uint32_t)tag) : NULL;
    return by != NULL && by->tag == tag && by->state < ENV_EXITED ? by : NULL;
}

static struct env *requester(const struct env *victim) { return requester_tagged(victim->revoke_by); }

static void request_show(struct env *victim)
{
    *env_save(victim, SAVE_REVOKE_KIND) = victim->revoke_kind;
    *env_save(victim, SAVE_REVOKE_LEFT) = victim->revoke_left;
    *env_save(victim, SAVE_REVOKE_DEADLINE) = victim->revoke_deadline;
}

static void request_set(struct env *victim, word_t by, word_t kind, word_t left, word_t deadline)
{
    victim->revoke_kind = kind;
    victim->revoke_left = left;
    victim->revoke_deadline = deadline;
    victim->revoke_page = 0;
    *env_save(victim, SAVE_REVOKE_BY) = (uint32_t)by;
    request_show(victim);
    __atomic_store_n(&victim->revoke_by, by, __ATOMIC_RELEASE); // last: from 0 on the trap path may write another
}

static void request_count(struct env *victim, word_t count)
{
    victim->revoke_left -= count;
    if (victim->revoke_left == 0)
        request_set(victim, 0, 0, 0, 0);
    else
        request_show(victim);
}

// Frames answer both kinds of request that are counted in frames.
static bool kind_answers(enum revoke_kind given, word_t wanted)
{
    return given == wanted || (given == REVOKE_FRAMES && wanted == REVOKE_TABLES);
}

bool revoke_opens(const struct env *giver, env_t to, enum revoke_kind kind, word_t count)
{
    const struct env *by = requester(giver);
    return by != NULL && by->self == to && kind_answers(kind, giver->revoke_kind) && count <= giver->revoke_left;
}

void revoke_given(struct env *giver, env_t to, enum revoke_kind kind, word_t count)
{
    const struct env *by = requester(giver);
    if (by != NULL && by->self == to && kind_answers(kind, giver->revoke_kind))
        request_count(giver, count < giver->revoke_left ? count : giver->revoke_left);
}

bool revoke_holds(const struct frame *frame)
{
    struct env *owner = env_named(frame->owner);
    if (owner->revoke_page != page_name(frame))
        return false;
    if (requester(owner) != NULL)
        return true;
    owner->revoke_page = 0; // nobody goes on: the frame is its owner's as before
    return false;
}

void revoke_leave(struct env *env)
{
    request_set(env, 0, 0, 0, 0);
    env->vector = 0;
}

// ---------------------------------------------------------------- losses

/*
 * One piece of an abort. What the victim can write is read at its begin, once; what it is told is written at its end.
 */
struct piece {
    struct env *victim, *to;
    word_t budget;
    word_t taken;                // how many of what was asked for
    word_t lost;                 // losses: a joined run, or a table with its twin, is one
    struct repossession *vector; // NULL: none
    uint32_t head, tail, missed;
    struct shootdown shootdown;
    uint32_t backing[PIECE_FRAMES];
};

// Field by field: all of it would be a few hundred bytes to clear.
static void piece_begin(struct piece *piece, struct env *victim, struct env *to)
{
    piece->victim = victim;
    piece->to = to;
    piece->budget = PIECE;
    piece->taken = piece->lost = 0;
    piece->head = (uint32_t)victim->vector_head;
    piece->tail = piece->missed = 0;
    piece->shootdown = (struct shootdown){0};
    piece->vector = victim->vector != 0 ? page_memory(victim->vector) : NULL;
    if (piece->vector != NULL)
        piece->tail = __atomic_load_n(&piece->vector->tail, __ATOMIC_RELAXED);
}

static void piece_end(const struct piece *piece)
{
    struct env *victim = piece->victim;
    if (piece->lost == 0)
        return;
    victim->lost += piece->lost;
    *env_save(victim, SAVE_LOST) = victim->lost;
    if (piece->vector != NULL) {
        victim->vector_head = piece->head;
        piece->vector->missed += piece->missed;
        __atomic_store_n(&piece->vector->head, piece->head, __ATOMIC_RELEASE);
    }
    request_count(victim, piece->taken);
    env_post(victim, EVENT_BIT(REPOSSESSED));
}

// The vector's entry for the loss after `before` others, NULL when there is none or all are in use.
static struct loss *loss_next(const struct piece *piece, word_t before)
{
    uint32_t number = piece->head + (uint32_t)before;
    bool room = piece->vector != NULL && number - piece->tail < LOSSES_MAX;
    return room ? &piece->vector->losses[number % LOSSES_MAX] : NULL;
}

static void loss_record(struct piece *piece, word_t name, enum revoke_kind kind, word_t count, page_t saved_in)
{
    struct loss *loss = loss_next(piece, 0);
    piece->lost++;
    piece->taken += count;
    if (loss == NULL) {
        piece->missed++;
        return;
    }
    loss->name = (uint32_t)name;
    loss->kind = (uint8_t)kind;
    loss->saved = saved_in != 0;
    loss->count = (uint16_t)count;
    if (saved_in != 0)
        loss->backing = (uint32_t)saved_in;
    loss->by = (uint32_t)piece->to->self;
    piece->head++;
}

/*
 * The contents of a frame that is about to go, into the backing frame of its loss. That is the victim's own data, bound
 * or not: whoever can see it now was let in by the victim. Its lock is held so that it stays what it is.
 */
static bool contents_save(const struct env *victim, page_t backing, page_t page)
{
    struct frame *frame = backing != page ? page_frame(backing) : NULL;
    if (frame == NULL)
        return false;
    page_lock(frame);
    bool fits = frame->kind == PAGE_DATA && frame->owner == victim->self && !page_is_joined(frame) && !(frame->flags & PAGE_DYING);
    if (fits)
        page_copy(backing, page);
    page_unlock(frame);
    return fits;
}

// ---------------------------------------------------------------- aborts

// Why a frame cannot be taken from the victim; ERR_OK when it can.
static enum error frame_takeable(const struct frame *frame, const struct env *victim)
{
    if (frame == NULL || frame->kind == PAGE_NONE)             return ERR_NOENT;
    if (frame->owner != victim->self)                          return ERR_PERM;
    if (frame->flags & PAGE_GUARANTEED)                        return ERR_PERM;
    if (frame->kind != PAGE_DATA && frame->kind != PAGE_FREE)  return ERR_KIND;
    return ERR_OK;
}

// Nothing new can bind the frame, and its capabilities are dead; how many bindings there are.
static word_t frame_hold(struct frame *frame)
{
    page_lock(frame);
    word_t bindings = frame->bindings;
    if (frame->kind == PAGE_DATA && !(frame->flags & PAGE_DYING)) { // free, another hart may have made it data just now
        frame->flags |= PAGE_DYING;
        frame->epoch++;
    }
    page_unlock(frame);
    return bindings;
}

static bool spend(struct piece *piece, word_t cost)
{
    if (piece->budget < cost)
        return false;
    piece->budget -= cost;
    return true;
}

/*
 * Looks at the next frame of a run and, when it is data, holds it and breaks what binds it; the fence comes for all of them
 * together. What the rest costs is paid for here, too. Not OK: why the piece ends in front of it.
 */
static enum error frame_prepare(struct piece *piece, struct frame *frame, page_t page, word_t before, word_t most)
{
    enum error error = frame_takeable(frame, piece->victim);
    bool joined = error == ERR_OK && page_is_joined(frame);
    if (error != ERR_OK)
        return error;
    if (joined && most < SUPER_PAGES)
        return ERR_KIND; // it goes whole
    if (before == PIECE_FRAMES || (joined && before > 0) || !spend(piece, frame->kind == PAGE_FREE ? COST_FREE : COST_DATA))
        return ERR_AGAIN;
    if (frame->kind == PAGE_FREE)
        return ERR_OK; // another hart may make it data yet: page_take sees

    word_t bindings = frame_hold(frame), cost = bindings * COST_BINDING;
    const struct loss *loss = joined ? NULL : loss_next(piece, before);
    piece->backing[before] = loss != NULL ? __atomic_load_n(&loss->backing, __ATOMIC_RELAXED) : 0; // once
    if (bindings != 0) {
        piece->shootdown.budget = (long)((cost < piece->budget ? cost : piece->budget) / COST_BINDING);
        piece->budget -= (word_t)piece->shootdown.budget * COST_BINDING;
        if (piece->shootdown.budget == 0 || !pte_break_into(frame, &piece->shootdown))
            error = ERR_AGAIN;
    }
    if (error == ERR_OK && !spend(piece, joined ? COST_RUN : piece->backing[before] != 0 ? COST_SAVE : 0))
        error = ERR_AGAIN;
    if (error != ERR_OK)
        piece->victim->revoke_page = page; // the next piece goes on
    return error;
}

// The frame, or the joined run, is free and the requester's. False: it was free, and became something else just now.
static bool frame_take(struct piece *piece, struct frame *frame, page_t page, word_t number)
{
    page_t backing = frame->kind == PAGE_FREE ? 0 : piece->backing[number];
    page_t saved_in = backing != 0 && contents_save(piece->victim, backing, page) ? backing : 0;
    word_t count = page_is_joined(frame) ? SUPER_PAGES : 1;
    if (!page_take(frame, piece->to->self))
        return false;
    loss_record(piece, page, REVOKE_FRAMES, count, saved_in);
    return true;
}

// How many frames at the begin of a run are somebody's.
static word_t run_owned(page_t first, word_t count, env_t owner)
{
    word_t number = first - pages.first, i = 0;
    if (number >= pages.count)
        return 0;
    count = count < pages.count - number ? count : pages.count - number;
    while (i < count && pages.table[number + i].owner == owner)
        i++;
    return i;
}

static sysret_t abort_frames(struct env *victim, struct env *self, page_t first, word_t count)
{
    word_t before = run_owned(first, count, self->self); // by former pieces
    if (count - before > victim->revoke_left) return refuse(ERR_RANGE);

    enum error error = ERR_OK;
    struct piece piece;
    piece_begin(&piece, victim, self);
    word_t ready = 0, left = count - before;
    piece.budget -= before * COST_LOOK;
    first += before;
    victim->revoke_page = 0;
    for (word_t size = 0; ready < left && error == ERR_OK; ready += size) {
        struct frame *frame = page_frame(first + ready);
        error = frame_prepare(&piece, frame, first + ready, ready, left - ready);
        size = error != ERR_OK ? 0 : page_is_joined(frame) ? SUPER_PAGES : 1;
    }
    shootdown_send(&piece.shootdown); // from here on nobody reaches what was held
    for (word_t i = 0; piece.taken < ready; i++)
        if (!frame_take(&piece, page_frame(first + i), first + i, i)) {
            error = ERR_AGAIN;
            break;
        }
    piece_end(&piece);
    if (piece.taken == left)
        return done(count);
    return error == ERR_AGAIN || piece.taken != 0 ? again(before + piece.taken) : refuse(error);
}

static sysret_t abort_table(struct env *victim, struct env *self, page_t page)
{
    struct frame *frame = page_frame(page);
    if (frame == NULL || frame->kind == PAGE_NONE)              return refuse(ERR_NOENT);
    if (frame->owner != victim->self)                           return refuse(ERR_PERM);
    if (frame->kind != PAGE_TABLE)                              return refuse(ERR_KIND);
    page_t twin = detail_partner(frame->detail);
    bool both = twin != 0 && page_frame(twin)->owner == victim->self;
    if (frame->flags & PAGE_GUARANTEED)                         return refuse(ERR_PERM);
    if (both && page_frame(twin)->flags & PAGE_GUARANTEED)      return refuse(ERR_PERM);
    if ((both ? 2 : 1) > victim->revoke_left)                   return refuse(ERR_RANGE);

    enum error error = pte_take(page, victim->self, self->self);
    if (error == ERR_AGAIN)                                     return again(0);
    if (error != ERR_OK)                                        return refuse(error);
    struct piece piece;
    piece_begin(&piece, victim, self);
    loss_record(&piece, page, REVOKE_TABLES, both ? 2 : 1, 0);
    piece_end(&piece);
    return done(both ? 2 : 1);
}

static sysret_t abort_one(struct env *victim, struct env *self, enum revoke_kind kind, word_t name)
{
    enum error error = kind == REVOKE_SLICES ? slice_take(name >> 8, name & 255, victim, self) : irq_take(name, victim, self);
    if (error != ERR_OK)
        return refuse(error);
    struct piece piece;
    piece_begin(&piece, victim, self);
    loss_record(&piece, name, kind, 1, 0);
    piece_end(&piece);
    return done(1);
}

// ---------------------------------------------------------------- the audit

static word_t frame_weight(const struct frame *frame) { return page_is_joined(frame) ? SUPER_PAGES : 1; }

bool revoke_invariant(void)
{
    for (word_t i = 0; i < pages.count; i++)
        if (pages.table[i].kind == PAGE_ENV)
            page_env(&pages.table[i])->audit_marks = 0;
    for (word_t i = 0; i < pages.count; i++)
        if (pages.table[i].kind != PAGE_NONE && pages.table[i].flags & PAGE_GUARANTEED)
            env_named(pages.table[i].owner)->audit_marks += frame_weight(&pages.table[i]);
    for (word_t i = 0; i < pages.count; i++) {
        if (pages.table[i].kind != PAGE_ENV)
            continue;
        const struct env *env = page_env(&pages.table[i]);
        if ((env->revoke_by != 0) != (env->revoke_left != 0) || env->revoke_kind >= REVOKE_KINDS) // (1)
            return false;
        if (env->state != ENV_DYING && (env->audit_marks != env->guaranteed || env->guaranteed > env->guaranteed_max)) // (2)
            return false;
        const struct frame *vector = page_frame(env->vector);
        if (env->vector != 0 && (vector->kind != PAGE_RING || vector->owner != env->self || vector->detail != env->self)) // (3)
            return false;
        const struct frame *held = page_frame(env->revoke_page);
        if (env->revoke_page != 0 && held->owner == env->self && held->kind == PAGE_DATA && !(held->flags & PAGE_DYING)) // (4)
            return false;
    }
    return true;
}

// ---------------------------------------------------------------- calls

/*
 * The victim runs on what is left of this slice, when a hart may take it: the time until the deadline is its own. It is
 * off the structure lock's hands; a record does not go while this hart is in the kernel.
 */
static sysret_t request_donate(struct env *victim)
{
    struct env *self = env_self();
    struct env *end = pct_chain_end(victim);
    if (end == NULL || end->state != ENV_READY || !slice_claim(end)) {
        env_wake(victim);
        return done(0);
    }
    slice_leave(self, ERR_OK, victim->revoke_deadline);
    slice_release(self, CLAIM_STOPPED);
    slice_run(end);
}

// Under the structure lock: the request stands, or the reason why not.
static enum error request_make(slot_t slot, word_t kind, word_t count, word_t deadline, struct env **victim)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    enum error error;
    struct env *env = cap_env(self, slot, RIGHT_REVOKE, &error);
    if (env == NULL)                                    return error;
    if (kind >= REVOKE_KINDS)                           return ERR_RANGE;
    if (env == self)                                    return ERR_STATE;
    *victim = NULL;
    if (count == 0) {
        if (env->revoke_by != self->tag)                return ERR_STATE;
        request_set(env, 0, 0, 0, 0);
        return ERR_OK;
    }
    word_t by = __atomic_load_n(&env->revoke_by, __ATOMIC_RELAXED);
    if (requester_tagged(by) != NULL)                   return ERR_BUSY;
    if (hw_time() >= deadline)                          return ERR_DEADLINE;
    // The trap path writes requests without the lock, where it finds none.
    if (!__atomic_compare_exchange_n(&env->revoke_by, &by, self->tag, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return ERR_BUSY;

    request_set(env, self->tag, kind, count, deadline);
    __atomic_fetch_or(env_save(env, SAVE_PENDING), EVENT_BIT(REVOKE), __ATOMIC_SEQ_CST);
    *victim = env;
    return ERR_OK;
}

sysret_t sys_revoke_request(slot_t slot, word_t kind, size_t count, word_t deadline)
{
    struct env *victim = NULL;
    enum error error = request_make(slot, kind, count, deadline, &victim);
    if (error != ERR_OK)
        return refuse(error);
    return victim != NULL ? request_donate(victim) : done(0);
}

sysret_t sys_revoke_abort(slot_t slot, word_t kind, word_t name, size_t count)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    enum error error;
    struct env *victim = cap_env(self, slot, RIGHT_REVOKE, &error);
    if (victim == NULL)                                                       return refuse(error);
    if (kind >= REVOKE_KINDS)                                                 return refuse(ERR_RANGE);
    if (count == 0 || count > (kind == REVOKE_FRAMES ? REVOKE_COUNT_MAX : 1)) return refuse(ERR_RANGE);
    if (victim->revoke_by != self->tag || victim->revoke_kind != kind)        return refuse(ERR_STATE);
    if (hw_time() < victim->revoke_deadline)                                  return refuse(ERR_EARLY);

    switch (kind) {
    case REVOKE_FRAMES: return abort_frames(victim, self, name, count);
    case REVOKE_TABLES: return abort_table(victim, self, name);
    default:            return abort_one(victim, self, kind, name);
    }
}

sysret_t sys_revoke_guarantee(page_t page, word_t on)
{
    STRUCTURE_LOCKED();
    struct frame *frame = page_frame(page);
    if (frame == NULL || frame->kind == PAGE_NONE)                    return refuse(ERR_NOENT);
    if (!env_acts_for(env_self()->self, frame->owner))                return refuse(ERR_PERM);
    if (frame->kind == PAGE_DEVICE || frame->kind == PAGE_PART)       return refuse(ERR_KIND);
    if (on > 1)                                                       return refuse(ERR_RANGE);
    struct env *owner = env_named(frame->owner);
    bool marked = frame->flags & PAGE_GUARANTEED;
    if (on && !marked && owner->guaranteed_max - owner->guaranteed < frame_weight(frame)) return refuse(ERR_FULL);

    page_lock(frame);
    word_t weight = frame_weight(frame);
    if (on && !marked) {
        frame->flags |= PAGE_GUARANTEED;
        owner->guaranteed += weight;
    } else if (!on) {
        page_mark_end(frame);
    }
    page_unlock(frame);
    return done(0);
}

sysret_t sys_revoke_vector(page_t page)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    if (page == 0) {
        if (self->vector == 0)                            return refuse(ERR_STATE);
        if (!page_die_unbound(page_frame(self->vector)))  return refuse(ERR_BUSY);
        page_unuse(self->vector, false);
        self->vector = 0;
        return done(0);
    }
    struct frame *frame = page_frame(page);
    if (frame == NULL || frame->kind == PAGE_NONE)        return refuse(ERR_NOENT);
    if (frame->owner != self->self)                       return refuse(ERR_PERM);
    if (self->vector != 0)                                return refuse(ERR_STATE);
    enum error error = page_use(page, self->self, PAGE_RING, self->self);
    if (error != ERR_OK)                                  return refuse(error);

    self->vector = page;
    self->vector_head = 0;
    return done(0);
}
