// SPDX-License-Identifier: BSD-2-Clause
/*
 * Donations: a bounded part of one's time for somebody else; see slice.h.
 *
 * A donation ends when its receiver gives the hart up (slice_back), and by force (donate_look): at its time, for an event of
 * the donor's, when the donor is to stop, when the slice is taken. By force the outermost donor for whom there is a reason goes
 * on, in one step; whoever ran is switched whole, and donors further in have their answer and can be run by anybody. No
 * excess is charged: nobody on borrowed time could have known better.
 *
 * A donor that is poked is not the one that runs, so whoever posts an event to it interrupts its hart, and that one looks.
 */
#include "slice.h"

#include "board/board.h"
#include "cap/cap.h"
#include "kernel.h"
#include "pct/pct.h"
#include "trace/trace.h"
#include "trap/trap.h"

static struct env *donor_at(const struct hart *hart, word_t level) { return env_at(hart->donations[level].donor); }

bool donate_is_innermost(const struct hart *hart, const struct env *env)
{
    return hart->donation_count != 0 && donor_at(hart, hart->donation_count - 1) == env;
}

bool donate_is_donor(const struct hart *hart, const struct env *env)
{
    for (word_t level = 0; level < hart->donation_count; level++)
        if (donor_at(hart, level) == env)
            return true;
    return false;
}

// An alarm of a donor's ends its donation, if it named the event.
static word_t donation_end(const struct donation *donation)
{
    const struct env *donor = env_at(donation->donor);
    word_t alarm = donation->events & EVENT_BIT(ALARM) ? donor->alarm : 0;
    word_t end = alarm != 0 && alarm < donation->until ? alarm : donation->until;
    word_t deadline = slice_chain_deadline(donor);
    return deadline < end ? deadline : end;
}

word_t donate_end(const struct hart *hart)
{
    word_t end = NEVER;
    for (word_t level = 0; level < hart->donation_count; level++) {
        word_t one = donation_end(&hart->donations[level]);
        if (one < end)
            end = one;
    }
    return end;
}

// Why this donor goes on now, 0: nothing but its receiver will say.
static word_t donation_over(const struct hart *hart, word_t level)
{
    const struct donation *donation = &hart->donations[level];
    struct env *donor = env_at(donation->donor);
    if (donation->events & EVENT_BIT(ALARM))
        alarm_ring(donor);
    if (donor->stop)
        return DONATE_STOPPED; // whoever stops it takes it from here
    if (level == 0 && __atomic_load_n(&hart->donation_slow, __ATOMIC_RELAXED) == hart->position + 1)
        return DONATE_REVOKED;
    if (hw_time() >= donation->until)
        return DONATE_USED;
    return __atomic_load_n(env_save(donor, SAVE_PENDING), __ATOMIC_RELAXED) & donation->events ? DONATE_EVENT : 0;
}

// The outermost of the first `levels` donors that must go on now; `levels` when there is none, with `why` as it was.
static word_t donations_over(const struct hart *hart, word_t levels, enum donate_reason *why)
{
    for (word_t level = 0; level < levels; level++) {
        word_t reason = donation_over(hart, level);
        if (reason != 0) {
            *why = (enum donate_reason)reason;
            return level;
        }
    }
    return levels;
}

void donate_boot_hart(struct hart *hart) { hart->donation_slow = slice_grace() == 0 ? 0 : DONATION_SLOW; }

// Takes the innermost donor off the stack; it goes on with this answer.
static struct env *donor_pop(struct hart *hart, enum donate_reason why)
{
    struct env *donor = donor_at(hart, --hart->donation_count);
    if (hart->donation_count == 0)
        donate_boot_hart(hart);
    donor->result_error = ERR_OK;
    donor->result_value = why;
    trace_event(hart, TRACE_DONATE_END, donor, why);
    return donor;
}

void donate_drop(struct hart *hart, word_t depth)
{
    while (hart->donation_count > depth)
        slice_release(donor_pop(hart, DONATE_USED), CLAIM_STOPPED);
}

static void donor_go_on(struct hart *hart, word_t level, enum donate_reason why) __attribute__((noreturn));
static void donor_go_on(struct hart *hart, word_t level, enum donate_reason why)
{
    donate_drop(hart, level + 1);
    struct env *donor = donor_pop(hart, why);
    if (donor->stop) {
        slice_release(donor, CLAIM_STOPPED);
        slice_back(DONATE_STOPPED);
    }
    slice_enter(hart, donor);
    slice_arm(hart, donor, 0);
    trap_enter(env_boundary(donor), 0); // behind its call: no slice begins
}

// The innermost donor has its answer from the receiver. What concerns those further out may have come in the same moment.
void slice_back(enum donate_reason why)
{
    struct hart *hart = hart_self();
    if (hart->donation_count == 0)
        slice_next();
    word_t level = donations_over(hart, hart->donation_count - 1, &why);
    donor_go_on(hart, level, why);
}

void donate_look(struct hart *hart, struct env *env)
{
    enum donate_reason why = DONATE_USED;
    word_t level = donations_over(hart, hart->donation_count, &why);
    if (level == hart->donation_count)
        return;
    slice_preempt(env);
    donor_go_on(hart, level, why);
}

void donate_revoke(word_t index, word_t position)
{
    struct hart *hart = hart_number(index);
    if (hart->donation_count == 0 || __atomic_load_n(&hart->position, __ATOMIC_RELAXED) != position)
        return;
    __atomic_store_n(&hart->donation_slow, (uint32_t)position + 1, __ATOMIC_SEQ_CST);
    if (hart == hart_self())
        hw_soft_set();
    else
        hart_poke(index);
}

bool donate_invariant(const struct hart *hart)
{
    word_t until = hart->slice_end - 1;
    for (word_t level = 0; level < hart->donation_count; level++) {
        const struct donation *donation = &hart->donations[level];
        const struct env *donor = env_at(donation->donor);
        if (donor->claim != CLAIM_TAKEN || donor->callee != 0 || donor->state != ENV_READY || donor->hart != hart->boundary)
            return false;
        if (donation->until > until)
            return false;
        until = donation->until;
        for (word_t other = 0; other < level; other++)
            if (donor_at(hart, other) == donor)
                return false;
    }
    return hart->donation_count <= DONATIONS_MAX;
}

// The end of whose time is asked for, clipped to one's own. The timer fires before the slice's end, which is not its receiver's.
static word_t until_clip(const struct hart *hart, word_t until)
{
    word_t own = hart->donation_count == 0 ? hart->slice_end - 1 : hart->donations[hart->donation_count - 1].until;
    return until < own ? until : own;
}

sysret_t sys_slice_donate(slot_t slot, word_t until, word_t events, word_t word)
{
    enum error error;
    struct hart *hart = hart_self();
    struct env *self = env_self();
    struct env *env = cap_env(self, slot, RIGHT_YIELD, &error);
    if (env == NULL)                                         return refuse(error);
    if (env == self)                                         return refuse(ERR_STATE);
    struct env *end = pct_chain_end(env);
    if (end == NULL || end->state != ENV_READY)              return refuse(ERR_STATE);
    if (hart->donation_count == DONATIONS_MAX)               return refuse(ERR_DEPTH);
    if (*env_save(self, SAVE_PENDING) & events)              return refuse(ERR_PENDING);
    until = until_clip(hart, until);
    if (hw_time() >= until)                                  return refuse(ERR_DEADLINE);
    if (word != 0 && !board_agrees(env, word))               return refuse(ERR_CHANGED);
    if (!slice_claim(end)) {
        if (board_concerns(end))
            board_settle(end);
        return refuse(ERR_BUSY);
    }

    trace_event(hart, TRACE_DONATE, self, hart->donation_count + 1);
    slice_leave(self, ERR_OK, DONATE_USED);
    if (hart->donation_count == 0)
        hart->donation_slow = DONATION_SLOW;
    hart->donations[hart->donation_count++] = (struct donation){env_boundary(self), until, events};
    __atomic_store_n(&self->hart, hart->boundary, __ATOMIC_SEQ_CST); // its floating-point registers left it
    hw_order();
    if (self->stop || *env_save(self, SAVE_PENDING) & events)
        hw_soft_set(); // by somebody who did not find it there
    slice_run(end);
}
