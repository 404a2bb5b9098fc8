// SPDX-License-Identifier: BSD-2-Clause
/*
 * Earliest deadline first: of all jobs that wait, the one that is due first runs, and makes room at once for one that
 * is due earlier. Tasks whose job has no deadline run in the background, in turns, when no other one wants to. (Liu
 * and Layland: "Scheduling Algorithms for Multiprogramming in a Hard-Real-Time Environment", JACM 1973.)
 *
 * Good for: periodic and sporadic work with deadlines, up to the last bit of the processor.
 * Bad for: overload. When there is too much to do, who misses is arbitrary, and one miss causes the next; a task that
 *     works longer than it said makes others miss (cbs keeps that apart). Background tasks may starve.
 * Promises: on one hart, tasks that together use it for at most U = 1 (the sum of work / period, deadlines = periods)
 *     miss nothing. On several harts (one queue for all) that does not hold: long jobs beside short ones may miss from
 *     little more than U = 1 on; late jobs are late by a bounded time as long as U is at most the number of harts.
 * Cost of a decision: O(log n).
 * Parameters: turn, of a background task, in nanoseconds.
 */
#include <libos/sched/heap.h>

static struct sched_heap queued;
static uint64_t turn = SCHED_TURN_NS;

static void edf_start(uint32_t harts, uint64_t seed)
{
    (void)harts, (void)seed;
    sched_heap_clear(&queued);
}

static void edf_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    (void)why, (void)now;
    sched_heap_insert(&queued, task, sched_task_due(task));
}

static struct sched_task *edf_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return sched_heap_take(&queued, hart);
}

static uint64_t edf_turn(const struct sched_task *task, uint64_t now)
{
    (void)now;
    return task->due ? SCHED_NEVER : turn;
}

static bool edf_preempts(const struct sched_task *woken, const struct sched_task *running, uint64_t now)
{
    (void)now;
    return sched_task_due(woken) < sched_task_due(running);
}

// The next job is due later than the one before: perhaps another task's comes first now.
static bool edf_job(struct sched_task *task, uint64_t now)
{
    const struct sched_task *first = sched_heap_first_for(&queued, task->hart);

    (void)now;
    return first && first->key < sched_task_due(task);
}

static const struct sched_parameter edf_parameters[] = {
    {"turn", "turn of a task without a deadline, in nanoseconds", &turn, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_edf = {
    .name = "edf",
    .text = "earliest deadline first; tasks without a deadline in the background",
    .parameters = edf_parameters,
    .start = edf_start,
    .enqueue = edf_enqueue,
    .pick = edf_pick,
    .turn = edf_turn,
    .preempts = edf_preempts,
    .job = edf_job,
};
