// SPDX-License-Identifier: BSD-2-Clause
/*
 * Drives a policy (libos/sched/sched.h) through a script of events, with the driver that threads and environments use,
 * and writes down whom it picked. Each character of the script is an event, blanks are none:
 *
 *     a ... z    this task becomes runnable; the first time it is admitted before
 *     .          a turn of one tick (a millisecond), at whose end the task is still runnable
 *     1 ... 9    a turn of so many ticks
 *     !          a turn of one tick, in which the task blocks
 *     #          a turn of one tick, in which the task ends
 *
 * At each turn the answer is written down: the task's letter, `-` when there was none to run. What a user of a
 * policy must not do is an error of the script's: a task that is runnable becomes runnable, or comes after its end.
 */
#ifndef TEST_SIMULATOR_H
#define TEST_SIMULATOR_H

#include <libos/sched/sched.h>

#define SIMULATOR_TASKS 26

// The tasks of the last simulation: a, b, ...
extern struct sched_task simulator_tasks[SIMULATOR_TASKS];

// Weights of the tasks a, b, ... of the next simulation; 1 is what each has otherwise.
extern uint64_t simulator_weights[SIMULATOR_TASKS];

// The picks, a string that the next simulation overwrites; NULL: the script is wrong, or the policy broke a rule
// (sched_misuse). Nobody is left with the policy.
const char *simulate(const struct sched_ops *ops, const char *script);

#endif
