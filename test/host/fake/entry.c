// SPDX-License-Identifier: BSD-2-Clause
/*
 * kernel/trap/entry.S, path by path and in the same order of stores, with what it does to the processor done
 * to the model. Where that file changes what it does, this one follows.
 */
#include "fake.h"

#include "cap/cap.h"
#include "irq/irq.h"
#include "machine/machine.h"
#include "pte/pte.h"
#include "revoke/revoke.h"
#include "slice/slice.h"
#include "stlb/stlb.h"

#include <rivet/board.h>
#include <string.h>

#define REG_A(n) (REG_A0 + (n))

#define SYSCALL(index, room, verb, arity, types, errors, text) sysret_t sys_##room##_##verb types;
#define HOTCALL(index, room, verb, errors, text)
#include <rivet/syscall.def>
#undef SYSCALL

// Nothing is traced here: a test knows what it called.
void trace_refused(const struct env *env, enum error error) { (void)env, (void)error; }
bool trace_is_call(long index) { (void)index; return false; } // the paths of this file are not watched
sysret_t trace_perform(struct env *env, long index, word_t *regs) { (void)env, (void)index, (void)regs; return (sysret_t){ERR_STATE, 0}; }

static struct env *user(void) { return env_at(hart_self()->current); }

// The end of every way out: user mode, in the environment with this boundary.
static void sret(word_t boundary)
{
    hart_self()->current = boundary; // sscratch, really; enter_kernel moves it there
    fake_self()->mode = FAKE_USER;
}

static void sstatus_set(word_t status) { fake_self()->float_on = status != 0; }

void trap_load(word_t boundary, const word_t *regs)
{
    sstatus_set(env_at(boundary)->status);
    memcpy(fake_self()->regs, regs, sizeof(fake_self()->regs));
    sret(boundary);
    longjmp(fake.exit, 1);
}

void trap_enter(word_t boundary, word_t begin)
{
    const struct env *env = env_at(boundary);
    word_t *regs = fake_self()->regs;
    sstatus_set(env->status);
    memset(regs, 0, sizeof(fake_self()->regs));
    regs[REG_RA] = env->pc;
    regs[REG_PC] = begin != 0 ? begin : env->pc;
    regs[REG_SP] = env->sp;
    regs[REG_A1] = env->result_value;
    regs[REG_A0] = regs[REG_T0] = (word_t)env->result_error;
    sret(boundary);
    longjmp(fake.exit, 1);
}

static void save_full(const struct env *env)
{
    memcpy(env_save(env, SAVE_F_PC), fake_self()->regs, sizeof(fake_self()->regs));
}

// Runs a piece of the kernel that either returns or leaves for user mode or sleep; true when it returned.
#define IN_KERNEL(statement)                                                                                 \
    (fake_self()->mode = FAKE_KERNEL, fake.returned = false,                                                 \
     setjmp(fake.exit) == 0 ? ({                                                                             \
         if (fake.snapshot) snapshot_take();                                                                 \
         statement;                                                                                          \
         fake.returned = true;                                                                               \
     })                                                                                                      \
                            : false)

static void exception_stopped(struct env *env)
{
    save_full(env);
    IN_KERNEL(trap_stopped(env_boundary(env), fake_self()->cause, fake_self()->address));
}

static void exception_deliver(struct env *env)
{
    word_t *regs = fake_self()->regs;
    word_t handler = *env_save(env, SAVE_X_HANDLER);
    if (handler == 0) {
        exception_stopped(env);
        return;
    }
    *env_save(env, SAVE_X_HANDLER) = 0;
    *env_save(env, SAVE_X_T2) = regs[REG_T2];
    *env_save(env, SAVE_X_T1) = regs[REG_T1];
    *env_save(env, SAVE_X_T0) = regs[REG_T0];
    regs[REG_T0] = fake_self()->cause;
    regs[REG_T1] = regs[REG_PC];
    regs[REG_T2] = fake_self()->address;
    regs[REG_PC] = handler;
    fake_self()->mode = FAKE_USER;
}

void trap_deliver(word_t boundary)
{
    memcpy(fake_self()->regs, env_save(env_at(boundary), SAVE_F_PC), sizeof(fake_self()->regs));
    fake.returned = true; // the caller of IN_KERNEL goes on with the exception
    longjmp(fake.exit, 1);
}

static void fence_everywhere(const struct space *space) // sfence.vma address, zero: in every space
{
    hw_fence_page(fake_self()->address, 0);
    if (space->asid != 0)
        hw_fence_page(fake_self()->address, space->asid);
}

// The fast refill; false when it is for C or the application to say.
static bool page_fault_fast(struct space *space, bool *bound)
{
    word_t vpn = fake_self()->address >> PAGE_SHIFT;
    lock_take(&space->lock);
    struct stlb_entry *entry = &space->stlb[vpn & space->stlb_mask];
    *bound = entry->vpn == vpn;
    pte_t *leaf = (pte_t *)entry->leaf;
    bool fill = *bound && leaf != NULL && *leaf == 0;
    if (fill)
        *leaf = entry->pte;
    lock_drop(&space->lock);
    if (fill)
        fence_everywhere(space);
    return fill;
}

// The walk where the machine's walkers do not set A and D.
static bool page_fault_noted(const struct env *env, bool *slow)
{
    static const pte_t wants[16] = {[12] = PTE_X, [13] = PTE_R, [15] = PTE_W};
    struct space *space = env->space;
    word_t address = fake_self()->address;
    if (address >= USER_END)
        return false;
    lock_take(&space->lock);
    struct pte_place place = pte_place_super(space, address);
    if (place.slot != NULL && !pte_is_super(*place.slot))
        place = pte_walk(space, address);
    pte_t pte = place.slot != NULL ? *place.slot : 0;
    if (place.slot != NULL && pte == 0 && env->stlb != NULL) {
        const struct stlb_entry *entry = &env->stlb->stlb[address >> PAGE_SHIFT & env->stlb->stlb_mask];
        bool bound = entry->vpn == address >> PAGE_SHIFT;
        *slow = bound && entry->leaf != (uint64_t)place.slot;
        pte = bound && !*slow ? entry->pte : 0;
    }
    bool noted = (pte & wants[fake_self()->cause]) != 0;
    if (noted)
        *place.slot |= pte | PTE_A | (fake_self()->cause == 15 ? PTE_D : 0);
    lock_drop(&space->lock);
    if (noted)
        fence_everywhere(space);
    return noted;
}

void entry_exception(void)
{
    struct env *env = user();
    bool bound = false; // ... and it is for C to say
    bool page_fault = fake_self()->cause == 12 || fake_self()->cause == 13 || fake_self()->cause == 15;
    if (page_fault && pte_hides)
        bound = true; // boot wrote a jump over page_fault, to the one or the other
    else if (page_fault && machine_info->walker_bits == 0 && page_fault_noted(env, &bound))
        return;
    else if (page_fault && machine_info->walker_bits && env->stlb != NULL && page_fault_fast(env->stlb, &bound))
        return;
    if (bound) {
        save_full(env);
        IN_KERNEL(trap_page_fault(env, fake_self()->cause, fake_self()->address));
        if (!fake.returned)
            return;
    }
    exception_deliver(env);
}

static void pct_call_slow(struct env *env)
{
    save_full(env);
    IN_KERNEL(trap_pct_call(env));
}

static void pct_call(struct env *env)
{
    word_t *regs = fake_self()->regs;
    const struct cap *cap = &env->caps[regs[REG_T2] & (CAPS_MAX - 1)];
    if (regs[REG_T3] != 0 || cap->frame->epoch != cap->epoch) {
        pct_call_slow(env);
        return;
    }
    struct env *callee = env_at(cap->gate);
    long gate = __atomic_exchange_n(&callee->claim, CLAIM_TAKEN, __ATOMIC_ACQUIRE);
    if (gate <= 0 || env->hart != callee->hart) {
        if (gate != 0)
            callee->claim = gate;
        pct_call_slow(env);
        return;
    }
    callee->caller = env_boundary(env);
    env->pc = regs[REG_RA];
    env->sp = regs[REG_SP];
    regs[REG_SP] = callee->gate_sp;
    hw_satp_switch(callee->satp);
    env->callee = env_boundary(callee);
    regs[REG_PC] = (word_t)gate;
    sstatus_set(0);
    regs[REG_T1] = env->self;
    sret(env_boundary(callee));
}

static void pct_return(struct env *env)
{
    word_t *regs = fake_self()->regs;
    word_t boundary = env->caller;
    env->caller = 0;
    if (boundary == 0 || env->hart != env_at(boundary)->hart) {
        env->caller = boundary;
        save_full(env);
        IN_KERNEL(trap_pct_return(env));
        return;
    }
    struct env *caller = env_at(boundary);
    caller->callee = 0;
    regs[REG_PC] = caller->pc;
    regs[REG_SP] = caller->sp;
    hw_satp_switch(caller->satp);
    sstatus_set(caller->status);
    env->claim = env->gate;
    regs[REG_T0] = ERR_OK;
    sret(boundary);
}

// True when it was done here.
static bool yield_to(struct env *env, word_t slot)
{
    if (env->grace != 0 || slot >= CAPS_MAX)
        return false;
    struct hart *hart = hart_self();
    const struct cap *cap = &env->caps[slot];
    if (cap->frame->epoch != cap->epoch || !(cap->rights & RIGHT_YIELD))
        return false;
    struct env *other = page_env(cap->frame);
    if (env->hart != other->hart || other->caller != 0 || other->flags != 0 || hart->floats != NULL ||
        hw_time() > hart->slice_end)
        return false;
    if (other->claim != CLAIM_STOPPED)
        return false;
    other->claim = CLAIM_TAKEN;
    env->ticks += hw_time() - hart->slice_started;
    hart->slice_started = hw_time();
    env->pc = fake_self()->regs[REG_RA];
    env->sp = fake_self()->regs[REG_SP];
    env->result_error = ERR_OK;
    env->result_value = 0;
    hw_satp_switch(other->satp);
    env->claim = CLAIM_STOPPED;
    fake_self()->mode = FAKE_KERNEL;
    if (setjmp(fake.exit) == 0)
        trap_enter(env_boundary(other), *env_save(other, SAVE_S_BEGIN));
    return true;
}

// True when it was done here.
static bool revoke_request(struct env *env, const word_t *a)
{
    if (env->grace != 0 || a[0] >= CAPS_MAX)
        return false;
    struct hart *hart = hart_self();
    const struct cap *cap = &env->caps[a[0]];
    if (cap->frame->epoch != cap->epoch || !(cap->rights & RIGHT_REVOKE) || a[1] >= REVOKE_KINDS || a[2] == 0)
        return false;
    struct env *victim = page_env(cap->frame);
    if (hart->floats != NULL || hw_time() >= a[3] || victim->claim != CLAIM_STOPPED || env->hart != victim->hart ||
        victim->caller != 0 || victim->flags != 0 || victim->revoke_by != 0)
        return false;
    victim->claim = CLAIM_TAKEN;
    victim->revoke_by = env->tag;
    *(uint32_t *)env_save(victim, SAVE_REVOKE_BY) = (uint32_t)env->tag;
    victim->revoke_kind = *env_save(victim, SAVE_REVOKE_KIND) = a[1];
    victim->revoke_left = *env_save(victim, SAVE_REVOKE_LEFT) = a[2];
    victim->revoke_deadline = *env_save(victim, SAVE_REVOKE_DEADLINE) = a[3];
    *env_save(victim, SAVE_PENDING) |= EVENT_BIT(REVOKE);
    env->ticks += hw_time() - hart->slice_started;
    hart->slice_started = hw_time();
    word_t *regs = fake_self()->regs;
    env->pc = regs[REG_RA];
    env->sp = regs[REG_SP];
    env->result_error = ERR_OK;
    env->result_value = a[3];
    hw_satp_switch(victim->satp);
    env->claim = CLAIM_STOPPED;
    word_t begin = *env_save(victim, SAVE_S_BEGIN);
    regs[REG_RA] = victim->pc;
    regs[REG_PC] = begin != 0 ? begin : victim->pc;
    regs[REG_SP] = victim->sp;
    regs[REG_A1] = victim->result_value;
    regs[REG_A0] = victim->result_error;
    sret(env_boundary(victim));
    return true;
}

// What others had in registers is gone; t0 to t6 are the kernel's.
static void registers_enter(const struct env *env, word_t begin, word_t a0, word_t a1)
{
    word_t *regs = fake_self()->regs;
    memset(regs, 0, sizeof(fake_self()->regs));
    regs[REG_RA] = env->pc;
    regs[REG_PC] = begin != 0 ? begin : env->pc;
    regs[REG_SP] = env->sp;
    regs[REG_A0] = a0;
    regs[REG_A1] = a1;
}

// Who runs leaves for the only donor, which learns why.
static void donor_return(struct env *env, struct env *donor, enum donate_reason why)
{
    struct hart *hart = hart_self();
    env->ticks += hw_time() - hart->slice_started;
    hart->slice_started = hw_time();
    if (env->entry != NULL)
        env->entry->ticks = env->ticks;
    env->result_error = ERR_OK;
    env->result_value = 0;
    hw_set_timer(hart->slice_end);
    hart->donation_count = hart->donation_slow = 0;
    hw_satp_switch(donor->satp);
    env->claim = CLAIM_STOPPED;
    registers_enter(donor, 0, ERR_OK, why);
    sret(env_boundary(donor));
}

static sysret_t notify(slot_t slot, word_t events)
{
    static const int kept[] = {REG_RA, REG_SP, 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27}; // and gp, tp, s0 to s11
    enum error error;
    struct env *to = cap_env(user(), slot, RIGHT_NOTIFY, &error);
    sysret_t answer = to == NULL ? sys_env_notify(slot, events) : notify_plain(to, events);
    if (answer.value == 0)
        return answer;
    struct env *env = user();
    const word_t *regs = fake_self()->regs;
    word_t *save = env_save(env, SAVE_F_PC);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        save[kept[i]] = regs[kept[i]];
    save[REG_PC] = regs[REG_RA];
    save[REG_A0] = save[REG_A1] = 0;
    env->full = 1;
    env->grace = 0;
    env->pc = regs[REG_RA];
    donor_return(env, env_at(answer.value), DONATE_EVENT);
    longjmp(fake.exit, 1);
}

// True when it was done here.
static bool slice_yield(struct env *env)
{
    struct hart *hart = hart_self();
    if (hart->donation_count != 1 || hart->donation_slow != 0 || hart->floats != NULL || env->slice_harts != 0)
        return false;
    struct env *donor = env_at(hart->donations[0].donor);
    if (env->entry != NULL && env->scheduler != donor)
        return false;
    env->pc = fake_self()->regs[REG_RA];
    env->sp = fake_self()->regs[REG_SP];
    donor_return(env, donor, DONATE_YIELDED);
    return true;
}

// True when it was done here.
static bool slice_donate(struct env *env, const word_t *a)
{
    struct hart *hart = hart_self();
    if (a[0] >= CAPS_MAX)
        return false;
    const struct cap *cap = &env->caps[a[0]];
    if (cap->frame->epoch != cap->epoch || !(cap->rights & RIGHT_YIELD))
        return false;
    struct env *other = page_env(cap->frame);
    if (hart->donation_count != 0 || hart->donation_slow != 0 || hart->floats != NULL || env->flags != 0 || env->caller != 0 ||
        *env_save(env, SAVE_PENDING) & a[2] || (a[3] != 0 && (other->entry == NULL || other->entry->word != a[3])))
        return false;
    word_t until = a[1] < hart->slice_end - 1 ? a[1] : hart->slice_end - 1;
    if (hw_time() >= until || other->claim != CLAIM_STOPPED || env->hart != other->hart || other->caller != 0 || other->flags != 0)
        return false;
    other->claim = CLAIM_TAKEN;
    hart->donations[0] = (struct donation){env_boundary(env), until, a[2]};
    hart->donation_count = 1;
    hw_set_timer(until);
    env->ticks += hw_time() - hart->slice_started;
    hart->slice_started = hw_time();
    env->pc = fake_self()->regs[REG_RA];
    env->sp = fake_self()->regs[REG_SP];
    hw_satp_switch(other->satp);
    registers_enter(other, *env_save(other, SAVE_S_BEGIN), other->result_error, other->result_value);
    sret(env_boundary(other));
    return true;
}

static sysret_t room_call(word_t number, const word_t *a)
{
#define PASS_0
#define PASS_1 a[0]
#define PASS_2 a[0], a[1]
#define PASS_3 a[0], a[1], a[2]
#define PASS_4 a[0], a[1], a[2], a[3]
#define PASS_5 a[0], a[1], a[2], a[3], a[4]
#define PASS_6 a[0], a[1], a[2], a[3], a[4], a[5]
    switch (number) {
    case CALL_slice_yield_to: return sys_slice_yield_to(a[0]);
    case CALL_slice_yield:    return sys_slice_yield();
    case CALL_slice_donate:   return sys_slice_donate(a[0], a[1], a[2], a[3]);
#define sys_env_notify notify
    case CALL_revoke_request: return sys_revoke_request(a[0], a[1], a[2], a[3]);
#define SYSCALL(index, room, verb, arity, types, errors, text) \
    case CALL_##room##_##verb: return sys_##room##_##verb(PASS_##arity);
#include <rivet/syscall.def>
#undef sys_env_notify
    }
    fake_fail("the test makes a call that is none");
}

static sysret_t call_general(struct env *env, word_t number, const word_t *arguments)
{
    word_t *regs = fake_self()->regs;
    fake_self()->sepc = regs[REG_RA];
    env->sp = regs[REG_SP];
    volatile sysret_t answer = {0};
    IN_KERNEL({
        sysret_t result = room_call(number, arguments);
        answer.error = result.error;
        answer.value = result.value;
    });
    if (fake.returned) {
        for (int i = 0; i < 8; i++) // nobody relies on what a call may change
            regs[REG_A(i)] = 0xdead;
        regs[REG_A0] = (word_t)answer.error;
        regs[REG_A1] = answer.value;
        regs[REG_PC] = fake_self()->sepc;
        regs[REG_SP] = env->sp;
        fake_self()->mode = FAKE_USER;
    }
    return (sysret_t){answer.error, answer.value};
}

sysret_t entry_call(word_t number, const word_t *arguments)
{
    struct env *env = user();
    word_t *regs = fake_self()->regs;
    sysret_t answer = {0};
    memcpy(&regs[REG_A0], arguments, 6 * sizeof(word_t));
    regs[REG_T0] = number;
    if (number == CALL_pct_call) {
        regs[REG_T2] = arguments[0];
        regs[REG_T3] = arguments[1];
        pct_call(env);
        fake.returned = fake_self()->mode == FAKE_USER && user() == env;
        answer.error = (long)regs[REG_T0];
    } else if (number == CALL_pct_return) {
        pct_return(env);
        fake.returned = fake_self()->mode == FAKE_USER && user() == env;
        answer.error = (long)regs[REG_T0];
    } else if (number == CALL_env_null) {
        regs[REG_A0] = 0;
        regs[REG_PC] = regs[REG_RA];
        fake.returned = true;
    } else if (number == CALL_slice_yield_to && yield_to(env, arguments[0])) {
        fake.returned = false;
    } else if (number == CALL_slice_yield && slice_yield(env)) {
        fake.returned = false;
    } else if (number == CALL_slice_donate && slice_donate(env, arguments)) {
        fake.returned = false;
    } else if (number == CALL_revoke_request && revoke_request(env, arguments)) {
        fake.returned = false;
    } else {
        answer = call_general(env, number, arguments);
    }
    return answer;
}

static void interrupt_deliver(struct env *env, word_t cause)
{
    word_t *regs = fake_self()->regs;
    *env_save(env, SAVE_I_T0) = regs[REG_T0];
    *env_save(env, SAVE_I_T1) = regs[REG_T1];
    *env_save(env, SAVE_I_T2) = regs[REG_T2];
    regs[REG_T0] = cause;
    regs[REG_T1] = regs[REG_PC];
    regs[REG_PC] = *env_save(env, SAVE_I_HANDLER);
    *env_save(env, SAVE_I_HANDLER) = 0;
}

static void interrupt_full(struct env *env, word_t cause)
{
    save_full(env);
    IN_KERNEL(trap_interrupt(env, cause));
    if (!fake.returned)
        return;
    fake_self()->mode = FAKE_KERNEL;
    if (setjmp(fake.exit) == 0)
        trap_load(env_boundary(env), env_save(env, SAVE_F_PC));
}

static void extern_entry(struct env *env)
{
    struct hart *hart = hart_self();
    word_t source = hw_device_read(hart->plic_claim);
    struct irq *irq = &hart->irqs[source];
    if (irq->boundary != env_boundary(env) || *env_save(env, SAVE_I_HANDLER) == 0) {
        hart->claimed = source;
        interrupt_full(env, CAUSE_EXTERN);
        return;
    }
    irq->hart = hart->boundary;
    *env_save(env, SAVE_PENDING) |= irq->events;
    interrupt_deliver(env, CAUSE_EXTERN);
}

void entry_interrupt(word_t cause)
{
    struct env *env = user();
    if (cause == CAUSE_EXTERN) {
        extern_entry(env);
    } else if (cause == CAUSE_TIMER && env->grace == 0 && *env_save(env, SAVE_I_HANDLER) != 0 &&
               fake_self()->timer == hart_self()->slice_end) {
        env->grace = env_boundary(env);
        fake_self()->timer += env->grace_ticks;
        interrupt_deliver(env, CAUSE_TIMER);
    } else if (cause == CAUSE_TIMER && env->grace == 0 && *env_save(env, SAVE_I_HANDLER) != 0 &&
               fake_self()->timer == env->alarm) {
        fake_self()->timer = hart_self()->slice_end;
        env->alarm = 0;
        *env_save(env, SAVE_PENDING) |= EVENT_BIT(ALARM);
        interrupt_deliver(env, CAUSE_SOFT);
    } else {
        interrupt_full(env, cause);
    }
}

// A sleeping hart goes on where it slept: it looks around.
void entry_wake(void)
{
    extern void slice_next(void) __attribute__((noreturn));
    IN_KERNEL(slice_next());
}
