// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who has which hart for a while, for policies that place several tasks at once: a table with one place per hart. A
 * task keeps the number of the hart that it had last (`place`), and gets that one again if it is free. All zeros is a
 * table of no harts.
 *
 *     task->place --> of[hart] --> task        it has a place if both point at each other
 */
#ifndef LIBOS_SCHED_PLACES_H
#define LIBOS_SCHED_PLACES_H

#include <libos/sched/list.h>

struct sched_places {
    uint32_t harts;
    struct sched_task *of[SCHED_HARTS_MAX]; // NULL: free
};

// Of so many harts, all free.
static inline void sched_places_clear(struct sched_places *places, uint32_t harts)
{
    *places = (struct sched_places){.harts = harts};
}

static inline bool sched_places_has(const struct sched_places *places, const struct sched_task *task)
{
    return places->of[task->place] == task;
}

// Gives a task this hart, whoever had it.
static inline void sched_places_put(struct sched_places *places, struct sched_task *task, uint32_t hart)
{
    places->of[hart] = task;
    task->place = hart;
}

// Gives a task a free hart, the one that it had or the first; false: there is none.
static inline bool sched_places_give(struct sched_places *places, struct sched_task *task)
{
    uint32_t hart = task->place;

    if (places->of[hart] || !sched_task_may_run(task, hart))
        for (hart = 0; hart < places->harts && (places->of[hart] || !sched_task_may_run(task, hart));)
            hart++;
    if (hart == places->harts)
        return false;
    sched_places_put(places, task, hart);
    return true;
}

// Gives this free hart to the first of these tasks that has one of these flags, no place, and may run there; it is the
// last of them then. False: there is none.
static inline bool sched_places_fill(struct sched_places *places, uint32_t hart, struct sched_queue *tasks,
                                     uint32_t flags)
{
    struct sched_task *task = tasks->first;

    while (task && (!(task->flags & flags) || sched_places_has(places, task) || !sched_task_may_run(task, hart)))
        task = task->next;
    if (!task)
        return false;
    sched_places_put(places, task, hart);
    sched_list_remove(tasks, task);
    sched_list_append(tasks, task);
    return true;
}

static inline void sched_places_take(struct sched_places *places, const struct sched_task *task)
{
    if (sched_places_has(places, task))
        places->of[task->place] = NULL;
}

static inline void sched_places_take_all(struct sched_places *places, const struct sched_queue *tasks)
{
    for (struct sched_task *task = tasks->first; task; task = task->next)
        sched_places_take(places, task);
}

// Gives each of them a free hart; false: there are not enough, and none has one.
static inline bool sched_places_give_all(struct sched_places *places, const struct sched_queue *tasks)
{
    struct sched_task *task = tasks->first;

    while (task && sched_places_give(places, task))
        task = task->next;
    if (task)
        sched_places_take_all(places, tasks);
    return !task;
}

#endif
