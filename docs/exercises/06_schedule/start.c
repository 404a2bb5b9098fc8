// SPDX-License-Identifier: BSD-2-Clause
// Exercise 6: deficit round robin. What stands here is round robin, whose turns are all alike.
#include "schedule.h"

#define CREDIT word[0] // of a task, in nanoseconds: a word that is yours

static struct sched_queue queue;

static void yours_start(uint32_t harts, uint64_t seed)
{
    queue = (struct sched_queue){0};
}

static void yours_admit(struct sched_task *task, uint64_t now)
{
    task->CREDIT = 0;
}

// YOURS: it may run. `why` says whether it woke, or why its turn ended.
static void yours_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    sched_list_append(&queue, task);
}

// YOURS: its turn comes.
static struct sched_task *yours_pick(uint32_t hart, uint64_t now)
{
    return sched_list_take(&queue, hart);
}

// YOURS: it has run for so long. It may be a little more than its turn.
static void yours_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
}

// YOURS: how long may it run? More than nothing.
static uint64_t yours_turn(const struct sched_task *task, uint64_t now)
{
    return QUANTUM;
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
