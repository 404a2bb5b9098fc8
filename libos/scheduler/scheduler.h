// SPDX-License-Identifier: BSD-2-Clause
/*
 * A scheduler environment: this program runs others on its own time, and a policy (sched/sched.h) says whom and for how long.
 * The kernel writes on a board (rivet/board.h) who of them has something to do; the scheduler picks, and donates
 * (rivet/slice.h). So nobody else has to know that they are scheduled, and their own slices are none.
 *
 *     scheduler_begin(ops, seed, hooks, first_slot)
 *     scheduler_add(&one, env)         an environment that this program created and that never ran
 *     scheduler_run(until)             until that time, or until all have ended
 *     scheduler_remove(&one)           before it is destroyed
 *
 * One hart, one scheduler in a program, and no threads in it. A policy that breaks its rules, does not come back or crashes
 * loses the environments to the driver's own round robin; sched_misuse() tells.
 */
#ifndef LIBOS_SCHEDULER_H
#define LIBOS_SCHEDULER_H

#include <libos/loader/child.h>
#include <libos/sched/driver.h>
#include <rivet/board.h>

// One that is scheduled. What it is to the policy (weight, priority, period ...) is written into `task` before it is added.
struct scheduled {
    struct sched_task task; // first. Its id is its index on the board, `harts` all
    env_t env;
    word_t deadline;        // when it is blocked: from when on it may run in any case, ticks; 0: never
};

// The capabilities by which time is donated stand in slots from first_slot on, one for each environment. NULL or a sentence.
const char *scheduler_begin(const struct sched_ops *ops, uint64_t seed, const struct sched_hooks *hooks, slot_t first_slot);

// NULL or a sentence. The environment starts.
const char *scheduler_add(struct scheduled *one, env_t env);

// It is stopped, if it runs.
void scheduler_remove(struct scheduled *one);

// True: somebody is left that has not ended.
bool scheduler_run(word_t until);

// Nanoseconds as the policy sees them.
uint64_t scheduler_now(void);

/*
 * A small environment in this program's own space: entry(argument) on a stack of its own. It shares all memory and has
 * nothing else: no upcalls, no library that keeps something in the save area (so no threads, locks, printf or errno), and no
 * memory that is not there yet. It may make calls (sys_...), and ends by sys_env_exit.
 */
env_t worker_create(void (*entry)(word_t argument), word_t argument, word_t stack_top);
void worker_destroy(env_t env);

#endif
