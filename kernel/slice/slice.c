// SPDX-License-Identifier: BSD-2-Clause
// Time; see slice.h for what always holds.

#include "slice.h"

#include "board/board.h"
#include "cap/cap.h"
#include "env/float.h"
#include "irq/irq.h"
#include "kernel.h"
#include "machine/machine.h"
#include "pct/pct.h"
#include "revoke/revoke.h"
#include "sbi.h"
#include "space/space.h"
#include "trace/trace.h"
#include "trap/trap.h"

#define IN_GRACE 2 // env.grace: from here on, the grace time runs (the assembly path stores an address)

struct slice (*slice_vectors)[SLICES_MAX];

void slice_boot(struct slice (*table)[SLICES_MAX], word_t timebase_hz, env_t init)
{
    slice_vectors = table;
    machine_info->slice_ticks = timebase_hz / SLICE_HZ;
    machine_info->grace_ticks = timebase_hz / GRACE_HZ;
    for (word_t hart = 0; hart < hart_count; hart++) {
        donate_boot_hart(hart_number(hart));
        for (word_t position = 0; position < SLICES_MAX; position++)
            slice_vectors[hart][position].env = (uint32_t)init;
    }
}

void slice_set_timer(struct hart *hart, word_t time)
{
    (void)hart;
    if (machine_info->sstc)
        hw_set_timer(time);
    else
        sbi_set_timer(time);
}

word_t slice_grace(void) { return machine_info->sstc ? 0 : 1; }

bool slice_claim(struct env *env)
{
    long claim = __atomic_load_n(&env->claim, __ATOMIC_ACQUIRE);
    if (claim == CLAIM_TAKEN || env->stop)
        return false;
    word_t pending = 0;
    bool accepting = claim_is_gate(claim);
    if (accepting || env->waiting) {
        word_t events = accepting ? env->accept_events : env->wait_events;
        if (events & EVENT_BIT(ALARM))
            alarm_ring(env); // any other brings its upcall as soon as the environment runs
        pending = __atomic_load_n(env_save(env, SAVE_PENDING), __ATOMIC_RELAXED) & events;
        bool late = env->waiting && env->wait_deadline != 0 && hw_time() >= env->wait_deadline;
        if (pending == 0 && !late)
            return false;
    }
    if (!__atomic_compare_exchange_n(&env->claim, &claim, CLAIM_TAKEN, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false; // somebody was faster
    if (float_holder(env) != NULL) { // its registers come when that hart is interrupted: env_wake saw to it
        __atomic_store_n(&env->claim, claim, __ATOMIC_RELEASE);
        return false;
    }
    if (env->waiting || accepting) {
        env->result_error = pending != 0 ? ERR_OK : ERR_DEADLINE;
        env->result_value = pending;
        env->waiting = 0;
        if (board_concerns(env))
            board_claimed(env);
    }
    if (accepting) {
        env->pc = env->accept_pc;
        env->sp = env->accept_sp;
    }
    return true;
}

void slice_account(struct hart *hart, struct env *env)
{
    word_t now = hw_time();
    word_t over = hart->slice_started > hart->slice_end ? hart->slice_started : hart->slice_end;
    env->ticks += now - hart->slice_started;
    hart->slice_started = now;
    if (now > over && hart->donation_count == 0) { // each moment behind the end counts once
        struct slice *slice = &slice_vectors[hart->index][hart->position];
        word_t excess = slice->excess + (now - over);
        word_t most = machine_info->slice_ticks * EXCESS_SLICES;
        slice->excess = (uint32_t)(excess < most ? excess : most);
    }
}

static void slice_off(struct hart *hart, struct env *env)
{
    trace_event(hart, TRACE_LEAVE, env, 0);
    slice_account(hart, env);
    hw_satp(space_kernel_satp); // first: whoever is off its hart may be forgotten there (space/shootdown.c)
    float_leave(hart, env);
    env->grace = slice_grace();
}

void slice_leave(struct env *env, enum error error, word_t value)
{
    slice_off(hart_self(), env);
    env->pc = hw_return_pc();
    env->result_error = error;
    env->result_value = value;
}

word_t slice_wait_end(const struct env *env)
{
    bool accepting = claim_is_gate(env->claim);
    word_t events = accepting ? env->accept_events : env->waiting ? env->wait_events : 0;
    word_t deadline = env->waiting ? env->wait_deadline : 0;
    word_t alarm = events & EVENT_BIT(ALARM) ? env->alarm : 0;
    return deadline == 0 || (alarm != 0 && alarm < deadline) ? alarm : deadline;
}

void slice_release(struct env *env, long claim)
{
    bool boarded = board_concerns(env);
    if (boarded)
        board_release(env, claim);
    __atomic_store_n(&env->claim, claim, __ATOMIC_SEQ_CST);
    hw_order(); // whoever posts an event sets it before it looks at the claim
    bool waits = env->waiting || claim_is_gate(claim);
    word_t events = claim_is_gate(claim) ? env->accept_events : env->wait_events;
    if (boarded)
        board_wake(env);
    if (waits && slice_wait_end(env) == 0 && (*env_save(env, SAVE_PENDING) & events) == 0)
        return;
    if (!(env->slice_harts >> hart_self()->index & 1))
        env_wake(env); // it ran on borrowed time: harts where it has its own may sleep
}

void slice_preempt(struct env *env)
{
    slice_off(hart_self(), env);
    env->full = 1;
    slice_release(env, CLAIM_STOPPED);
}

word_t slice_chain_deadline(const struct env *env)
{
    word_t deadline = NEVER;
    word_t caller = pct_caller(env); // once: other harts end calls
    for (int depth = 0; caller != 0 && depth < CHAIN_MAX; depth++) {
        word_t when = env_at(caller)->call_deadline, alarm = env_at(caller)->alarm;
        if (when != 0 && when < deadline)
            deadline = when;
        if (alarm != 0 && alarm < deadline)
            deadline = alarm;
        caller = pct_caller(env_at(caller));
    }
    return deadline;
}

void slice_arm(struct hart *hart, struct env *env, word_t grace)
{
    bool ending = grace >= IN_GRACE;
    word_t timer = hart->slice_end + (ending ? machine_info->grace_ticks : 0);
    env->grace = ending ? IN_GRACE : slice_grace();
    word_t deadline = slice_chain_deadline(env), donated = donate_end(hart);
    if (donated < deadline)
        deadline = donated;
    if (deadline < timer) {
        timer = deadline;
        env->grace = ending ? IN_GRACE : 1; // the timer means something else: the slow path finds out
    }
    env->alarmed = env->alarm != 0;
    if (!ending && env->alarm != 0 && env->alarm < timer)
        timer = env->alarm; // of its own: the trap path knows it
    slice_set_timer(hart, timer);
}

void slice_enter(struct hart *hart, struct env *env)
{
    trace_event(hart, TRACE_RUN, env, hart->position | (word_t)hart->donation_count << 8);
    if (env->hart != hart->boundary)
        hw_fence_code(); // it may have written code since, and executed fence.i where it was
    __atomic_store_n(&env->hart, hart->boundary, __ATOMIC_RELEASE);
    env->fresh = 0;
    space_enter(env->space, hart->index);
    hw_satp(env->satp);
    if (env->satp >> SATP_ASID_SHIFT << 48 == 0)
        hw_fence_space(0);
    float_enter(hart, env); // last: whose registers go home may have been in the space that was left just now
}

void slice_run(struct env *env)
{
    struct hart *hart = hart_self();
    word_t boundary = env_boundary(env);
    hart->slice_started = hw_time();
    slice_enter(hart, env);
    slice_arm(hart, env, 0);
    if (env->full) {
        env->full = 0;
        word_t *regs = env_save(env, SAVE_F_PC);
        if (*env_save(env, SAVE_PENDING) != 0)
            trap_upcall(env, regs, CAUSE_SOFT);
        trap_load(boundary, regs);
    }
    trap_enter(boundary, *env_save(env, SAVE_S_BEGIN));
}

// Looks for the next slice that somebody can use. Paying for an overrun costs the slice.
static struct env *slice_find(struct hart *hart, bool *paid)
{
    *paid = false;
    for (word_t step = 1; step <= SLICES_MAX; step++) {
        word_t position = (hart->position + step) % SLICES_MAX;
        struct slice *slice = &slice_vectors[hart->index][position];
        struct env *owner = env_named(__atomic_load_n(&slice->env, __ATOMIC_RELAXED));
        if (owner == NULL)
            continue;
        if (slice->excess >= machine_info->slice_ticks) {
            slice->excess -= (uint32_t)machine_info->slice_ticks;
            *paid = true;
            continue;
        }
        struct env *env = owner->stalled ? stall_claim(owner) : NULL;
        hart->stands_in = env != NULL;
        if (env == NULL) {
            env = pct_chain_end(owner);
            if (env == NULL || !slice_claim(env))
                continue;
        }
        hart->position = position;
        return env;
    }
    return NULL;
}

// When somebody who waits on this hart wants to be woken.
static word_t sleep_end(struct hart *hart)
{
    word_t alarm = NEVER, soon = hw_time() + machine_info->slice_ticks;
    for (word_t position = 0; position < SLICES_MAX; position++) {
        struct env *env = env_named(slice_vectors[hart->index][position].env);
        if (env == NULL)
            continue;
        if (env->stalled && soon < alarm)
            alarm = soon; // not all that it schedules were tried
        for (int depth = 0; depth < CHAIN_MAX; depth++) {
            // One that runs elsewhere may stop doing so with nobody to tell: transfers do not look who sleeps.
            word_t callee = __atomic_load_n(&env->callee, __ATOMIC_ACQUIRE); // once: its call may end
            if (callee == 0 && env->claim == CLAIM_TAKEN && env->state == ENV_READY && soon < alarm)
                alarm = soon;
            word_t when = callee != 0 ? env->call_deadline : env->claim == CLAIM_TAKEN ? 0 : slice_wait_end(env);
            if (when != 0 && when < alarm)
                alarm = when;
            if (callee == 0)
                break;
            env = env_at(callee);
        }
    }
    return alarm;
}

// Nothing to do: sleep, on the kernel's own root, until an interrupt says otherwise.
static void hart_sleep(struct hart *hart)
{
    hw_satp(space_kernel_satp);
    slice_set_timer(hart, sleep_end(hart));
    word_t pending = hw_wait();
    if (pending & SIE_SOFT)
        hw_soft_clear();
    if (pending & SIE_TIMER)
        slice_set_timer(hart, NEVER);
    if (pending & SIE_EXTERN)
        irq_serve(hart);
}

void slice_begin(struct hart *hart)
{
    hart->slice_begun = hw_time();
    hart->slice_end = hart->slice_begun + machine_info->slice_ticks;
    if (machine_info->time_traps)
        __atomic_store_n(&machine_info->slice_time[hart->index], hart->slice_begun, __ATOMIC_RELAXED);
}

// The turn of the present slice is over.
static void slice_close(struct hart *hart)
{
    if (hart->slice_begun == 0)
        return;
    word_t now = hw_time();
    struct slice *slice = &slice_vectors[hart->index][hart->position];
    slice->used += now - hart->slice_begun;
    hart->slice_begun = 0;
    struct env *owner = env_named(__atomic_load_n(&slice->env, __ATOMIC_RELAXED));
    if (owner != NULL && owner->board != 0)
        stall_look(hart, owner, now >= hart->slice_end);
}

void slice_next(void)
{
    struct hart *hart = hart_self();
    slice_close(hart);
    for (;;) {
        bool paid;
        __atomic_store_n(&hart->idle, 1, __ATOMIC_SEQ_CST); // before the look, so that no wake-up is missed
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        struct env *env = slice_find(hart, &paid);
        if (env != NULL) {
            hart->idle = 0;
            slice_begin(hart);
            slice_run(env);
        }
        if (paid)
            continue;
        hart_sleep(hart);
        quiesce_see(hart); // nothing of the kernel's is held here
    }
}

void slice_instead(struct env *env)
{
    struct env *end = env != NULL ? pct_chain_end(env) : NULL;
    if (end != NULL && slice_claim(end))
        slice_run(end);
    slice_back(DONATE_BLOCKED);
}

/*
 * The deadline of a call that leads to whoever runs, or to a donor: who waits too long goes on, on the time that its callee
 * had, or its slice's owner does. Donations by the callee end.
 */
static void slice_deadlines(struct hart *hart, struct env *env)
{
    struct env *late = NULL;
    word_t level = 0;
    for (; level < hart->donation_count && late == NULL; level++)
        late = pct_expire(env_at(hart->donations[level].donor));
    if (late != NULL)
        level--;
    else
        late = pct_expire(env);
    if (late == NULL)
        return;
    slice_preempt(env);
    donate_drop(hart, level);
    slice_instead(level > 0 ? late : env_named(slice_vectors[hart->index][hart->position].env));
}

// The timer fired inside a slice: for a donation, a call, an alarm, or what whoever ran before had set it for.
static void slice_tick_early(struct hart *hart, struct env *env)
{
    donate_look(hart, env);
    slice_deadlines(hart, env);
    alarm_ring_chain(env);
    slice_arm(hart, env, env->grace);
    if (*env_save(env, SAVE_PENDING) != 0)
        trap_upcall(env, env_save(env, SAVE_F_PC), CAUSE_SOFT);
}

void slice_tick(struct env *env)
{
    struct hart *hart = hart_self();
    word_t now = hw_time();
    if (now < hart->slice_end || hart->donation_count != 0) {
        slice_tick_early(hart, env);
        return;
    }
    bool over = env->grace >= IN_GRACE && now >= hart->slice_end + machine_info->grace_ticks;
    if (over) {
        __atomic_fetch_or(env_save(env, SAVE_PENDING), EVENT_BIT(SWITCHED), __ATOMIC_RELAXED);
        slice_preempt(env);
        slice_next();
    }
    env->grace = IN_GRACE;
    slice_set_timer(hart, hart->slice_end + machine_info->grace_ticks);
    if (trap_upcall(env, env_save(env, SAVE_F_PC), CAUSE_TIMER))
        return;
    __atomic_fetch_or(env_save(env, SAVE_PENDING), EVENT_BIT(SLICE_END), __ATOMIC_SEQ_CST);
    if (board_concerns(env)) // it serves, and may wait for this at its gate when it has returned
        board_wake(env);
}

static void slice_count_harts(struct env *env)
{
    uint32_t harts = 0;
    for (word_t hart = 0; hart < hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            if (slice_vectors[hart][position].env == env->self)
                harts |= 1u << hart;
    env->slice_harts = harts;
}

void slice_disown(struct env *env, struct env *heir)
{
    if (env->slice_harts == 0)
        return;
    for (word_t hart = 0; hart < hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            if (slice_vectors[hart][position].env == env->self)
                slice_vectors[hart][position].env = (uint32_t)heir->self;
    heir->slice_harts |= env->slice_harts;
    env->slice_harts = 0;
}

static void slice_hand(word_t hart, word_t position, struct env *from, struct env *to)
{
    __atomic_store_n(&slice_vectors[hart][position].env, (uint32_t)to->self, __ATOMIC_RELEASE);
    slice_count_harts(from);
    to->slice_harts |= 1u << hart;
    env_post(to, 0); // an idle hart may have something to do now
}

enum error slice_take(word_t hart, word_t position, struct env *from, struct env *to)
{
    if (hart >= hart_count || position >= SLICES_MAX)    return ERR_NOENT;
    if (slice_vectors[hart][position].env != from->self)       return ERR_PERM;

    slice_hand(hart, position, from, to);
    donate_revoke(hart, position);
    return ERR_OK;
}

bool slice_invariant(void)
{
    for (word_t hart = 0; hart < hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++) {
            const struct env *owner = env_named(slice_vectors[hart][position].env);
            if (owner == NULL || !(owner->slice_harts >> hart & 1)) // (1)
                return false;
        }
    for (word_t hart = 0; hart < hart_count; hart++)
        if (!donate_invariant(hart_number(hart))) // (3)
            return false;
    return true;
}

sysret_t sys_slice_give(word_t hart, word_t position, env_t to)
{
    STRUCTURE_LOCKED();
    env_t self = env_self()->self;
    if (hart >= hart_count || position >= SLICES_MAX)      return refuse(ERR_RANGE);
    struct slice *slice = &slice_vectors[hart][position];
    struct env *owner = env_named(slice->env);
    if (slice->env != self && !env_created(self, slice->env)) return refuse(ERR_PERM);
    struct env *receiver = env_named(to);
    if (receiver == NULL || receiver->state == ENV_DYING)  return refuse(ERR_NOENT);
    bool wanted = revoke_opens(env_self(), to, REVOKE_SLICES, 1);
    if (to != self && !env_created(self, to) && env_creator(env_self()) != to && !wanted) return refuse(ERR_PERM);

    slice_hand(hart, position, owner, receiver);
    revoke_given(env_self(), to, REVOKE_SLICES, 1);
    return done(0);
}

sysret_t sys_slice_yield(void)
{
    struct env *self = env_self();
    slice_yield_plain(hart_self(), self);
    slice_leave(self, ERR_OK, 0);
    slice_release(self, CLAIM_STOPPED);
    slice_back(DONATE_YIELDED);
}

sysret_t sys_slice_yield_to(slot_t slot)
{
    enum error error;
    struct env *self = env_self();
    struct env *env = cap_env(self, slot, RIGHT_YIELD, &error);
    if (env == NULL)                 return refuse(error);
    if (env == self)                 return refuse(ERR_STATE);
    struct env *end = pct_chain_end(env);
    if (end == NULL || end->state != ENV_READY) return refuse(ERR_STATE);
    if (!slice_claim(end))           return refuse(ERR_BUSY);

    slice_leave(self, ERR_OK, 0);
    slice_release(self, CLAIM_STOPPED);
    slice_run(end);
}

sysret_t sys_slice_wait(word_t events, word_t deadline)
{
    struct env *self = env_self();
    if (*env_save(self, SAVE_PENDING) & events)          return refuse(ERR_PENDING);
    if (deadline != 0 && hw_time() >= deadline)          return refuse(ERR_DEADLINE);

    self->wait_events = events;
    self->wait_deadline = deadline;
    self->waiting = 1;
    trace_event(hart_self(), TRACE_BLOCK, self, 0);
    slice_leave(self, ERR_OK, 0);
    slice_release(self, CLAIM_STOPPED);
    slice_back(DONATE_BLOCKED);
}
