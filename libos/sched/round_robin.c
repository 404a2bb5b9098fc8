// SPDX-License-Identifier: BSD-2-Clause
/*
 * Round robin: who became runnable last runs last. Turns are as long as the user of the policy makes
 * them, and usage and weight do not matter.
 */
#include <libos/sched/sched.h>
#include <stddef.h>

static struct sched_task *first, *last;

static struct sched_task *round_robin_pick(void)
{
    struct sched_task *task = first;

    if (task)
        first = task->next;
    return task;
}

static void round_robin_enqueue(struct sched_task *task)
{
    task->next = NULL;
    if (first)
        last->next = task;
    else
        first = task;
    last = task;
}

const struct sched_ops sched_round_robin = {
    .name = "round_robin",
    .pick = round_robin_pick,
    .enqueue = round_robin_enqueue,
};
