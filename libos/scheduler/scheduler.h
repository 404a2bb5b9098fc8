// SPDX-License-Identifier: BSD-2-Clause
/*
 * A scheduler environment: this program runs others on its own time, and a policy (sched/sched.h) says whom and for how
 * long. The kernel writes on a board (rivet/board.h) who of them has something to do; the scheduler picks, and donates
 * (rivet/slice.h). So nobody else has to know that they are scheduled, and their own slices are none.
 *
 *     scheduler_begin(ops, seed, hooks, first_slot)
 *     scheduler_add(&one, env)         an environment that this program created and that never ran
 *     scheduler_run(until)             until that time, or until all have ended
 *     scheduler_remove(&one)           before it is destroyed
 *
 * One scheduler in a program, and no threads in it. It decides for one hart, its own, or for several
 * (scheduler_begin_on): an environment is on one hart at a time, so it makes a small environment for each of the
 * others, a *dispatcher*, which has the program's slices there and runs whom it is told to. A policy that breaks its
 * rules, does not come back or crashes loses the environments to the driver's own round robin; sched_misuse() tells.
 */
#ifndef LIBOS_SCHEDULER_H
#define LIBOS_SCHEDULER_H

#include <libos/loader/child.h>
#include <libos/sched/driver.h>
#include <rivet/board.h>

// One that is scheduled. What it is to the policy (weight, priority, period ...) is written into `task` before it is
// added.
struct scheduled {
    struct sched_task task; // first. Its id is its index on the board. `harts`: 0 is all
    env_t env;
    word_t deadline;        // when it is blocked: from when on it may run in any case, ticks; 0: never
    uint32_t want;          // what it asks its scheduler, 0: nothing
    bool parked;            // it waits for another child
    void *object;           // for what: a mutex, a barrier
    uint64_t due, remaining;// the job that it begins
    struct scheduled *next; // of those who wait for the same, or are to be woken
};

// The capabilities by which time is donated stand in slots from first_slot on, one for each environment. NULL or a
// sentence.
const char *scheduler_begin(const struct sched_ops *ops, uint64_t seed, const struct sched_hooks *hooks, slot_t first_slot);

// The same on so many harts, which scheduler_harts() has; one slot more for each but the first.
const char *scheduler_begin_on(uint32_t harts, const struct sched_ops *ops, uint64_t seed, const struct sched_hooks *hooks,
                               slot_t first_slot);

// On how many harts this program has slices, which a scheduler may use.
uint32_t scheduler_harts(void);

// NULL or a sentence. The environment starts.
const char *scheduler_add(struct scheduled *one, env_t env);

// It is stopped, if it runs.
void scheduler_remove(struct scheduled *one);

// True: somebody is left that has not ended. What runs on other harts then finishes its turn there.
bool scheduler_run(word_t until);

// The dispatchers are gone, and their slices are this program's again. What they ran stays where it is.
void scheduler_end(void);

// Nanoseconds as the policy sees them.
uint64_t scheduler_now(void);

/*
 * A small environment in this program's own space: entry(argument) on a stack of its own. It shares all memory and has
 * nothing else: no upcalls, no library that keeps something in the save area (so no threads, locks, printf or errno),
 * and no memory that is not there yet. It may make calls (sys_...), and ends by sys_env_exit.
 */
env_t worker_create(void (*entry)(word_t argument), word_t argument, word_t stack_top);
void worker_destroy(env_t env);

/*
 * Workers that are scheduled may wait for each other: each function is called by the worker that `self` describes. A
 * lock that is free, and one that nobody waits for, cost no call. Else the scheduler is asked: the worker writes down
 * what it wants and gives the hart up. The policy hears who waits for whose lock (ops.inherit); waiters have it in the
 * order they came.
 */
struct scheduled_mutex { // free when all zeros
    uint32_t word;       // its owner's id, and whether somebody waits
    struct scheduled *waiters;
};
bool scheduled_try(struct scheduled *self, struct scheduled_mutex *mutex);
void scheduled_lock(struct scheduled *self, struct scheduled_mutex *mutex);
void scheduled_unlock(struct scheduled *self, struct scheduled_mutex *mutex);

// For `count` of them, at which each waits until all have come; good for any number of times.
struct scheduled_barrier {
    size_t count, came;
    struct scheduled *waiters;
};
void scheduled_meet(struct scheduled *self, struct scheduled_barrier *barrier);

// Its present job is done and the next begins now: until when it must be done (0: no deadline), what it needs (0: not
// known).
void scheduled_job(struct scheduled *self, uint64_t due, uint64_t remaining);

#endif
