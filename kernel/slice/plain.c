// SPDX-License-Identifier: BSD-2-Clause
/*
 * The plain case of a yield, in few instructions: the next position of the vector belongs to somebody who is ready, and there
 * is nothing unusual about either side. It does what slice_leave, slice_release and slice_next do, and leaves out what changes
 * nothing then:
 *
 *   the yielder    has no floating-point registers here, no board, no caller, no debt, and no deadline or donation around it:
 *                  its grace word is 0. So nobody is told that it stopped.
 *   the next one   is only off its hart (flags is 0, and its claim says so), which is this one; so the hart remembers its
 *                  space, its code is not new, and it has no alarm.
 *
 * Nobody is idle meanwhile who would have to be: the hart does not sleep.
 */
#include "slice.h"

#include "machine/machine.h"
#include "page/page.h"
#include "space/space.h"
#include "trap/trap.h"

// The owner of a slice is some environment, or was one when this hart entered the kernel: then it is still taken.
static inline struct env *slice_owner(const struct slice *slice)
{
    word_t number = __atomic_load_n(&slice->env, __ATOMIC_RELAXED) - pages.first;
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
    if (hart->floats != NULL || (self->grace | self->caller | (word_t)self->entry) != 0 || now > hart->slice_end)
        return;
    if (hart->traced || !(self->slice_harts >> hart->index & 1))
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
