// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shortest remaining processing time: the job runs that is done soonest, and makes room at once for one that is done
 * sooner. It is an oracle: it reads `remaining`, which only a workload knows that was written down before. No system
 * can run it; it shows how far the others are from the best. Tasks whose work nobody knows run in the background, in
 * turns. (Schrage: "A Proof of the Optimality of the Shortest Remaining Processing Time Discipline", Operations
 * Research 1968.)
 *
 * Good for: the mean response time, as the measure of all others.
 * Bad for: long jobs while short ones keep coming: they starve. Deadlines and weights do not matter to it.
 * Promises: on one hart no policy has a smaller mean response time for the same jobs, of tasks that each wait for
 *     one job at a time. On several harts it is close to the best, and not the best.
 * Cost of a decision: O(log n).
 * Parameters: turn, of a background task, in nanoseconds.
 */
#include <libos/sched/heap.h>

static struct sched_heap queued;
static uint64_t turn = SCHED_TURN_NS;

static uint64_t remaining(const struct sched_task *task)
{
    return task->remaining ? task->remaining : SCHED_NEVER;
}

static void srpt_start(uint32_t harts, uint64_t seed)
{
    (void)harts, (void)seed;
    sched_heap_clear(&queued);
}

static void srpt_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    (void)why, (void)now;
    sched_heap_insert(&queued, task, remaining(task));
}

static struct sched_task *srpt_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return sched_heap_take(&queued, hart);
}

static uint64_t srpt_turn(const struct sched_task *task, uint64_t now)
{
    (void)now;
    return task->remaining ? SCHED_NEVER : turn;
}

static bool srpt_preempts(const struct sched_task *woken, const struct sched_task *running, uint64_t now)
{
    (void)now;
    return remaining(woken) < remaining(running);
}

// The task's next job may be a longer one than somebody else's.
static bool srpt_job(struct sched_task *task, uint64_t now)
{
    const struct sched_task *first = sched_heap_first_for(&queued, task->hart);

    (void)now;
    return first && first->key < remaining(task);
}

static const struct sched_parameter srpt_parameters[] = {
    {"turn", "turn of a task of which nobody knows how long it works, in nanoseconds", &turn, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_srpt = {
    .name = "srpt",
    .text = "shortest remaining processing time, an oracle: the best mean response",
    .parameters = srpt_parameters,
    .start = srpt_start,
    .enqueue = srpt_enqueue,
    .pick = srpt_pick,
    .turn = srpt_turn,
    .preempts = srpt_preempts,
    .job = srpt_job,
};
