// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shinjuku: one queue for all harts, first come, first served, and whoever runs longer than a few microseconds makes
 * room and queues up again at the end. So a short request does not stand behind a long one, on whatever hart that
 * runs. (Kaffes and others: "Shinjuku: Preemptive Scheduling for microsecond-scale Tail Latency", NSDI 2019.)
 *
 * Good for: requests whose service times differ widely, the tail of the short ones; servers on several harts.
 * Bad for: where a switch costs as much as the quantum; requests that are all alike (first come, first served without
 *     preemption is better there); caches: a task goes on on whichever hart is free first. Weights do not matter.
 * Promises: with m harts, and k other tasks that are runnable when a request comes, it is running after at most k / m
 *     quanta (rounded down), whoever comes later; if it is no longer than a quantum, it is done then in one go.
 * Cost of a decision: O(1), of which there are many.
 * Parameters: quantum, in nanoseconds.
 */
#include <libos/sched/list.h>

static struct sched_queue queue;
static uint64_t quantum = 10000;

static void shinjuku_start(uint32_t harts, uint64_t seed)
{
    (void)harts, (void)seed;
    queue = (struct sched_queue){0};
}

static void shinjuku_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    (void)why, (void)now;
    sched_list_append(&queue, task);
}

static struct sched_task *shinjuku_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return sched_list_take(&queue, hart);
}

static const struct sched_parameter shinjuku_parameters[] = {
    {"quantum", "how long a task runs while others wait, in nanoseconds", &quantum, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_shinjuku = {
    .name = "shinjuku",
    .text = "one queue for all harts, preempted after a few microseconds: short requests pass long ones",
    .parameters = shinjuku_parameters,
    .start = shinjuku_start,
    .enqueue = shinjuku_enqueue,
    .pick = shinjuku_pick,
    .quantum = &quantum,
};
