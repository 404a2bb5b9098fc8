// SPDX-License-Identifier: BSD-2-Clause
/*
 * The plain cases of what changes who runs, in few instructions: there is nothing unusual about either side.
 *
 * A yield, when the next position of the vector belongs to somebody who is ready. It does what slice_leave, slice_release and
 * slice_next do, and leaves out what changes nothing then:
 *
 *   the yielder    has no floating-point registers here, no caller, no debt, no donor, and no deadline around it: its grace word is
 *                  0. It waits for nothing, so its scheduler is shown what it used, and not told that it stopped.
 *   the next one   is only off its hart (flags is 0, and its claim says so), which is this one; so the hart remembers its
 *                  space, its code is not new, and it has no alarm.
 *
 * Nobody is idle meanwhile who would have to be: the hart does not sleep.
 *
 * An event by which the only donor goes on: its own, or one for a child of its board that waits for it. The trap path does what
 * slice_preempt and donor_go_on do (kernel/trap/entry.S), and what is left out of env_wake changes nothing, for
 *
 *   who posts      has no slices and no board but the donor's, and its hart no floating-point registers.
 *   the child      is off its hart and has no slices, no caller and no floating point: nobody else would run it.
 *   the donor      has no alarm, caller, board above it or floating point, and is not to stop. Its slice is still its own.
 */
#include "slice.h"

#include "board/board.h"
#include "kernel.h"
#include "machine/machine.h"
#include "page/page.h"
#include "space/space.h"
#include "trap/trap.h"

// The owner of a slice is some environment, or was one when this hart entered the kernel: then it is still taken.
static inline struct env *slice_owner(const struct slice *slice)
{
    // Its name is below 2^31, for it lies in the direct map: as a signed word it takes two instructions less to load.
    word_t number = (word_t)__atomic_load_n((const int32_t *)&slice->env, __ATOMIC_RELAXED) - pages.first;
    return env_at(pages.boundaries + number * PAGE_SIZE);
}

// Its claim, if it is only off this hart and goes on where it gave it up.
static inline bool claim_plain(struct env *env, const struct hart *hart)
{
    long claim = __atomic_exchange_n(&env->claim, CLAIM_TAKEN, __ATOMIC_ACQUIRE);
    if (claim == CLAIM_STOPPED && env->hart == hart->boundary && env->flags == 0 && env->caller == 0)
        return true;
    if (claim != CLAIM_TAKEN)
        __atomic_store_n(&env->claim, claim, __ATOMIC_RELEASE);
    return false;
}

void slice_yield_plain(struct hart *hart, struct env *self)
{
    word_t now = hw_time();
    word_t unusual = (word_t)hart->floats | hart->donation_count | hart->traced | self->grace | self->caller;
    if (unusual != 0 || now > hart->slice_end)
        return;
    if (!(self->slice_harts >> hart->index & 1))
        return; // it ran on borrowed time: harts where it has its own may sleep
    struct slice *vector = slice_vectors[hart->index], *before = &vector[hart->position];
    word_t position = (hart->position + 1) % SLICES_MAX, ticks = machine_info->slice_ticks;
    struct slice *slice = &vector[position];
    if (slice->excess >= ticks)
        return;
    struct env *env = slice_owner(slice);
    if (!claim_plain(env, hart))
        return;

    self->ticks += now - hart->slice_started;
    board_ticks_show(self);
    before->used += now - hart->slice_begun;
    hart->slice_started = hart->slice_begun = now;
    hart->slice_end = now + ticks;
    hart->position = position;
    self->pc = hw_return_pc();
    self->result_error = ERR_OK;
    self->result_value = 0;
    hw_set_timer(hart->slice_end);
    hw_satp_switch(env->satp);
    __atomic_store_n(&self->claim, CLAIM_STOPPED, __ATOMIC_RELEASE); // last: another hart may take it now
    trap_enter(env_boundary(env), *env_save(env, SAVE_S_BEGIN));
}

// Nothing is unusual about the only donor of this hart, and about whoever runs on its time and is to be switched.
static inline bool donor_plain(const struct hart *hart, const struct env *self, const struct env *donor)
{
    if (hart->donation_count != 1 || hart->donation_slow == hart->position + 1)
        return false;
    if ((donor->flags | donor->caller | (word_t)donor->entry | donor->grace | (word_t)hart->floats | hart->traced) != 0)
        return false;
    return self->slice_harts == 0 && (self->entry == NULL || self->scheduler == donor);
}

// Only its scheduler can run it.
static inline bool child_plain(const struct env *child)
{
    return child->claim != CLAIM_TAKEN && (child->caller | child->floats | child->slice_harts) == 0;
}

// The boundary of the donor that goes on at once because these were posted to `env`; 0: whoever is to notice is still to be told.
static inline word_t donor_woken(const struct hart *hart, struct env *env, word_t events)
{
    const struct donation *donation = &hart->donations[0];
    const struct env *donor = env_at(donation->donor);
    if (!donor_plain(hart, env_at(hart->current), donor))
        return 0;
    if (env == donor)
        return donation->events & events ? donation->donor : 0;
    if (!(donation->events & EVENT_BIT(BOARD)) || !child_plain(env) || !board_wake_plain(env, donor, events))
        return 0;
    return donation->donor;
}

sysret_t notify_plain(struct env *env, word_t events)
{
    if (events == 0 || (events & ~EVENTS_OWN))
        return refuse(ERR_RANGE);
    __atomic_fetch_or(env_save(env, SAVE_PENDING), events, __ATOMIC_SEQ_CST);
    hw_order(); // the event comes before the look at who waits for it
    word_t donor = donor_woken(hart_self(), env, events);
    return donor != 0 ? done(donor) : env_told(env, events);
}
