// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rate monotonic: fixed priorities, the shorter a task's period the higher. Who has a shorter period takes the hart
 * from one with a longer period at once. Tasks without a period run in the background, in turns. (Liu and Layland:
 * "Scheduling Algorithms for Multiprogramming in a Hard-Real-Time Environment", JACM 1973.)
 *
 * Good for: periodic work with deadlines = periods where it matters *who* misses under overload: the tasks with the
 *     longest periods, and nobody else.
 * Bad for: the last third of the processor. Deadlines that are much shorter than their periods are not looked at.
 * Promises: on one hart, n periodic tasks that together use it for at most U = n (2^(1/n) - 1) miss nothing: 0.83 for
 *     two, 0.72 for ten, 0.69 for any number.
 * Cost of a decision: O(log n).
 * Parameters: turn, of a background task, in nanoseconds.
 */
#include <libos/sched/heap.h>

static struct sched_heap queued;
static uint64_t turn = SCHED_TURN_NS;

static uint64_t period(const struct sched_task *task)
{
    return task->period ? task->period : SCHED_NEVER;
}

static void rate_monotonic_start(uint32_t harts, uint64_t seed)
{
    (void)harts, (void)seed;
    sched_heap_clear(&queued);
}

static void rate_monotonic_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    (void)why, (void)now;
    sched_heap_insert(&queued, task, period(task));
}

static struct sched_task *rate_monotonic_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return sched_heap_take(&queued, hart);
}

static uint64_t rate_monotonic_turn(const struct sched_task *task, uint64_t now)
{
    (void)now;
    return task->period ? SCHED_NEVER : turn;
}

static bool rate_monotonic_preempts(const struct sched_task *woken, const struct sched_task *running, uint64_t now)
{
    (void)now;
    return period(woken) < period(running);
}

static const struct sched_parameter rate_monotonic_parameters[] = {
    {"turn", "turn of a task without a period, in nanoseconds", &turn, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_rate_monotonic = {
    .name = "rate_monotonic",
    .text = "fixed priorities, the shorter the period the higher",
    .parameters = rate_monotonic_parameters,
    .start = rate_monotonic_start,
    .enqueue = rate_monotonic_enqueue,
    .pick = rate_monotonic_pick,
    .turn = rate_monotonic_turn,
    .preempts = rate_monotonic_preempts,
};
