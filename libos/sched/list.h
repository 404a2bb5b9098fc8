// SPDX-License-Identifier: BSD-2-Clause
/*
 * Queues of tasks, for policies: linked through the tasks' own `next` and `previous`, so a queue has no capacity and a
 * task is in one queue at most. Whoever puts a task in knows in which queue it is; nothing here checks that.
 *
 * Everything is O(1) but sched_list_take and sched_list_first on machines where some tasks may not run on every hart:
 * they pass over those that may not run on this one.
 */
#ifndef LIBOS_SCHED_LIST_H
#define LIBOS_SCHED_LIST_H

#include <libos/sched/sched.h>

static inline bool sched_list_is_empty(const struct sched_queue *queue)
{
    return queue->first == NULL;
}

// Puts the task in front of another one of the queue; NULL: at its end.
static inline void sched_list_insert(struct sched_queue *queue, struct sched_task *task, struct sched_task *next)
{
    struct sched_task *previous = next ? next->previous : queue->last;

    task->next = next;
    task->previous = previous;
    *(previous ? &previous->next : &queue->first) = task;
    *(next ? &next->previous : &queue->last) = task;
}

static inline void sched_list_append(struct sched_queue *queue, struct sched_task *task)
{
    sched_list_insert(queue, task, NULL);
}

static inline void sched_list_prepend(struct sched_queue *queue, struct sched_task *task)
{
    sched_list_insert(queue, task, queue->first);
}

static inline void sched_list_remove(struct sched_queue *queue, struct sched_task *task)
{
    *(task->previous ? &task->previous->next : &queue->first) = task->next;
    *(task->next ? &task->next->previous : &queue->last) = task->previous;
    task->next = task->previous = NULL;
}

// May this task run on this hart? For one that is as good as any other: everybody may run on every hart.
static inline bool sched_task_may_run(const struct sched_task *task, uint32_t hart)
{
    return task->harts >> hart & 1;
}

// The first task of the queue that may run on this hart, NULL: there is none.
static inline struct sched_task *sched_list_first(const struct sched_queue *queue, uint32_t hart)
{
    struct sched_task *task = queue->first;

    while (task && !sched_task_may_run(task, hart))
        task = task->next;
    return task;
}

// The same, and it is out of the queue then.
static inline struct sched_task *sched_list_take(struct sched_queue *queue, uint32_t hart)
{
    struct sched_task *task = sched_list_first(queue, hart);

    if (task)
        sched_list_remove(queue, task);
    return task;
}

#endif
