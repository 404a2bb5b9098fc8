// SPDX-License-Identifier: BSD-2-Clause
// Credit outlives a sleep. Fails: NO   the longest wait for one that slept
#include "schedule.h"

#define CREDIT word[0]
#define LEAST  1000 // ns: a turn is never empty

static struct sched_queue queue;

static int64_t round_of(const struct sched_task *task)
{
    return (int64_t)(task->weight * QUANTUM);
}

static void yours_start(uint32_t harts, uint64_t seed)
{
    queue = (struct sched_queue){0};
}

static void yours_admit(struct sched_task *task, uint64_t now)
{
    task->CREDIT = 0;
}

static void yours_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    sched_list_append(&queue, task);
}

static struct sched_task *yours_pick(uint32_t hart, uint64_t now)
{
    struct sched_task *task = sched_list_take(&queue, hart);

    if (!task)
        return NULL;
    int64_t credit = (int64_t)task->CREDIT + round_of(task), most = CREDIT_ROUNDS * round_of(task);
    task->CREDIT = (uint64_t)(credit < most ? credit : most);
    return task;
}

static void yours_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    task->CREDIT -= used;
}

static uint64_t yours_turn(const struct sched_task *task, uint64_t now)
{
    return (int64_t)task->CREDIT < LEAST ? LEAST : task->CREDIT;
}

const struct sched_ops sched_yours = {
    .name = "yours",
    .start = yours_start,
    .admit = yours_admit,
    .enqueue = yours_enqueue,
    .pick = yours_pick,
    .charge = yours_charge,
    .turn = yours_turn,
};
