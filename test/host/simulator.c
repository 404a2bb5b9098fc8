// SPDX-License-Identifier: BSD-2-Clause
// Policies in a simulator; see simulator.h.
#include "simulator.h"

#include <libos/sched/driver.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define PICKS_MAX 4096
#define TICK      1000000ul

struct sched_task simulator_tasks[SIMULATOR_TASKS];
uint64_t simulator_weights[SIMULATOR_TASKS];

static bool ended[SIMULATOR_TASKS];
static char picks[PICKS_MAX];
static size_t picks_count;
static uint64_t now;

static bool become_runnable(size_t number)
{
    struct sched_task *task = &simulator_tasks[number];

    if (ended[number])
        return false;
    if (!sched_find(task->id) && !sched_admit(task, now))
        return false;
    if (task->state != SCHED_BLOCKED)
        return false;
    sched_wake(task, now);
    return true;
}

// The policy is asked; where it holds tasks back, again when it wants to be.
static struct sched_task *ask(void)
{
    uint64_t until;
    struct sched_task *task = sched_next(0, now, &until);

    while (!task && until != SCHED_NEVER && !sched_misuse()) {
        now = until;
        task = sched_next(0, now, &until);
    }
    return task;
}

static bool turn(uint64_t ticks, enum sched_end end)
{
    struct sched_task *task = ask();

    if (picks_count == PICKS_MAX - 1 || sched_misuse())
        return false;
    now += ticks * TICK;
    picks[picks_count++] = task ? (char)('a' + task->id) : '-';
    if (task) {
        ended[task->id] = end == SCHED_END_ENDED;
        sched_stop(0, end, now);
    }
    return true;
}

static bool step(char event)
{
    switch (event) {
    case ' ':           return true;
    case 'a' ... 'z':   return become_runnable((size_t)(event - 'a'));
    case '.':           return turn(1, SCHED_END_EXPIRED);
    case '1' ... '9':   return turn((uint64_t)(event - '0'), SCHED_END_EXPIRED);
    case '!':           return turn(1, SCHED_END_BLOCKED);
    case '#':           return turn(1, SCHED_END_ENDED);
    default:            return false;
    }
}

// Takes everybody out again. False when not exactly the runnable tasks were in it.
static bool empty(void)
{
    while (ask() && !sched_misuse())
        sched_stop(0, SCHED_END_BLOCKED, now);
    for (uint32_t id = 0; id < SIMULATOR_TASKS && !sched_misuse(); id++)
        if (sched_find(id))
            sched_leave(sched_find(id), now);
    return !sched_misuse();
}

static void tasks_make(void)
{
    memset(simulator_tasks, 0xa5, sizeof(simulator_tasks)); // a policy may rely on nothing but what a task is
    for (uint32_t id = 0; id < SIMULATOR_TASKS; id++) {
        struct sched_task *task = &simulator_tasks[id];
        task->id = id;
        task->weight = simulator_weights[id] ? (uint32_t)simulator_weights[id] : 1;
        task->harts = ~0ul;
        task->priority = 0;
        task->group = 0;
        task->period = task->deadline = task->budget = task->due = task->remaining = 0;
    }
}

const char *simulate(const struct sched_ops *ops, const char *script)
{
    bool sound = true;

    tasks_make();
    memset(ended, 0, sizeof(ended));
    memset(picks, 0, sizeof(picks));
    picks_count = 0;
    now = 0;
    sched_begin(ops, 1, 1, NULL);
    for (; sound && *script != '\0'; script++)
        sound = step(*script);
    return empty() && sound ? picks : NULL;
}
