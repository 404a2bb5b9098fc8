// SPDX-License-Identifier: BSD-2-Clause
// Policies in a simulator; see simulator.h.
#include "simulator.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define PICKS_MAX 4096

enum state { NEW, RUNNABLE, RUNNING, BLOCKED, ENDED };

uint64_t simulator_weights[SIMULATOR_TASKS];

static struct sched_task tasks[SIMULATOR_TASKS];
static enum state states[SIMULATOR_TASKS];
static char picks[PICKS_MAX];
static size_t picks_count;

static bool become_runnable(const struct sched_ops *ops, size_t task)
{
    if (states[task] != NEW && states[task] != BLOCKED)
        return false;
    if (states[task] == NEW) {
        tasks[task].weight = simulator_weights[task] ? simulator_weights[task] : 1;
        if (ops->admit)
            ops->admit(&tasks[task]);
    }
    states[task] = RUNNABLE;
    ops->enqueue(&tasks[task]);
    return true;
}

static bool turn(const struct sched_ops *ops, uint64_t ticks, enum state then)
{
    struct sched_task *picked = ops->pick();

    if (picks_count == PICKS_MAX - 1)
        return false;
    if (picked == NULL) {
        picks[picks_count++] = '-';
        return true;
    }
    size_t task = (size_t)(picked - tasks);
    if (task >= SIMULATOR_TASKS || states[task] != RUNNABLE)
        return false;
    picks[picks_count++] = (char)('a' + task);
    states[task] = RUNNING;
    if (ops->charge)
        ops->charge(picked, ticks);
    states[task] = then;
    if (then == RUNNABLE)
        ops->enqueue(picked);
    if (then == ENDED && ops->leave)
        ops->leave(picked);
    return true;
}

static bool step(const struct sched_ops *ops, char event)
{
    switch (event) {
    case ' ':           return true;
    case 'a' ... 'z':   return become_runnable(ops, (size_t)(event - 'a'));
    case '.':           return turn(ops, 1, RUNNABLE);
    case '1' ... '9':   return turn(ops, (uint64_t)(event - '0'), RUNNABLE);
    case '!':           return turn(ops, 1, BLOCKED);
    case '#':           return turn(ops, 1, ENDED);
    default:            return false;
    }
}

// Takes everybody out again: policies remember. False when not exactly the runnable tasks were in it.
static bool empty(const struct sched_ops *ops)
{
    size_t task = 0, left = SIMULATOR_TASKS;

    for (struct sched_task *picked; left-- > 0 && (picked = ops->pick()) != NULL; states[task] = BLOCKED) {
        task = (size_t)(picked - tasks);
        if (task >= SIMULATOR_TASKS || states[task] != RUNNABLE)
            return false;
        if (ops->charge)
            ops->charge(picked, 0);
    }
    for (task = 0; task < SIMULATOR_TASKS; task++) {
        if (states[task] == RUNNABLE)
            return false;
        if (states[task] == BLOCKED && ops->leave)
            ops->leave(&tasks[task]);
    }
    return true;
}

const char *simulate(const struct sched_ops *ops, const char *script)
{
    bool sound = true;

    memset(tasks, 0xa5, sizeof(tasks)); // a policy may rely on nothing but the weight
    memset(states, 0, sizeof(states));
    memset(picks, 0, sizeof(picks));
    picks_count = 0;
    for (; sound && *script != '\0'; script++)
        sound = step(ops, *script);
    return empty(ops) && sound ? picks : NULL;
}
