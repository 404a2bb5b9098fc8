// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 6. A policy as libos/sched/sched.h describes it: deficit round robin (Shreedhar and Varghese, SIGCOMM
 * 1995, who made it for packets). Tasks take turns in a queue. When a task's turn comes it is credited `weight`
 * quanta, and may run for as long as its credit lasts. What it does not use it keeps while it stays runnable, up to
 * CREDIT_ROUNDS rounds; a task that waits comes back with none.
 */
#ifndef EXERCISE_SCHEDULE_H
#define EXERCISE_SCHEDULE_H

#include <libos/sched/list.h>

#define QUANTUM       2000000ul // ns, for a weight of 1
#define CREDIT_ROUNDS 4

extern const struct sched_ops sched_yours;

#endif
