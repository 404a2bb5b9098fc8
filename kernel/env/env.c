// SPDX-License-Identifier: BSD-2-Clause
// Environments; see env.h for what always holds.

#include "env.h"

#include "board/board.h"
#include "cap/cap.h"
#include "float.h"
#include "irq/irq.h"
#include "machine/machine.h"
#include "page/page.h"
#include "pct/pct.h"
#include "pte/pte.h"
#include "revoke/revoke.h"
#include "slice/slice.h"
#include "space/space.h"
#include "stlb/stlb.h"
#include "trace/trace.h"
#include "trap/trap.h"

// One piece of a destruction looks at so many frames; those it finds count as so many looks, with their bindings.
#define DESTROY_LOOKS   360
#define LOOKS_FRAMES    2  // frames of others that are passed over in the time of a look
#define DESTROY_OWNED   15
#define DESTROY_BOUND   15 // ... and if something binds it
#define DESTROY_BINDING 7
#define DESTROY_FRAMES  (DESTROY_LOOKS / DESTROY_OWNED + 1)

#define RECORD(offset, NAME, text) enum { RECORD_##NAME = (offset) };
#include <rivet/regs.def>
#undef RECORD
#define AT(field, NAME) \
    _Static_assert((long)offsetof(struct env, field) - ENV_SIZE == RECORD_##NAME, "assembly knows where " #field " is")
_Static_assert(sizeof(struct env) == ENV_SIZE, "the boundary lies right behind the record");
AT(space, SPACE);
AT(slice_harts, SLICE_HARTS);
AT(scheduler, SCHEDULER);
AT(entry, ENTRY);
AT(alarm, ALARM);
AT(revoke_by, REVOKE_BY);
AT(revoke_kind, REVOKE_KIND);
AT(revoke_left, REVOKE_LEFT);
AT(revoke_deadline, REVOKE_DEADLINE);
AT(tag, TAG);
AT(flags, FLAGS);
AT(ticks, TICKS);
AT(result_value, RESULT_VALUE);
AT(result_error, RESULT_ERROR);
AT(gate_sp, GATE_SP);
AT(gate, GATE);
AT(grace_ticks, GRACE_TICKS);
AT(grace, GRACE);
AT(self, SELF_NAME);
AT(stlb, STLB);
AT(caps, CAPS);
AT(status, STATUS);
AT(satp, SATP);
AT(hart, HART);
AT(sp, SP);
AT(pc, PC);
AT(callee, CALLEE);
AT(caller, CALLER);
AT(claim, CLAIM);
AT(scratch[3], T1);

static struct env *record_env(page_t record)
{
    return env_at((word_t)page_memory(record) + PAGE_SIZE);
}

struct env *env_named(env_t name)
{
    struct frame *frame = page_frame(name);
    return frame != NULL && frame->kind == PAGE_ENV ? record_env(name) : NULL;
}

env_t env_creator(const struct env *env) { return page_frame(env->self)->owner; }

bool env_created(env_t creator, env_t env) { return page_frame(env)->owner == creator && env != creator; }

bool env_acts_for_child(env_t env, env_t owner)
{
    struct env *child = env_named(owner);
    return child != NULL && child->state == ENV_NEW && env_created(env, owner);
}

static bool env_is_stopped(const struct env *env) { return env->state >= ENV_EXITED; }

enum env_state env_state(const struct env *env)
{
    if (env->state != ENV_READY)
        return env->state;
    if (env->callee != 0)
        return ENV_CALLING;
    if (claim_is_gate(env->claim))
        return ENV_ACCEPTING;
    return env->waiting ? ENV_WAITING : ENV_READY;
}

word_t env_near(const struct env *env)
{
    long claim = __atomic_load_n(&env->claim, __ATOMIC_ACQUIRE);
    word_t boundary = __atomic_load_n(&env->hart, __ATOMIC_RELAXED);
    if (boundary == 0 || claim == CLAIM_AWAY || (claim_is_gate(claim) && claim < 0))
        return 0;
    if (claim == CLAIM_TAKEN && (env_is_stopped(env) || pct_is_detached(env)))
        return 0; // one that is stopped left its space before it said so, and never goes on
    return 1ul << hart_at(boundary)->index;
}

bool env_part(struct env *env)
{
    long claim = __atomic_load_n(&env->claim, __ATOMIC_ACQUIRE);
    if (claim == CLAIM_TAKEN)
        return pct_detach(env);
    long away = claim == CLAIM_STOPPED ? CLAIM_AWAY : claim > 0 ? -claim : claim;
    return __atomic_compare_exchange_n(&env->claim, &claim, away, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

// Idle harts that have slices of it, or of whoever waits for it to return.
static inline __attribute__((always_inline)) void idle_wake(const struct env *env, const struct hart *self)
{
    uint32_t harts = env->slice_harts;
    word_t caller = pct_caller(env); // once: another hart may end the call
    for (int depth = 0; caller != 0 && depth < CHAIN_MAX; depth++) {
        harts |= env_at(caller)->slice_harts;
        caller = pct_caller(env_at(caller));
    }
    for (word_t i = 0; i < hart_count && harts >> i != 0; i++)
        if (harts >> i & 1 && i != self->index && __atomic_load_n(&hart_number(i)->idle, __ATOMIC_RELAXED))
            hart_poke(i);
}

static inline __attribute__((always_inline)) void rouse(struct env *env)
{
    hw_order(); // the event comes before the look at who sleeps
    struct hart *self = hart_self();
    word_t hart = __atomic_load_n(&env->hart, __ATOMIC_RELAXED); // once: its hart may be leaving it
    if (env->claim == CLAIM_TAKEN && env->callee == 0 && hart != 0 && hart != self->boundary)
        hart_poke(hart_at(hart)->index);
    else if (donate_is_donor(self, env))
        hw_soft_set(); // whoever runs here on its time is interrupted
    struct hart *holder = float_holder(env);
    if (holder != NULL)
        hart_poke(holder->index);
    idle_wake(env, self); // also when it runs: it may stop to, and leave the event to one of them
}

void env_rouse(struct env *env) { rouse(env); }

// One frame, not two: many calls end here.
void env_wake(struct env *env)
{
    rouse(env);
    if (board_concerns(env))
        board_wake(env);
}

static void wake_traced(struct env *env, word_t events)
{
    trace_write_post(hart_self(), env->self, events);
    env_wake(env);
}

static inline __attribute__((always_inline)) void wake(struct env *env, word_t events)
{
    if (__builtin_expect(hart_self()->traced, 0))
        wake_traced(env, events);
    else
        env_wake(env);
}

void env_post(struct env *env, word_t events)
{
    __atomic_fetch_or(env_save(env, SAVE_PENDING), events, __ATOMIC_SEQ_CST);
    wake(env, events);
}

sysret_t env_told(struct env *env, word_t events)
{
    wake(env, events);
    return done(0);
}

sysret_t env_woken(struct env *env)
{
    env_wake(env);
    return done(0);
}

void env_halt(struct env *env, enum env_state state)
{
    env->state = state;
    env->waiting = 0;
    pct_unlink(env);
    board_halt(env, state == ENV_DYING);
    struct env *creator = env_named(env_creator(env));
    if (creator != NULL && creator != env)
        env_post(creator, EVENT_BIT(CHILD));
}

// Fills the record of three frames that have their kinds already.
static struct env *env_make(page_t record, page_t caps, struct space *space, env_t creator)
{
    struct env *env = record_env(record);
    env->self = record;
    env->tag = 1ul << 63 | page_frame(record)->epoch << 32 | record;
    env->caps = page_memory(caps);
    env->space = space;
    env->satp = space_satp(space);
    env->stlb = stlb_is_bound(space) ? space : NULL;
    env->grace = machine_info->sstc ? 0 : 1;
    env->grace_ticks = machine_info->grace_ticks;
    env->fresh = 1;
    cap_page_init(env->caps);
    *env_save(env, SAVE_SELF) = record;
    *env_save(env, SAVE_CREATOR) = creator;
    *env_save(env, SAVE_SPACE) = space->root;
    lock_take(&space->lock);
    env->space_next = space->envs;
    space->envs = env;
    space->env_count++;
    lock_drop(&space->lock);
    return env;
}

struct env *env_boot(page_t record, page_t caps, struct space *space)
{
    page_use(record, record, PAGE_ENV, 0);
    page_use(record + 1, record, PAGE_SAVE, record);
    page_use(caps, record, PAGE_CAPS, record);
    return env_make(record, caps, space, record);
}

bool env_invariant(void)
{
    for (word_t i = 0; i < pages.count; i++) {
        if (pages.table[i].kind != PAGE_ENV)
            continue;
        const struct env *env = record_env(pages.first + i);
        const struct frame *save = page_frame(env->self + 1);
        const struct frame *caps = page_frame(physical(env->caps) >> PAGE_SHIFT);
        if (env->self != pages.first + i || save->kind != PAGE_SAVE || save->detail != env->self) // (1)
            return false;
        if (caps->kind != PAGE_CAPS || caps->detail != env->self) // (1)
            return false;
        if (!pct_invariant(env) || !cap_invariant(env))
            return false;
        if (env_near(env) & ~env->space->ran) // (4)
            return false;
        if (env->alarm != 0 && (!env->alarmed || env->gate > 0 || env->claim > 0)) // (6)
            return false;
        bool listed = false;
        for (const struct env *other = env->space->envs; other != NULL; other = other->space_next)
            listed |= other == env;
        if (!listed || !space_invariant(env->space)) // (5)
            return false;
    }
    return env_self()->claim == CLAIM_TAKEN; // (3), of this hart: the others may sleep
}

sysret_t sys_env_create(page_t record, page_t caps, space_t space_name)
{
    STRUCTURE_LOCKED();
    env_t self = env_self()->self;
    enum error error;
    struct space *space = space_meant(space_name, &error);
    if (space == NULL)                                                     return refuse(error);
    if (space->dying)                                                      return refuse(ERR_NOENT);
    if (caps == record || caps == record + 1)                              return refuse(ERR_BUSY);
    if ((error = page_usable(record, self)) != ERR_OK)                     return refuse(error);
    if ((error = page_usable(record + 1, self)) != ERR_OK)                 return refuse(error);
    if ((error = page_usable(caps, self)) != ERR_OK)                       return refuse(error);

    page_use(record, self, PAGE_ENV, 0);
    page_use(record + 1, self, PAGE_SAVE, record);
    page_use(caps, self, PAGE_CAPS, record);
    return done(env_make(record, caps, space, self)->self);
}

// An environment the caller created.
static struct env *child_named(env_t name, enum error *error)
{
    struct env *env = env_named(name);
    if (env == NULL)
        *error = ERR_NOENT;
    else if (!env_created(env_self()->self, name))
        *error = ERR_PERM;
    else
        return env;
    return NULL;
}

sysret_t sys_env_set(env_t name, word_t what, word_t value)
{
    STRUCTURE_LOCKED();
    enum error error;
    struct env *env = child_named(name, &error);
    if (env == NULL)                                     return refuse(error);
    if (what > ENV_GUARANTEED)                           return refuse(ERR_RANGE);
    if (env->state != ENV_NEW && what != ENV_LABEL)      return refuse(ERR_STATE);
    if (what == ENV_GUARANTEED && value < env->guaranteed) return refuse(ERR_RANGE); // so many are marked

    switch (what) {
    case ENV_PC:    env->pc = value; break;
    case ENV_SP:    env->sp = value; break;
    case ENV_ARG:   env->argument = value; break;
    case ENV_LABEL: page_frame(name)->detail = value; break;
    case ENV_GUARANTEED: env->guaranteed_max = value; break;
    }
    return done(0);
}

sysret_t sys_env_start(env_t name)
{
    STRUCTURE_LOCKED();
    enum error error;
    struct env *env = child_named(name, &error);
    if (env == NULL)                return refuse(error);
    if (env->state != ENV_NEW)      return refuse(ERR_STATE);

    env->state = ENV_READY;
    env->result_error = env->argument;
    __atomic_store_n(&env->claim, CLAIM_STOPPED, __ATOMIC_RELEASE);
    env_wake(env);
    board_ready(env);
    return done(0);
}

/*
 * Takes an environment out of the run, whatever it does; false when a hart has it at this moment: that hart
 * was poked and lets it go.
 */
static bool env_capture(struct env *env)
{
    env->stop = 1;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_exchange_n(&env->claim, CLAIM_TAKEN, __ATOMIC_ACQUIRE) != CLAIM_TAKEN)
        return true;
    if (env->callee != 0 && pct_abandon(env))
        return true;
    env_wake(env);
    return false;
}

sysret_t sys_env_stop(env_t name)
{
    STRUCTURE_LOCKED();
    enum error error;
    struct env *env = child_named(name, &error);
    if (env == NULL)                                         return refuse(error);
    if (env->state == ENV_NEW || env_is_stopped(env))        return refuse(ERR_STATE);
    if (!env_capture(env))                                   return again(0);
    if (!board_disband(env)) {
        __atomic_store_n(&env->claim, CLAIM_STOPPED, __ATOMIC_RELEASE); // it is marked to stop: nobody runs it
        return again(0);
    }
    env_halt(env, ENV_STOPPED);
    return done(0);
}

// Frames of one piece of a destruction that are dying and unbound, and wait for its fence.
struct bequest {
    struct shootdown shootdown;
    struct frame *frames[DESTROY_FRAMES];
    word_t count;
};

// A repossession vector, a board, a ring of events; the ring of an STLB goes with its space.
static bool is_registered(const struct frame *frame)
{
    return frame->kind == PAGE_BOARD || (frame->kind == PAGE_RING && (frame->detail & ~TRACE_FRAME) == frame->owner);
}

// Hands one unbound frame of a dying environment to its heir.
static void frame_inherit(struct frame *frame, env_t heir)
{
    frame->flags &= (uint8_t)~PAGE_GUARANTEED;
    if (page_is_joining(frame) || page_is_joined(frame)) {
        page_part(frame);
    } else if (frame->kind == PAGE_DATA || is_registered(frame)) {
        page_unuse(page_name(frame), frame->kind == PAGE_BOARD || frame->detail & TRACE_FRAME); // a hart may be writing there
    } else if (frame->kind == PAGE_DEVICE) {
        frame->flags &= (uint8_t)~PAGE_DYING;
    }
    frame->owner = (uint32_t)heir;
}

// The same for any, perhaps when the fence was sent; false when there is more to do than `looks` allow.
static bool frame_bequeath(struct bequest *bequest, struct frame *frame, env_t heir, word_t looks)
{
    bool joined = page_is_joined(frame) || page_is_joining(frame);
    if (joined && looks < DESTROY_LOOKS)
        return false; // parting a run takes a piece of its own
    if (page_is_bindable(frame) || is_registered(frame)) {
        if (!(frame->flags & PAGE_DYING)) {
            page_die(frame);
            frame->epoch++;
        }
        if (frame->bindings != 0) {
            bequest->shootdown.budget = (long)((joined ? DESTROY_LOOKS / 4 : looks) / DESTROY_BINDING);
            if (!pte_break_into(frame, &bequest->shootdown))
                return false;
            bequest->frames[bequest->count++] = frame;
            return true;
        }
    }
    frame_inherit(frame, heir);
    return true;
}

// The first frame of these that an environment owns; most belong to others, so eight are looked at in one go.
static const struct frame *frames_skip(const struct frame *frame, const struct frame *end, env_t owner)
{
    for (; end - frame >= 8; frame += 8)
        if (frame[0].owner == owner || frame[1].owner == owner || frame[2].owner == owner || frame[3].owner == owner ||
            frame[4].owner == owner || frame[5].owner == owner || frame[6].owner == owner || frame[7].owner == owner)
            break;
    while (frame < end && frame->owner != owner)
        frame++;
    return frame;
}

// The next frame that an environment owns, from a number on; looks at no more than LOOKS_FRAMES for each of `looks`, and
// says how many are left.
static word_t frame_owned_next(env_t owner, word_t number, word_t *looks)
{
    word_t begin = number, left = page_count() - number, most = *looks * LOOKS_FRAMES;
    word_t end = begin + (most < left ? most : left);
    word_t ram = end < pages.count ? end : pages.count; // nearly all, and in one table
    if (number < ram)
        number = (word_t)(frames_skip(&pages.table[number], &pages.table[ram], owner) - pages.table);
    if (number >= ram)
        while (number < end && page_number(number)->owner != owner)
            number++;
    *looks -= (number - begin + LOOKS_FRAMES - 1) / LOOKS_FRAMES;
    return number;
}

/*
 * The frames it owned go to its creator, a piece at a time. Those that were bound stay dying until the fence of the
 * piece is sent, so nobody takes them into use before.
 */
static void env_bequeath(struct env *env, env_t heir)
{
    struct bequest bequest;
    bequest.shootdown = (struct shootdown){0};
    bequest.count = 0;
    word_t looks = DESTROY_LOOKS;
    for (;;) {
        env->destroy_next = frame_owned_next(env->self, env->destroy_next, &looks);
        if (looks == 0 || env->destroy_next == page_count())
            break;
        struct frame *frame = page_number(env->destroy_next);
        bool joined = page_is_joined(frame) || page_is_joining(frame);
        word_t bound = frame->bindings != 0 ? DESTROY_BOUND + frame->bindings * DESTROY_BINDING : 0;
        word_t cost = joined ? DESTROY_LOOKS : DESTROY_OWNED + bound;
        if (!frame_bequeath(&bequest, frame, heir, looks))
            break;
        env->destroy_next++;
        looks -= cost < looks ? cost : looks;
    }
    shootdown_send(&bequest.shootdown);
    for (word_t i = 0; i < bequest.count; i++)
        frame_inherit(bequest.frames[i], heir);
}

// The frames it is made of are bound nowhere; false when that takes another piece.
static bool env_unbind(struct env *env)
{
    struct frame *const frames[] = {page_frame(env->self), page_frame(env->self + 1),
                                    page_frame(physical(env->caps) >> PAGE_SHIFT)};
    struct shootdown shootdown = {.budget = PTE_BREAK_BATCH};
    bool unbound = true;
    for (int i = 0; i < 3; i++) {
        page_die(frames[i]); // its creator may look at them, and bind them once more meanwhile
        unbound = unbound && pte_break_into(frames[i], &shootdown);
    }
    shootdown_send(&shootdown);
    return unbound;
}

static void space_leave(struct env *env)
{
    struct space *space = env->space;
    lock_take(&space->lock);
    struct env **place = &space->envs;
    while (*place != env)
        place = &(*place)->space_next;
    *place = env->space_next;
    space->env_count--;
    lock_drop(&space->lock);
}

sysret_t sys_env_destroy(env_t name)
{
    STRUCTURE_LOCKED();
    enum error error;
    struct env *env = child_named(name, &error);
    if (env == NULL)
        return refuse(error);

    struct env *heir = env_self();
    if (env->state != ENV_DYING) {
        if (env->state != ENV_NEW && !env_is_stopped(env) && !env_capture(env))
            return again(0);
        env_halt(env, ENV_DYING);
        page_frame(name)->epoch++; // every capability to it is dead
        slice_disown(env, heir);
        revoke_leave(env);
        trace_leave(env);
        return again(0);
    }
    if (env->board != 0) {
        if (board_disband(env))
            env->board = 0; // its frame goes with the others
        return again(0);
    }
    if (env->destroy_next == 0 && !env->irqs_gone) {
        irq_disown(env, heir);
        env->irqs_gone = 1;
        return again(0);
    }
    if (env->destroy_next != page_count()) {
        env_bequeath(env, heir->self);
        return again(env->destroy_next);
    }
    if (!env_unbind(env))
        return again(env->destroy_next);

    space_leave(env);
    page_unuse(physical(env->caps) >> PAGE_SHIFT, true);
    page_unuse(name + 1, true);
    page_unuse(name, true);
    return done(0);
}

sysret_t sys_env_info(env_t name, word_t what)
{
    struct env *env = env_named(name);
    if (env == NULL)                                 return refuse(ERR_NOENT);
    if (what < ENV_STATE || what >= ENV_WHATS)       return refuse(ERR_RANGE);

    word_t hart = __atomic_load_n(&env->hart, __ATOMIC_RELAXED); // once: it may leave the hart meanwhile
    bool runs = env->claim == CLAIM_TAKEN && env->callee == 0 && env->state == ENV_READY && hart != 0;
    switch (what) {
    case ENV_STATE:  return done(env_state(env));
    case ENV_TICKS:  return done(env->ticks);
    case ENV_STATUS: return done(env->exit_status);
    case ENV_LOST_TURNS: return done(env->lost_turns);
    default:         return done(runs ? hart_at(hart)->index : ~0ul);
    }
}

// Where it is unusual: mostly kernel/trap/entry.S and slice/plain.c do it.
sysret_t sys_env_notify(slot_t slot, word_t events)
{
    enum error error;
    struct env *env = cap_env(env_self(), slot, RIGHT_NOTIFY, &error);
    if (env == NULL)                            return refuse(error);
    if (events == 0 || (events & ~EVENTS_OWN))  return refuse(ERR_RANGE);

    env_post(env, events);
    return done(0);
}

sysret_t sys_env_exit(word_t status)
{
    struct env *self = env_self();
    lock_take(&structure_lock);
    if (!board_disband(self)) {
        lock_drop(&structure_lock);
        return again(0);
    }
    self->exit_status = status;
    slice_leave(self, ERR_OK, 0);
    env_halt(self, ENV_EXITED);
    lock_drop(&structure_lock);
    slice_back(DONATE_STOPPED);
}

sysret_t sys_env_float(word_t on)
{
    struct env *self = env_self();
    struct hart *hart = hart_self();
    if (on > 1) return refuse(ERR_RANGE);

    self->floats = (uint8_t)on;
    self->status = on ? SSTATUS_FS_ON : 0;
    env_gate_choose(self); // while it was entered: callers take the slow path from now on, or no longer
    if (on)
        float_enter(hart, self);
    else if (hart->floats == self)
        hart->floats = NULL;
    if (on)
        pct_return_slowly(self); // the fast return would leave our registers here
    // The way back to the caller leaves sstatus as it is.
    if (on)
        hw_float_on();
    else
        hw_float_off();
    return done(0);
}

sysret_t sys_env_resume(void)
{
    struct env *self = env_self();
    trap_load(env_boundary(self), env_save(self, SAVE_G_PC));
}
