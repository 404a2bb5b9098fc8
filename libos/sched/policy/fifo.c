// SPDX-License-Identifier: BSD-2-Clause
/*
 * First in, first out: whoever has been runnable for the longest runs until it waits, yields or ends; nobody makes it
 * stop. The oldest way to share a machine, and the base to which others' overhead compares.
 *
 * Good for batches of jobs that are all alike: the fewest switches there can be. Bad for everybody behind a long job:
 * one that never waits has the hart for ever. Promises: who may run is picked before everybody who came later, on every
 * hart; no bound on the wait. Several harts take from one queue.
 * Cost: O(1); a hart passes over the tasks in front that may not run on it.
 */
#include <libos/sched/list.h>

static struct sched_queue queue;

static void fifo_start(uint32_t harts, uint64_t seed)
{
    (void)harts;
    (void)seed;
    queue = (struct sched_queue){0};
}

static void fifo_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    (void)now;
    if (why == SCHED_WOKE || why == SCHED_YIELDED)
        sched_list_append(&queue, task);
    else
        sched_list_prepend(&queue, task); // somebody else ended its turn: it has not given it up
}

static struct sched_task *fifo_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return sched_list_take(&queue, hart);
}

static uint64_t fifo_turn(const struct sched_task *task, uint64_t now)
{
    (void)task;
    (void)now;
    return SCHED_NEVER;
}

const struct sched_ops sched_fifo = {
    .name = "fifo",
    .text = "in the order of coming, each until it waits",
    .start = fifo_start,
    .enqueue = fifo_enqueue,
    .pick = fifo_pick,
    .turn = fifo_turn,
};
