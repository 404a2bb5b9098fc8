// SPDX-License-Identifier: BSD-2-Clause
// What must hold whenever no hart is in the kernel; see fake.h.

#include "fake.h"

#include "board/board.h"
#include "machine/machine.h"
#include "pct/pct.h"

static void hart_check(const struct fake_hart *hart, const struct hart *known)
{
    const char *wrong = tlb_wrong(&hart->tlb);
    if (wrong != NULL)
        fake_fail(wrong);
    if (hart->mode == FAKE_SLEEPS && hart->satp != space_kernel_satp)
        fake_fail("an idle hart holds on to a space");
    if (hart->mode != FAKE_USER)
        return;
    const struct env *env = env_at(known->current);
    if (env_named(env->self) != env || hart->satp != env->satp || env->hart != known->boundary)
        fake_fail(env->hart != known->boundary ? "a hart runs an environment that believes it runs elsewhere"
                                               : "a hart runs an environment in a space that is not its own");
    if (env->claim != CLAIM_TAKEN || env->callee != 0 || env->state != ENV_READY)
        fake_fail("a hart runs an environment that may not run");
    if (hart->float_on != (env->status != 0) || (env->status != 0 && known->floats != env))
        fake_fail("a hart's floating-point unit is on for the wrong one");
    if (!(env->space->ran >> known->index & 1))
        fake_fail("a hart runs a space that does not know");
    if (hart->timer > known->slice_end + machine_info->grace_ticks)
        fake_fail("a hart runs on with no timer set"); // slice (2)
    for (word_t level = 0; level < known->donation_count; level++)
        if (hart->timer > known->donations[level].until || env_boundary(env) == known->donations[level].donor)
            fake_fail("a hart runs past a donor's time, or a donor itself"); // slice (2), (3)
    if (env->alarm != 0 && hart->timer > env->alarm && hart->timer <= known->slice_end && env->grace < 2)
        fake_fail("an environment runs past its alarm"); // slice (2)
    for (word_t i = 0; i < hart_count; i++)
        if (fake_harts[i].mode == FAKE_USER && i != known->index && hart_number(i)->current == known->current)
            fake_fail("two harts run the same environment");
}

// Would a hart that looks at this environment's slices find something to run?
static const struct env *ready(const struct env *env)
{
    for (int depth = 0; env->callee != 0; depth++) {
        if (depth == CHAIN_MAX)
            return NULL;
        if (env->call_deadline != 0 && fake.time >= env->call_deadline)
            return env;
        env = env_at(env->callee);
    }
    if (env->claim == CLAIM_TAKEN || env->stop)
        return NULL;
    for (word_t i = 0; i < hart_count; i++)
        if (hart_number(i)->floats == env && fake_pending(&fake_harts[i]) != 0)
            return NULL; // its floating-point registers are about to come home
    if (!claim_is_gate(env->claim) && !env->waiting)
        return env;
    bool late = env->waiting && env->wait_deadline != 0 && fake.time >= env->wait_deadline;
    word_t events = claim_is_gate(env->claim) ? env->accept_events : env->wait_events;
    bool rings = env->alarm != 0 && fake.time >= env->alarm;
    word_t pending = *env_save(env, SAVE_PENDING) | (rings ? EVENT_BIT(ALARM) : 0);
    return late || pending & events ? env : NULL;
}

// Is there a hart with a slice of this environment that will look, or is awake?
static bool looked_at(const struct env *owner)
{
    for (word_t i = 0; i < hart_count; i++) {
        const struct fake_hart *hart = &fake_harts[i];
        bool has = false;
        for (word_t position = 0; position < SLICES_MAX; position++)
            has |= fake_vectors[i][position].env == owner->self;
        if (has && (hart->mode != FAKE_SLEEPS || fake_pending(hart) != 0 ||
                    hart->timer <= fake.time + fake_info.slice_ticks))
            return true;
    }
    return false;
}

// Nobody who could run, and has time somewhere, is forgotten while harts sleep.
static void sleepers_check(void)
{
    for (word_t i = 0; i < hart_count; i++)
        for (word_t position = 0; fake_harts[i].mode == FAKE_SLEEPS && position < SLICES_MAX; position++) {
            const struct env *owner = env_named(fake_vectors[i][position].env);
            if (owner != NULL && ready(owner) != NULL && !looked_at(owner))
                fake_fail("all harts with a slice of an environment that could run sleep");
        }
}

// Nobody whose wait an event has ended is said to wait; its deadline is for its scheduler to know.
static void board_check(void)
{
    for (word_t i = 0; i < pages.count; i++) {
        const struct env *child = pages.table[i].kind == PAGE_ENV ? page_env(&pages.table[i]) : NULL;
        if (child == NULL || child->entry == NULL || BOARD_STATE(child->entry->word) != BOARD_BLOCKED || child->state == ENV_NEW)
            continue;
        if (child->claim == CLAIM_TAKEN && child->callee == 0 && child->caller == 0 && !child->stop)
            fake_fail("an environment runs that is said to wait");
        word_t deadline = child->entry->deadline;
        bool serves = pct_caller(child) != 0; // its caller's time is enough
        bool runs = serves ? *env_save(child, SAVE_PENDING) & child->board_events : ready(child) != NULL;
        if (runs && (deadline == 0 || fake.time < deadline))
            fake_fail("an environment that could run is said to wait");
    }
}

void fake_check(void)
{
    sleepers_check();
    board_check();
    if (structure_lock != 0)
        fake_fail("the structure lock is still held");
    for (word_t i = 0; i < hart_count; i++)
        hart_check(&fake_harts[i], hart_number(i));
}
