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
#define PIECE        3600
#define COST_LOOK    6    // at a frame of the run that is taken already
#define COST_FRAME   120
#define COST_BINDING 200
#define COST_SAVE    1200
#define COST_RUN     PIECE // a joined run takes a piece of its own

// ---------------------------------------------------------------- the request

static struct env *requester(const struct env *victim)
{
    if (victim->revoke_by == 0)
        return NULL;
    struct env *by = env_named((uint32_t)victim->revoke_by);
    return by != NULL && by->tag == victim->revoke_by && by->state < ENV_EXITED ? by : NULL;
}

static void request_show(struct env *victim)
{
    *env_save(victim, SAVE_REVOKE_KIND) = victim->revoke_kind;
    *env_save(victim, SAVE_REVOKE_LEFT) = victim->revoke_left;
    *env_save(victim, SAVE_REVOKE_DEADLINE) = victim->revoke_deadline;
    *env_save(victim, SAVE_REVOKE_BY) = (uint32_t)victim->revoke_by;
}

static void request_set(struct env *victim, word_t by, word_t kind, word_t left, word_t deadline)
{
    victim->revoke_by = by;
    victim->revoke_kind = kind;
    victim->revoke_left = left;
    victim->revoke_deadline = deadline;
    victim->revoke_page = 0;
    request_show(victim);
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
    const struct env *owner = env_named(frame->owner);
    return owner->revoke_page == page_name(frame) && requester(owner) != NULL;
}

void revoke_leave(struct env *env)
{
    request_set(env, 0, 0, 0, 0);
    env->vector = 0;
}

// ---------------------------------------------------------------- losses

// The vector's next entry, NULL when there is none or all are in use.
static struct loss *loss_next(const struct env *victim)
{
    if (victim->vector == 0)
        return NULL;
    struct repossession *vector = page_memory(victim->vector);
    uint32_t tail = __atomic_load_n(&vector->tail, __ATOMIC_RELAXED); // once: the victim may change it meanwhile
    return (uint32_t)victim->vector_head - tail < LOSSES_MAX ? &vector->losses[victim->vector_head % LOSSES_MAX] : NULL;
}

static void loss_record(struct env *victim, word_t name, enum revoke_kind kind, word_t count, page_t saved_in)
{
    victim->lost++;
    *env_save(victim, SAVE_LOST) = victim->lost;
    struct loss *loss = loss_next(victim);
    if (loss == NULL) {
        if (victim->vector != 0)
            ((struct repossession *)page_memory(victim->vector))->missed++;
        return;
    }
    loss->name = (uint32_t)name;
    loss->kind = (uint8_t)kind;
    loss->saved = saved_in != 0;
    loss->count = (uint16_t)count;
    if (saved_in != 0)
        loss->backing = (uint32_t)saved_in;
    loss->by = (uint32_t)victim->revoke_by;
    victim->vector_head++;
    __atomic_store_n(&((struct repossession *)page_memory(victim->vector))->head, (uint32_t)victim->vector_head, __ATOMIC_RELEASE);
}

/*
 * The contents of a frame that is about to go, into the backing frame of the next loss. It is the victim's own data,
 * bound or not: whoever can see it now was let in by the victim. Its lock is held so that it stays what it is.
 */
static page_t contents_save(const struct env *victim, page_t page)
{
    struct loss *loss = loss_next(victim);
    if (loss == NULL)
        return 0;
    page_t backing = __atomic_load_n(&loss->backing, __ATOMIC_RELAXED); // once
    struct frame *frame = backing != 0 && backing != page ? page_frame(backing) : NULL;
    if (frame == NULL)
        return 0;
    page_lock(frame);
    bool fits = frame->kind == PAGE_DATA && frame->owner == victim->self && !page_is_joined(frame) && !(frame->flags & PAGE_DYING);
    if (fits)
        page_copy(backing, page);
    page_unlock(frame);
    return fits ? backing : 0;
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

// Nothing new can bind the frame, and its capabilities are dead; false when it is no data any more.
static bool frame_hold(struct env *victim, struct frame *frame)
{
    page_lock(frame);
    bool data = frame->kind == PAGE_DATA;
    if (data && !(frame->flags & PAGE_DYING)) {
        frame->flags |= PAGE_DYING;
        frame->epoch++;
    }
    page_unlock(frame);
    victim->revoke_page = data ? page_name(frame) : 0;
    return data;
}

/*
 * Takes one frame, or a joined run, and says what is left of the budget; false when it needs another piece. The victim may
 * be using the frame on another hart until it is locked, or held.
 */
static bool frame_take(struct env *victim, struct env *to, struct frame *frame, word_t *budget)
{
    page_t page = page_name(frame);
    page_t saved_in = 0;
    word_t count = 1;
    *budget -= COST_FRAME;
    if (frame->kind == PAGE_DATA && frame_hold(victim, frame)) {
        word_t bindings = frame->bindings, most = *budget / COST_BINDING;
        if (bindings != 0) {
            bool broken = pte_break(frame, bindings < most ? bindings : most);
            *budget -= (bindings < most ? bindings : most) * COST_BINDING;
            if (!broken)
                return false;
        }
        if (page_is_joined(frame)) {
            if (*budget < COST_RUN - COST_FRAME)
                return false;
            count = SUPER_PAGES;
            *budget = 0;
        } else if (loss_next(victim) != NULL) {
            if (*budget < COST_SAVE)
                return false;
            saved_in = contents_save(victim, page);
            *budget -= saved_in != 0 ? COST_SAVE : 0;
        }
    }
    if (!page_take(frame, to->self))
        return false; // it became something else just now; the next look says what
    victim->revoke_page = 0;
    loss_record(victim, page, REVOKE_FRAMES, count, saved_in);
    request_count(victim, count);
    return true;
}

static sysret_t abort_frames(struct env *victim, struct env *self, page_t first, word_t count)
{
    word_t taken = 0;
    for (; taken < count; taken++) { // by former pieces
        const struct frame *frame = page_frame(first + taken);
        if (frame == NULL || frame->owner != self->self)
            break;
    }
    if (count - taken > victim->revoke_left) return refuse(ERR_RANGE);

    enum error error = ERR_OK;
    word_t before = taken, budget = PIECE - taken * COST_LOOK;
    while (taken < count && error == ERR_OK) {
        struct frame *frame = page_frame(first + taken);
        error = frame_takeable(frame, victim);
        if (error != ERR_OK)
            break;
        word_t size = page_is_joined(frame) ? SUPER_PAGES : 1;
        if (size > count - taken)
            error = ERR_KIND; // a joined run goes whole
        else if (budget < (size > 1 ? COST_RUN : COST_FRAME + COST_BINDING) || !frame_take(victim, self, frame, &budget))
            error = ERR_AGAIN;
        else
            taken += size;
    }
    if (taken > before)
        env_post(victim, EVENT_BIT(REPOSSESSED));
    if (taken == count)
        return done(taken);
    return error == ERR_AGAIN || taken > before ? again(taken) : refuse(error);
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
    loss_record(victim, page, REVOKE_TABLES, both ? 2 : 1, 0);
    request_count(victim, both ? 2 : 1);
    env_post(victim, EVENT_BIT(REPOSSESSED));
    return done(both ? 2 : 1);
}

static sysret_t abort_one(struct env *victim, struct env *self, enum revoke_kind kind, word_t name)
{
    enum error error = kind == REVOKE_SLICES ? slice_take(name >> 8, name & 255, victim, self) : irq_take(name, victim, self);
    if (error != ERR_OK)
        return refuse(error);
    loss_record(victim, name, kind, 1, 0);
    request_count(victim, 1);
    env_post(victim, EVENT_BIT(REPOSSESSED));
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
    slice_leave(self, ERR_OK, 1);
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
    if (kind >= REVOKE_KINDS || count > pages.count)    return ERR_RANGE;
    if (env == self)                                    return ERR_STATE;
    bool standing = requester(env) != NULL, own = env->revoke_by == self->tag;
    *victim = NULL;
    if (count == 0) {
        if (!standing || !own)                          return ERR_STATE;
        request_set(env, 0, 0, 0, 0);
        return ERR_OK;
    }
    if (standing)                                       return ERR_BUSY;
    if (hw_time() >= deadline)                          return ERR_DEADLINE;

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
