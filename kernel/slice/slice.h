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
 * Whoever has a hart can donate what is left of its time, or less, to another (donate.c), which comes back to it. The hart
 * keeps a stack of donors. A donor is taken (its claim is 0) and on no other hart; who runs is told by no pointer: the last
 * donor's receiver, or whoever that yielded to or called.
 *
 *   slice's owner, or the end of its chain of calls --slice_donate--> receiver --slice_donate--> receiver
 *        donations[0].donor                              donations[1].donor                    runs
 *
 * A scheduler (board/board.h) that uses its turns to their end and runs nobody loses them to those it schedules (stall.c).
 *
 * Invariants
 *   (1) A slice's owner exists, and env.slice_harts has the bit of every hart on which it owns one.
 *   (2) A hart that runs an environment has its timer set, to no later than the end of the slice
 *       and its alarm, unless the slice is over and its grace time runs;
 *       and to no later than the `until` of every donor, which are before the end of the slice.
 *   (3) Donors are ready, taken, wait for no call, believe that they are on this hart, and stand on one stack once. An inner
 *       one's time ends no later than an outer one's.
 */
#ifndef KERNEL_SLICE_H
#define KERNEL_SLICE_H

#include "env/env.h"
#include "trap/hart.h"
#include <rivet/slice.h>

#define SLICE_HZ       100   // slices a second
#define GRACE_HZ       5000  // the end of a slice may take 1/5000 s
#define EXCESS_SLICES  4     // an environment never owes more than this many slices
#define STALL_LOOKS    16    // children that are tried for one turn of a stalled scheduler

// Whose each slice is, by hart and position: the table that everybody may read.
extern struct slice (*slice_vectors)[SLICES_MAX];

void slice_boot(struct slice (*vectors)[SLICES_MAX], word_t timebase_hz, env_t init);

// Runs the next slice. The environment that the hart ran is off it already, and nobody's donation is left.
void slice_next(void) __attribute__((noreturn));
// The same for whoever may have run on donated time: then a donor goes on, and learns why.
void slice_back(enum donate_reason why) __attribute__((noreturn));
// Whoever ran is off the hart: runs `env` instead, if it can, on the same time.
void slice_instead(struct env *env) __attribute__((noreturn));
// A yield by `self` where nothing is unusual (plain.c); returns when something is, and nothing has changed.
void slice_yield_plain(struct hart *hart, struct env *self);
// The call env_notify to this environment. It answers with the boundary of a donor that goes on instead of the caller, or 0.
sysret_t notify_plain(struct env *env, word_t events);
// From the present moment on a turn of the hart's slice runs.
void slice_begin(struct hart *hart);
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
void donate_boot_hart(struct hart *hart);
// The next moment at which a donation on this hart may have to end, NEVER when there is none.
word_t donate_end(const struct hart *hart);
// Ends donations that must end: whose time is over, or for whose donor an event is pending. `env` runs, and is switched then.
void donate_look(struct hart *hart, struct env *env);
// The innermost donations down to `depth` end; their donors may be run by anybody.
void donate_drop(struct hart *hart, word_t depth);
bool donate_is_donor(const struct hart *hart, const struct env *env);
bool donate_is_innermost(const struct hart *hart, const struct env *env); // it goes on when whoever runs gives the hart up
// A slice changes hands by force: donations of its present turn end.
void donate_revoke(word_t hart, word_t position);
bool donate_invariant(const struct hart *hart);
// The earliest deadline or alarm of those that wait in calls for this environment, NEVER when there is none.
word_t slice_chain_deadline(const struct env *env);
#define NEVER (~0ul)
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
sysret_t sys_slice_yield(void);
sysret_t sys_slice_donate(slot_t slot, word_t until, word_t events, word_t word);

// The turn of a slice whose owner has a board is over; `whole`: it was used to its end (stall.c).
void stall_look(struct hart *hart, struct env *owner, bool whole);
// Takes whom a turn of an owner that stalled goes to in its place; NULL: the turn is its own.
struct env *stall_claim(struct env *owner);

bool slice_invariant(void);

#endif
