// SPDX-License-Identifier: BSD-2-Clause
/*
 * Constant bandwidth server: each task with a budget Q (`budget`) and a period T (`period`) is served as if it had a
 * processor of Q / T of the speed alone. It has a deadline of its own, whatever its jobs' are; the earliest runs. Who
 * used its budget up has the deadline postponed by T and a new budget; so an overrun costs whoever overruns. With
 * hard=1 the new budget can only be used when the old deadline has come: the task stands still until then, and never
 * gets more than its share, even of an idle hart. Who wakes keeps deadline and budget only when they are worth no more
 * than Q / T from now on. Tasks without a budget or a period run in the background, in turns. (Abeni and Buttazzo:
 * "Integrating Multimedia Applications in Hard Real-Time Systems", RTSS 1998; hard reservations: Rajkumar and others:
 * "Resource Kernels", MMCN 1998. Linux' SCHED_DEADLINE is one.)
 *
 * Good for: real-time tasks that nobody trusts; video and control beside each other.
 * Bad for: tasks whose budget is a guess: a little too small, and each job is late by up to T. Background tasks may
 *     starve.
 * Promises: on one hart, while the sum of Q / T is at most 1: who needs at most Q per T is done within T of its
 *     wake-up, whatever the others do. It admits everybody; that the sum is at most 1 is for the caller to see to.
 * Cost of a decision: O(log n), and as much for each task whose wait is over.
 * Parameters: hard, 0 or 1; turn, of a background task, in nanoseconds.
 */
#include <libos/sched/heap.h>
#include <libos/sched/list.h>

enum { LEFT, DEADLINE }; // words: what is left of the budget; until when

static struct sched_heap ready, held; // by deadline; by the moment at which the budget may be used
static struct sched_queue background;
static uint64_t hard, turn = SCHED_TURN_NS;

static bool has_server(const struct sched_task *task)
{
    return task->budget && task->period;
}

// A full budget may be used from one period before the deadline on, when reservations are hard.
static uint64_t eligible(const struct sched_task *task)
{
    return hard ? task->word[DEADLINE] - task->period : 0;
}

static void cbs_start(uint32_t harts, uint64_t seed)
{
    (void)harts, (void)seed;
    sched_heap_clear(&ready);
    sched_heap_clear(&held);
    background = (struct sched_queue){0};
}

static void cbs_admit(struct sched_task *task, uint64_t now)
{
    task->word[LEFT] = 0;
    task->word[DEADLINE] = now;
}

static void cbs_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    if (!has_server(task)) {
        sched_list_append(&background, task);
        return;
    }
    uint64_t until = task->word[DEADLINE] > now ? task->word[DEADLINE] - now : 0;
    if (why == SCHED_WOKE &&
        (unsigned __int128)task->word[LEFT] * task->period >= (unsigned __int128)until * task->budget) {
        task->word[DEADLINE] = now + task->period;
        task->word[LEFT] = task->budget;
    }
    if (eligible(task) > now)
        sched_heap_insert(&held, task, eligible(task));
    else
        sched_heap_insert(&ready, task, task->word[DEADLINE]);
}

static struct sched_task *cbs_pick(uint32_t hart, uint64_t now)
{
    for (struct sched_task *task; (task = sched_heap_first(&held)) && task->key <= now; ) {
        sched_heap_remove(&held, task);
        sched_heap_insert(&ready, task, task->word[DEADLINE]);
    }
    struct sched_task *task = sched_heap_take(&ready, hart);
    return task ? task : sched_list_take(&background, hart);
}

static void cbs_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    (void)now;
    if (!has_server(task))
        return;
    if (used < task->word[LEFT]) {
        task->word[LEFT] -= used;
        return;
    }
    uint64_t over = used - task->word[LEFT]; // turns end late
    task->word[DEADLINE] += (1 + over / task->budget) * task->period;
    task->word[LEFT] = task->budget - over % task->budget;
}

static uint64_t cbs_held_until(uint32_t hart, uint64_t now)
{
    const struct sched_task *first = sched_heap_first(&held);

    (void)hart, (void)now;
    return first ? first->key : SCHED_NEVER;
}

// Whoever is held back is looked at again when its wait is over.
static uint64_t cbs_turn(const struct sched_task *task, uint64_t now)
{
    uint64_t most = has_server(task) ? task->word[LEFT] : turn;
    uint64_t until = cbs_held_until(task->hart, now);

    if (until - now < most) most = until - now;
    return most ? most : 1;
}

static bool cbs_preempts(const struct sched_task *woken, const struct sched_task *running, uint64_t now)
{
    if (!has_server(woken) || eligible(woken) > now)
        return false;
    return !has_server(running) || woken->word[DEADLINE] < running->word[DEADLINE];
}

static const struct sched_parameter cbs_parameters[] = {
    {"hard", "1: who used its budget up waits for its deadline; 0: its deadline is postponed", &hard, 0, 1},
    {"turn", "turn of a task without a budget, in nanoseconds", &turn, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_cbs = {
    .name = "cbs",
    .text = "constant bandwidth servers: budget per period, overruns cost whoever overruns",
    .parameters = cbs_parameters,
    .start = cbs_start,
    .admit = cbs_admit,
    .enqueue = cbs_enqueue,
    .pick = cbs_pick,
    .charge = cbs_charge,
    .turn = cbs_turn,
    .preempts = cbs_preempts,
    .held_until = cbs_held_until,
};
