// SPDX-License-Identifier: BSD-2-Clause
/*
 * Scheduler policies. A policy decides which task runs next and nothing else: it knows neither threads
 * nor the kernel, so one file schedules threads inside a program, environments, and tasks in a
 * simulator.
 *
 * The life of a task, as the user of a policy drives it:
 *
 *     ops.admit(t)
 *     while (t lives) {
 *         ops.enqueue(t)           it became runnable, or its turn ended
 *         t = ops.pick()           NULL: nothing to run, the slice is yielded
 *         ... t runs ...
 *         ops.charge(t, ticks)     always, before the next enqueue or block
 *     }                            a task that blocks is simply not enqueued
 *     ops.leave(t)                 it is not queued then
 */
#ifndef LIBOS_SCHED_H
#define LIBOS_SCHED_H

#include <stdint.h>

struct sched_task {
    struct sched_task *next; // the policy's, while the task is queued
    uint64_t weight;         // the user's: its share, 1 is the least
    uint64_t word[4];        // the policy's: passes, deadlines, whatever it keeps per task
};

struct sched_ops {
    const char *name;                                        // mandatory
    struct sched_task *(*pick)(void);                        // mandatory
    void (*enqueue)(struct sched_task *task);                // mandatory
    void (*admit)(struct sched_task *task);                  // NULL: nothing to prepare
    void (*charge)(struct sched_task *task, uint64_t ticks); // NULL: usage does not matter
    void (*leave)(struct sched_task *task);                  // NULL: nothing to forget
};

extern const struct sched_ops sched_round_robin;

#endif
