// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random days of random tasks: they come, wake, work, wait for locks, yield, sleep and end by chance, led through a
 * policy by the driver (libos/sched/driver.h) on one hart or several. The same seed is the same day, whatever the
 * policy does.
 *
 *     struct events events = {.ops = &sched_prio, .harts = 2, .seed = seed, .tasks = 20, .count = 100000};
 *     events_run(&events);
 *
 * A misuse that the driver reports, a task that is lost and a hart that idles though it has work fail the cmocka test
 * that runs.
 */
#ifndef TEST_EVENTS_H
#define TEST_EVENTS_H

#include <libos/sched/driver.h>

#define EVENTS_TASKS_MAX 64
#define EVENTS_LOCKS     4

struct events {
    const struct sched_ops *ops;
    uint32_t harts;
    uint64_t seed;
    uint32_t tasks, count;
    bool everywhere; // each task may run on each hart; otherwise masks are random, and everybody may run on hart 0
    bool locks;
    void (*check)(const struct events *events, uint64_t now); // whenever the harts have decided; NULL: nothing to check

    // What came out.
    uint64_t picks, picks_hash; // how many; who, where and when
    uint64_t blocked;           // waits for locks
    uint64_t end;               // when everybody had waited or ended
};

void events_run(struct events *events);

// For `check`: the tasks, by id; `state` tells which of them there are.
extern struct sched_task events_tasks[EVENTS_TASKS_MAX];
// Whom the task waits for because of a lock, NULL: nobody.
const struct sched_task *events_owner(const struct sched_task *task);

#endif
