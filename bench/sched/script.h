// SPDX-License-Identifier: BSD-2-Clause
/*
 * What each task of a workload does, one action after the other. The actions depend on the workload, the load, the seed and
 * the number of harts alone, to the bit and on every machine: only the policy differs between two runs. (Where a job's arrival
 * depends on when the one before was done, its times do, too; the lengths that are drawn do not.)
 *
 * How a runner leads a task through its script. The task is admitted at time 0, blocked; then:
 *
 *     script_next(script, id, now, &action)
 *     RELEASE  a job of `service` ns. Let task->due = action.due, task->remaining = action.service.
 *              action.at > now:  the task blocks, and wakes at action.at.
 *              otherwise:        at the beginning and after a sleep it is enqueued; else tell the policy by `job`.
 *     COMPUTE  it computes for action.length ns of its own time
 *     SLEEP    it blocks, and wakes at action.at
 *     LOCK, UNLOCK                   lock number action.number, of script->locks
 *     BARRIER  it blocks until action.count tasks have arrived at barrier action.number, of script->barriers
 *     YIELD    it gives the rest of its turn up
 *     DONE     its present job is done
 *     EXIT     it leaves
 *
 * The first action is always a RELEASE, and `now` of that call is 0.
 */
#ifndef BENCH_SCHED_SCRIPT_H
#define BENCH_SCHED_SCRIPT_H

#include <bench/sched/workload.h>
#include <libos/sched/sched.h>

#define SCRIPT_TASKS_MAX    SCHED_TASKS_MAX
#define SCRIPT_FOREVER_STEP 10000000ul // a COMPUTE of a job that never ends; another follows

enum script_kind {
    SCRIPT_RELEASE,
    SCRIPT_COMPUTE,
    SCRIPT_SLEEP,
    SCRIPT_LOCK,
    SCRIPT_UNLOCK,
    SCRIPT_BARRIER,
    SCRIPT_YIELD,
    SCRIPT_DONE,
    SCRIPT_EXIT,
};

struct action {
    enum script_kind kind;
    uint32_t number, count;
    uint64_t at;       // absolute
    uint64_t length;
    uint64_t service;  // RELEASE: what the job computes in all; 0: it never ends
    uint64_t deadline; // RELEASE: from its arrival on; 0: none
    uint64_t due;      // RELEASE: at + deadline; 0: none
};

struct script_task {
    uint32_t class;
    uint32_t index;    // among the tasks of its class
    uint32_t phase;    // next of the job
    uint32_t state;    // enum script_step
    uint64_t random;   // draws of jobs
    uint64_t at;       // arrival of the present job
    uint64_t period;   // periodic: of its jobs; demand: mean gap
    uint64_t part;     // uunifast: its demand, 2^32 is one hart
    uint64_t listed;   // listed: what the present burst computes
    size_t burst;      // listed: where the next one stands in the text
    uint64_t pause;    // closed: how long it sleeps behind the present burst
};

struct script {
    const struct workload *workload;
    uint32_t load, harts; // load: thousandths
    uint64_t seed;
    uint32_t tasks, locks, barriers;
    uint64_t demand; // of the tasks that arrive by the clock: thousandths of all harts, on the average
    const char *error;
    uint32_t first_task[WORKLOAD_CLASSES_MAX], first_barrier[WORKLOAD_CLASSES_MAX], first_gang[WORKLOAD_CLASSES_MAX];
    struct script_task task[SCRIPT_TASKS_MAX];
};

// False: `error` is a sentence (more tasks than there can be, for one).
bool script_begin(struct script *script, const struct workload *workload, uint32_t load, uint64_t seed, uint32_t harts);

// What the task is, as its policy is told: all that `struct sched_task` says its maker fills in, id included.
void script_describe(const struct script *script, uint32_t id, struct sched_task *task);

const char *script_class(const struct script *script, uint32_t id);

// The task's next action, asked for when the one before is over; `now` only matters where arrivals depend on it.
void script_next(struct script *script, uint32_t id, uint64_t now, struct action *action);

#endif
