// SPDX-License-Identifier: BSD-2-Clause
/*
 * Start-time fair queueing (Goyal, Guo, Vin: "A Hierarchical CPU Scheduler for Multimedia Operating Systems", OSDI
 * 1996). Each turn has a start tag, and a finish tag later by what was used divided by the weight; the least start tag
 * runs next. The next turn starts where the last one finished, or at the virtual time, the start tag of the turn that
 * runs now, for one that waited.
 *
 * Good for shares where turns end early and nobody knows when, and inside a hierarchy, because it is fair on a hart
 * that others take time from, too. Bad for latency: who wakes is behind nobody's start, but nobody makes room for it.
 * Promises: of two tasks f, m that are runnable, |used_f / weight_f - used_m / weight_m| <= quantum / weight_f +
 * quantum / weight_m; who wakes waits for at most one turn of each other task. Several harts take from one heap; a task
 * whose share would be more than a hart gets a hart.
 * Cost: O(log n).
 */
#include <libos/sched/heap.h>
#include <libos/sched/virtual.h>

enum { TAG }; // words: the finish tag, which is the start tag of the next turn

static uint64_t quantum = SCHED_TURN_NS;
static struct sched_heap heap;
static uint64_t virtual_time, finish_most; // the greatest finish tag there was
static uint32_t runnable;

static void sfq_start(uint32_t harts, uint64_t seed)
{
    (void)harts;
    (void)seed;
    sched_heap_clear(&heap);
    virtual_time = finish_most = runnable = 0;
}

static void sfq_admit(struct sched_task *task, uint64_t now)
{
    (void)now;
    task->word[TAG] = 0;
}

static void sfq_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    (void)now;
    if (why == SCHED_WOKE) {
        if (runnable++ == 0)
            virtual_time = finish_most; // all that was owed is paid while nobody runs
        if (task->word[TAG] < virtual_time)
            task->word[TAG] = virtual_time;
    }
    sched_heap_insert(&heap, task, task->word[TAG]);
}

static void sfq_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    (void)now;
    task->word[TAG] += sched_virtual(used, task->weight);
    if (task->word[TAG] > finish_most)
        finish_most = task->word[TAG];
}

static void sfq_block(struct sched_task *task, uint64_t now)
{
    (void)task;
    (void)now;
    runnable--;
}

static struct sched_task *sfq_pick(uint32_t hart, uint64_t now)
{
    struct sched_task *task = sched_heap_take(&heap, hart);
    (void)now;

    if (task && task->word[TAG] > virtual_time)
        virtual_time = task->word[TAG]; // it never goes back
    return task;
}

static uint64_t sfq_turn(const struct sched_task *task, uint64_t now)
{
    (void)task;
    (void)now;
    return quantum;
}

static const struct sched_parameter parameters[] = {
    {"quantum", "how long a turn is at most, in nanoseconds", &quantum, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_sfq = {
    .name = "sfq",
    .text = "start-time fair queueing: the turn that was due to start first",
    .parameters = parameters,
    .start = sfq_start,
    .admit = sfq_admit,
    .enqueue = sfq_enqueue,
    .charge = sfq_charge,
    .block = sfq_block,
    .pick = sfq_pick,
    .turn = sfq_turn,
};
