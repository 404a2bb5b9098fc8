// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fixed priorities: the most urgent task runs, and one that wakes takes the hart from a less urgent one at once. Within
 * a priority, round robin; whoever had to make room goes on before its equals, with what was left of its turn (as POSIX
 * has it for SCHED_RR).
 *
 * Good where somebody knows what is urgent: the latency of the most urgent task does not depend on how many others
 * there are. Bad for those below: one task that never waits starves all that are less urgent, and a lock that a less
 * urgent one holds makes the urgent wait for everything between them (prio_inherit does not). Promises: of n harts the
 * n most urgent tasks have one each, as far as they may run there; no bound for anybody else. Several harts take from
 * one heap.
 * Cost: O(log n).
 */
#include <libos/sched/heap.h>

enum { LEFT }; // words: what is left of its turn

static uint64_t quantum = SCHED_TURN_NS;
static struct sched_heap heap;

static void prio_start(uint32_t harts, uint64_t seed)
{
    (void)harts;
    (void)seed;
    sched_heap_clear(&heap);
}

static void prio_admit(struct sched_task *task, uint64_t now)
{
    (void)now;
    task->word[LEFT] = quantum;
}

static void prio_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    uint64_t key = (uint64_t)((int64_t)INT32_MAX - task->priority) * 2 + 1;
    (void)now;

    if (why == SCHED_PREEMPTED && task->word[LEFT] > 0) {
        sched_heap_insert(&heap, task, key - 1); // before its equals
        return;
    }
    task->word[LEFT] = quantum;
    sched_heap_insert(&heap, task, key);
}

static void prio_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    (void)now;
    task->word[LEFT] -= used < task->word[LEFT] ? used : task->word[LEFT];
}

static struct sched_task *prio_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return sched_heap_take(&heap, hart);
}

static uint64_t prio_turn(const struct sched_task *task, uint64_t now)
{
    (void)now;
    return task->word[LEFT];
}

static bool prio_preempts(const struct sched_task *woken, const struct sched_task *running, uint64_t now)
{
    (void)now;
    return woken->priority > running->priority;
}

static const struct sched_parameter parameters[] = {
    {"quantum", "how long one runs before its equals do, in nanoseconds", &quantum, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_prio = {
    .name = "prio",
    .text = "fixed priorities, round robin among equals",
    .parameters = parameters,
    .start = prio_start,
    .admit = prio_admit,
    .enqueue = prio_enqueue,
    .charge = prio_charge,
    .pick = prio_pick,
    .turn = prio_turn,
    .preempts = prio_preempts,
};
