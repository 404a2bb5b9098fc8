// SPDX-License-Identifier: BSD-2-Clause
/*
 * slice: time. Each hart cycles through a vector of slices in order; a slice belongs to an environment, and
 * its position is its meaning.
 *
 * A slice goes to its owner, or to the end of the chain of calls the owner waits for. An owner that has nothing
 * to do is passed over; one that overran an earlier slice pays for it first. When nobody has anything to do
 * the hart sleeps on the kernel's own root.
 *
 * Inside a slice an environment can have itself interrupted early, by an alarm (alarm.c). It stays set until it goes off: by
 * the timer when it has the hart, else when it next has it. It ends a wait that wants it. Nobody can set another's.
 *
 * Invariants
 *   (1) A slice's owner exists, and env.slice_harts has the bit of every hart on which it owns one.
 *   (2) A hart that runs an environment has its timer set, to no later than the end of the slice
 *       and its alarm, unless the slice is over and its grace time runs.
 */
#ifndef KERNEL_SLICE_H
#define KERNEL_SLICE_H

#include "env/env.h"
#include "trap/hart.h"

#define SLICE_HZ       100   // slices a second
#define GRACE_HZ       5000  // the end of a slice may take 1/5000 s
#define EXCESS_SLICES  4     // an environment never owes more than this many slices

void slice_boot(struct slice (*vectors)[SLICES_MAX], word_t timebase_hz, env_t init);

// Leaves whatever this hart did and runs what comes next. The environment it ran is off the hart already.
void slice_next(void) __attribute__((noreturn));
// Runs an environment whose claim the caller took, to the end of the present slice.
void slice_run(struct env *env) __attribute__((noreturn));
// Takes the hart from the environment it runs; it goes on later with this answer. Its registers are lost.
void slice_leave(struct env *env, enum error error, word_t value);
// The same, with all its registers in the full-switch slot.
void slice_preempt(struct env *env);
// It is off its hart: from here on another hart, or a caller, may take it.
void slice_release(struct env *env, long claim);
// Time goes to whoever ran, an overrun to the slice.
void slice_account(struct hart *hart, struct env *env);
// The hart becomes this environment's: space, floating-point registers.
void slice_enter(struct hart *hart, struct env *env);
// Sets the timer for an environment that goes on in the present slice; `grace` as of whoever ran before it.
void slice_arm(struct hart *hart, struct env *env, word_t grace);
// The timer fired and the assembly path did not serve it.
void slice_tick(struct env *env);
// What an environment that is being destroyed owns goes to its creator.
void slice_disown(struct env *env, struct env *heir);
// Takes a slice from its owner. What is left of its present turn is used up as it began.
enum error slice_take(word_t hart, word_t position, struct env *from, struct env *to);
// When an environment that waits goes on by itself, 0: only for an event.
word_t slice_wait_end(const struct env *env);
// Sets the event of an alarm whose time has come; false when there is none.
bool alarm_ring(struct env *env);
// The same for the environment that runs, and those that wait for it to return.
void alarm_ring_chain(struct env *env);
// Takes an environment that a hart or a chain of calls may run; false when it has nothing to do.
bool slice_claim(struct env *env);
// What env.grace is at the start: 1 where the timer needs the slow path anyway.
word_t slice_grace(void);
void slice_set_timer(struct hart *hart, word_t time);

// What the trap path cannot do in a hurry.
sysret_t sys_slice_yield_to(slot_t slot);

bool slice_invariant(void);

#endif
