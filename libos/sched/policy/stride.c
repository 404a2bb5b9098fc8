// SPDX-License-Identifier: BSD-2-Clause
/*
 * Stride: the lottery without chance (Waldspurger, Weihl: "Stride Scheduling: Deterministic Proportional-Share Resource
 * Management", MIT/LCS/TM-528, 1995). A task's pass advances by what it used divided by its weight, and the least pass
 * runs next. The global pass advances as that of a task with everybody's weight together would; who waits keeps how far
 * it was ahead of it or behind.
 *
 * Good for exact shares of tasks that compute. Bad for latency: who wakes waits for its pass to come, and keeps what it
 * was ahead even over a long sleep. Promises: of any two tasks that are runnable, each has what its weight says of what
 * both got together, up to one quantum, however long it lasts; the error against the ideal share grows with n at most.
 * Several harts take from one heap; a task whose share would be more than a hart gets a hart.
 * Cost: O(log n).
 */
#include <libos/sched/heap.h>
#include <libos/sched/virtual.h>

enum { PASS }; // words: virtual time; while it waits, how far that is ahead of the global pass

static uint64_t quantum = SCHED_TURN_NS;
static struct sched_heap heap;
static uint64_t pass, weight; // global; the weight of all that are runnable

static void stride_start(uint32_t harts, uint64_t seed)
{
    (void)harts;
    (void)seed;
    sched_heap_clear(&heap);
    pass = weight = 0;
}

static void stride_admit(struct sched_task *task, uint64_t now)
{
    (void)now;
    task->word[PASS] = sched_virtual(quantum, task->weight); // as if it had just had a turn
}

static void stride_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    (void)now;
    if (why == SCHED_WOKE) {
        weight += task->weight;
        task->word[PASS] += pass;
    }
    sched_heap_insert(&heap, task, task->word[PASS]);
}

static void stride_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    (void)now;
    task->word[PASS] += sched_virtual(used, task->weight);
    pass += (used << SCHED_VIRTUAL_SHIFT) / weight;
}

static void stride_block(struct sched_task *task, uint64_t now)
{
    (void)now;
    weight -= task->weight;
    task->word[PASS] -= pass;
}

static struct sched_task *stride_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return sched_heap_take(&heap, hart);
}

static uint64_t stride_turn(const struct sched_task *task, uint64_t now)
{
    (void)task;
    (void)now;
    return quantum;
}

static const struct sched_parameter parameters[] = {
    {"quantum", "how long a turn is at most, in nanoseconds", &quantum, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_stride = {
    .name = "stride",
    .text = "exact shares: who is least ahead of its weight runs",
    .parameters = parameters,
    .start = stride_start,
    .admit = stride_admit,
    .enqueue = stride_enqueue,
    .charge = stride_charge,
    .block = stride_block,
    .pick = stride_pick,
    .turn = stride_turn,
};
