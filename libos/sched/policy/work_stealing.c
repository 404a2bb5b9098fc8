// SPDX-License-Identifier: BSD-2-Clause
/*
 * Work stealing: a queue per hart, in turns. A task queues up where it ran last, because its data are in that hart's
 * caches; a new one where the queue is shortest. A hart whose own queue has nothing for it takes the task that waits
 * longest in the longest queue. (Blumofe and Leiserson: "Scheduling Multithreaded Computations by Work Stealing", JACM
 * 1999; queues of runnable tasks instead of deques of spawned ones.)
 *
 * Good for: throughput on several harts: tasks stay where they are while every hart has work.
 * Bad for: fairness: two tasks on one hart and three on another share their harts, not the machine (no hart is idle, so
 *     nobody steals). Weights and deadlines do not matter.
 * Promises: no hart is idle while a task waits that may run there. On one hart: round robin.
 * Cost of a decision: O(1), and O(harts) for a new task and for stealing.
 * Parameters: turn, in nanoseconds.
 */
#include <libos/sched/list.h>

enum { QUEUE }; // word: whose queue it is in
enum { IS_NEW = 1 };

static struct sched_queue queues[SCHED_HARTS_MAX];
static uint32_t lengths[SCHED_HARTS_MAX], harts_count;
static uint64_t turn = SCHED_TURN_NS;

static void work_stealing_start(uint32_t harts, uint64_t seed)
{
    (void)seed;
    harts_count = harts;
    for (uint32_t hart = 0; hart < SCHED_HARTS_MAX; hart++) {
        queues[hart] = (struct sched_queue){0};
        lengths[hart] = 0;
    }
}

static void work_stealing_admit(struct sched_task *task, uint64_t now)
{
    (void)now;
    task->flags = IS_NEW;
}

static uint32_t shortest(const struct sched_task *task)
{
    uint32_t found = SCHED_HARTS_MAX;

    for (uint32_t hart = 0; hart < harts_count; hart++)
        if (sched_task_may_run(task, hart) && (found == SCHED_HARTS_MAX || lengths[hart] < lengths[found]))
            found = hart;
    return found % SCHED_HARTS_MAX; // it may run nowhere: the driver knows
}

static void work_stealing_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    bool is_new = task->flags & IS_NEW;
    uint32_t hart = is_new || !sched_task_may_run(task, task->hart) ? shortest(task) : task->hart;

    (void)why, (void)now;
    task->flags = 0;
    task->word[QUEUE] = hart;
    sched_list_append(&queues[hart], task);
    lengths[hart]++;
}

// The one that waits longest in the longest queue that has one for this hart.
static struct sched_task *steal(uint32_t thief)
{
    struct sched_task *found = NULL;

    for (uint32_t hart = 0; hart < harts_count; hart++) {
        struct sched_task *task = sched_list_first(&queues[hart], thief);
        if (task && (!found || lengths[hart] > lengths[found->word[QUEUE]]))
            found = task;
    }
    return found;
}

static struct sched_task *work_stealing_pick(uint32_t hart, uint64_t now)
{
    struct sched_task *task = sched_list_first(&queues[hart], hart);

    (void)now;
    if (!task)
        task = steal(hart);
    if (!task)
        return NULL;
    sched_list_remove(&queues[task->word[QUEUE]], task);
    lengths[task->word[QUEUE]]--;
    return task;
}

static const struct sched_parameter work_stealing_parameters[] = {
    {"turn", "turn, in nanoseconds", &turn, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_work_stealing = {
    .name = "work_stealing",
    .text = "a queue per hart, in turns; who has nothing takes from the longest",
    .parameters = work_stealing_parameters,
    .start = work_stealing_start,
    .admit = work_stealing_admit,
    .enqueue = work_stealing_enqueue,
    .pick = work_stealing_pick,
    .quantum = &turn,
};
