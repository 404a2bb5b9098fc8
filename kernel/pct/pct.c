// SPDX-License-Identifier: BSD-2-Clause
// Protected control transfer, the slow half; see pct.h.

#include "pct.h"

#include "board/board.h"
#include "cap/cap.h"
#include "env/float.h"
#include "kernel.h"
#include "slice/slice.h"
#include "space/space.h"
#include "trace/trace.h"
#include "trap/hart.h"
#include "trap/trace.h"
#include "trap/trap.h"

static uint32_t abandon_lock; // several harts may find at once that a call waits too long; innermost of all locks

/*
 * The caller of an environment that was entered and for whose return nobody waits. Its hart is none, so the fast return
 * leaves it to C; it is the end of every walk along callers.
 */
static struct env nobody;
/*
 * The caller of an environment whose caller is detached: its hart is none, too. The real one is in `caller_behind`,
 * written before this is, and only with abandon_lock held.
 */
static struct env stand_in;

static word_t caller_nobody(void) { return env_boundary(&nobody); }
static word_t caller_stand_in(void) { return env_boundary(&stand_in); }

static word_t caller_real(const struct env *callee, word_t caller)
{
    return caller == caller_stand_in() ? __atomic_load_n(&callee->caller_behind, __ATOMIC_RELAXED) : caller;
}

word_t pct_caller(const struct env *env)
{
    word_t caller = caller_real(env, __atomic_load_n(&env->caller, __ATOMIC_ACQUIRE));
    return caller == caller_nobody() ? 0 : caller;
}

bool pct_detach(struct env *caller)
{
    CLEANUP_LOCK(&abandon_lock);
    word_t boundary = __atomic_load_n(&caller->callee, __ATOMIC_ACQUIRE);
    if (boundary == 0)
        return false;
    struct env *callee = env_at(boundary);
    word_t expected = env_boundary(caller);
    if (__atomic_load_n(&callee->caller, __ATOMIC_RELAXED) != expected)
        return pct_is_detached(caller);
    __atomic_store_n(&callee->caller_behind, expected, __ATOMIC_RELAXED);
    return __atomic_compare_exchange_n(&callee->caller, &expected, caller_stand_in(), false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

bool pct_is_detached(const struct env *caller)
{
    word_t boundary = __atomic_load_n(&caller->callee, __ATOMIC_ACQUIRE);
    if (boundary == 0)
        return false;
    const struct env *callee = env_at(boundary);
    return __atomic_load_n(&callee->caller, __ATOMIC_ACQUIRE) == caller_stand_in() &&
           __atomic_load_n(&callee->caller_behind, __ATOMIC_RELAXED) == env_boundary(caller);
}

static bool is_called(const struct env *env) { return pct_caller(env) != 0; }

// The callee that is left to itself; NULL when another hart was faster, or it has returned, or returns at this moment.
static struct env *call_abandon(struct env *caller)
{
    CLEANUP_LOCK(&abandon_lock);
    word_t boundary = __atomic_load_n(&caller->callee, __ATOMIC_ACQUIRE);
    if (boundary == 0)
        return NULL;
    struct env *callee = env_at(boundary);
    word_t expected = pct_is_detached(caller) ? caller_stand_in() : env_boundary(caller);
    if (!__atomic_compare_exchange_n(&callee->caller, &expected, caller_nobody(), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return NULL;
    caller->callee = 0;
    caller->call_deadline = 0;
    return callee;
}

bool pct_abandon(struct env *caller)
{
    struct env *callee = call_abandon(caller);
    if (callee == NULL)
        return false;
    board_ready(caller);
    board_ready(callee); // nobody's time but its own is left for it
    return true;
}

void pct_unlink(struct env *env)
{
    if (env->callee != 0)
        pct_abandon(env);
    word_t boundary = caller_real(env, __atomic_exchange_n(&env->caller, 0, __ATOMIC_ACQ_REL));
    if (boundary == 0 || boundary == caller_nobody())
        return;
    struct env *caller = env_at(boundary);
    caller->callee = 0;
    caller->call_deadline = 0;
    caller->result_error = ERR_DEAD;
    caller->result_value = 0;
    __atomic_store_n(&caller->claim, CLAIM_AWAY, __ATOMIC_RELEASE); // it may have been detached
    env_post(caller, 0);
    board_ready(caller);
}

void pct_return_slowly(struct env *callee)
{
    CLEANUP_LOCK(&abandon_lock); // as long as the call stands its caller runs nowhere
    word_t caller = pct_caller(callee);
    if (caller != 0)
        env_at(caller)->hart = 0;
}

struct env *pct_chain_end(struct env *env)
{
    for (int depth = 0; depth <= CHAIN_MAX; depth++) {
        word_t callee = __atomic_load_n(&env->callee, __ATOMIC_ACQUIRE);
        if (callee == 0)
            return env;
        if (env->call_deadline != 0 && hw_time() >= env->call_deadline && pct_abandon(env)) {
            env->result_error = ERR_DEADLINE;
            env->result_value = 0;
            __atomic_store_n(&env->claim, CLAIM_STOPPED, __ATOMIC_RELEASE); // no fast path: a call with a deadline left no hart
            return env;
        }
        env = env_at(callee);
    }
    return NULL; // deeper than anybody may rely on: its members' own slices run it
}

struct env *pct_expire(struct env *env)
{
    struct env *late = NULL;
    word_t caller = pct_caller(env);
    for (int depth = 0; caller != 0 && depth < CHAIN_MAX; depth++) {
        struct env *waiter = env_at(caller);
        if (waiter->call_deadline != 0 && hw_time() >= waiter->call_deadline)
            late = waiter;
        caller = pct_caller(waiter);
    }
    if (late == NULL || pct_chain_end(late) != late)
        return NULL;
    env_wake(late);
    return late;
}

bool pct_invariant(const struct env *env)
{
    if (env->callee != 0 && pct_caller(env_at(env->callee)) != env_boundary(env)) // env (2)
        return false;
    if (is_called(env) && env_at(pct_caller(env))->callee != env_boundary(env))
        return false;
    return env->callee == 0 || env->claim == CLAIM_TAKEN;
}

// An environment's gate, as the claim word says it is open.
static long gate_claim(const struct env *env) { return env->gate; }
static word_t gate_address(long claim) { return (word_t)(claim < 0 ? -claim : claim); }

// Claims an accepting environment; 0 with the reason when it cannot be entered.
static word_t callee_claim(struct env *callee, enum error *error)
{
    long claim = __atomic_exchange_n(&callee->claim, CLAIM_TAKEN, __ATOMIC_ACQUIRE);
    if (claim == CLAIM_STOPPED || claim == CLAIM_AWAY)
        __atomic_store_n(&callee->claim, claim, __ATOMIC_RELEASE);
    if (!claim_is_gate(claim)) {
        *error = callee->state >= ENV_EXITED ? ERR_DEAD : ERR_BUSY;
        return 0;
    }
    return gate_address(claim);
}

static void message_copy(word_t *message, const word_t *regs)
{
    for (int i = 1; i < REGS; i++)
        message[i] = regs[i];
}

void trap_pct_call(struct env *env)
{
    struct hart *hart = hart_self();
    word_t *regs = env_save(env, SAVE_F_PC);
    slot_t slot = regs[REG_T2] % CAPS_MAX;
    word_t deadline = regs[REG_T3];
    enum error error = ERR_OK;
    word_t gate = 0;
    struct env *callee = cap_env(env, slot, RIGHT_CALL, &error);
    if (callee != NULL && deadline != 0 && hw_time() >= deadline)
        error = ERR_DEADLINE;
    else if (callee != NULL)
        gate = callee_claim(callee, &error);
    if (gate == 0) {
        trace_refused(env, error);
        regs[REG_T0] = error;
        regs[REG_PC] = regs[REG_RA];
        trap_load(env_boundary(env), regs);
    }

    word_t *message = env_save(callee, SAVE_F_PC);
    message_copy(message, regs);
    message[REG_PC] = gate;
    message[REG_SP] = callee->gate_sp;
    message[REG_T0] = 0;
    message[REG_T1] = env->self;
    env->pc = regs[REG_RA];
    env->sp = regs[REG_SP];
    env->call_deadline = deadline;
    env_gate_choose(callee); // an alarm may have gone off since
    word_t grace = env->grace;
    slice_account(hart, env);
    slice_enter(hart, callee);
    if (deadline != 0 || callee->floats)
        env->hart = 0; // the fast return would leave the deadline behind, or the callee's floating-point registers
    // Once the links are there another hart may end the wait and run the caller: from here on nothing of it is touched.
    __atomic_store_n(&callee->caller, env_boundary(env), __ATOMIC_RELEASE);
    __atomic_store_n(&env->callee, env_boundary(callee), __ATOMIC_RELEASE);
    slice_arm(hart, callee, grace);
    trap_load(env_boundary(callee), message);
}

// Opens the gate again and gives the hart up: nobody waits for what the callee did.
static void gate_reopen(struct env *env)
{
    slice_leave(env, ERR_OK, 0);
    slice_release(env, gate_claim(env));
    slice_back(DONATE_BLOCKED);
}

void trap_pct_return(struct env *env)
{
    word_t *regs = env_save(env, SAVE_F_PC);
    word_t boundary = caller_real(env, __atomic_exchange_n(&env->caller, 0, __ATOMIC_ACQ_REL));
    if (boundary == caller_nobody())
        gate_reopen(env);
    if (boundary == 0) {
        regs[REG_T0] = regs[REG_A0] = ERR_STATE;
        regs[REG_PC] = regs[REG_RA];
        trap_load(env_boundary(env), regs);
    }

    struct hart *hart = hart_self();
    struct env *caller = env_at(boundary);
    caller->callee = 0;
    caller->call_deadline = 0;
    word_t *message = env_save(caller, SAVE_F_PC);
    message_copy(message, regs);
    message[REG_PC] = caller->pc;
    message[REG_SP] = caller->sp;
    message[REG_T0] = ERR_OK;
    slice_account(hart, env);
    slice_enter(hart, caller);
    slice_arm(hart, caller, env->grace);
    env->grace = slice_grace();
    slice_release(env, gate_claim(env));
    if (caller->stop) {
        slice_preempt(caller);
        slice_back(DONATE_STOPPED);
    }
    if (*env_save(caller, SAVE_PENDING) & EVENT_BIT(ALARM)) // it went off while the call lasted
        trap_upcall(caller, message, CAUSE_SOFT);
    trap_load(env_boundary(caller), message);
}

sysret_t sys_pct_accept(word_t entry, word_t stack, word_t events)
{
    struct env *self = env_self();
    if (entry < USER_FIRST || entry >= USER_END || entry % 2 != 0) return refuse(ERR_RANGE);
    if (is_called(self))                                           return refuse(ERR_STATE);
    if (*env_save(self, SAVE_PENDING) & events)                    return refuse(ERR_PENDING);

    self->caller = 0; // it may have been nobody
    self->gate = (long)entry;
    env_gate_choose(self);
    self->gate_sp = stack;
    self->accept_pc = hw_return_pc();
    self->accept_sp = self->sp;
    self->accept_events = events;
    trace_event(hart_self(), TRACE_BLOCK, self, 0);
    slice_leave(self, ERR_OK, 0);
    slice_release(self, gate_claim(self));
    slice_back(DONATE_BLOCKED);
}

sysret_t sys_pct_send(slot_t slot, word_t message)
{
    enum error error;
    struct env *self = env_self();
    struct env *callee = cap_env(self, slot, RIGHT_CALL, &error);
    if (callee == NULL) return refuse(error);
    word_t gate = callee_claim(callee, &error);
    if (gate == 0)      return refuse(error);

    slice_leave(self, ERR_OK, 0);
    callee->caller = caller_nobody();
    callee->pc = gate;
    callee->sp = callee->gate_sp;
    callee->result_error = message;
    callee->result_value = self->self;
    board_ready(callee); // it runs on when this slice is over
    slice_release(self, CLAIM_STOPPED);
    slice_run(callee);
}
