// SPDX-License-Identifier: BSD-2-Clause
/*
 * Completely fair, as Linux had it from 2.6.23 to 6.5 (Molnar, 2007): a task's virtual run time advances by what it
 * used divided by its weight, and the least runs next, for its share of `latency`, in which everybody is to run once.
 * Who wakes is placed half a latency behind the least one at most, and takes the hart from one that is ahead of it by
 * more than `wakeup`.
 *
 * Good for a desktop: fair, and who sleeps much gets in soon. Bad where somebody needs more than that: nothing bounds
 * who wakes again and again beside others, a task cannot say that it is in a hurry, and with many tasks turns get as
 * short as `granularity`.
 * Promises: the virtual run times of tasks that stay runnable differ by a turn of one of them divided by its weight at
 * most; so over any stretch of time, |used_i / weight_i - used_j / weight_j| is at most twice that. Several harts take
 * from one heap (Linux has one for each, and moves tasks).
 * Cost: O(log n).
 */
#include <libos/sched/heap.h>
#include <libos/sched/virtual.h>

enum { VIRTUAL, SINCE }; // words: run time; when it was charged or picked last

#define OLD 1u // a flag: it ran before

static uint64_t latency = 6000000, granularity = 750000, wakeup = 1000000;
static struct sched_heap heap;
static uint64_t least; // the virtual run time of those who are runnable, and it never goes back
static uint64_t weight; // of all that are runnable
static uint32_t runnable;

static uint64_t cfs_turn(const struct sched_task *task, uint64_t now)
{
    uint64_t period = runnable * granularity > latency ? runnable * granularity : latency;
    uint64_t turn = period * task->weight / weight;
    (void)now;

    return turn > granularity ? turn : granularity;
}

static void cfs_start(uint32_t harts, uint64_t seed)
{
    (void)harts;
    (void)seed;
    sched_heap_clear(&heap);
    least = weight = runnable = 0;
}

static void cfs_admit(struct sched_task *task, uint64_t now)
{
    (void)now;
    task->flags = 0;
    task->word[VIRTUAL] = 0;
}

// It wakes as if it had left off half a latency ago at the earliest; a new one, as if it had just had a turn.
static void cfs_place(struct sched_task *task, uint64_t now)
{
    uint64_t credit = sched_virtual(latency / 2, task->weight), from = least > credit ? least - credit : 0;

    if (!(task->flags & OLD))
        from = least + sched_virtual(cfs_turn(task, now), task->weight);
    if (task->word[VIRTUAL] < from)
        task->word[VIRTUAL] = from;
}

static void cfs_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    if (why == SCHED_WOKE) {
        runnable++;
        weight += task->weight;
        cfs_place(task, now);
        task->flags = OLD;
    }
    sched_heap_insert(&heap, task, task->word[VIRTUAL]);
}

static void cfs_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    const struct sched_task *first = sched_heap_first(&heap);
    uint64_t virtual = task->word[VIRTUAL] += sched_virtual(used, task->weight);

    task->word[SINCE] = now;
    if (first && first->word[VIRTUAL] < virtual)
        virtual = first->word[VIRTUAL];
    if (virtual > least)
        least = virtual;
}

static void cfs_block(struct sched_task *task, uint64_t now)
{
    (void)now;
    runnable--;
    weight -= task->weight;
}

static struct sched_task *cfs_pick(uint32_t hart, uint64_t now)
{
    struct sched_task *task = sched_heap_take(&heap, hart);

    if (task)
        task->word[SINCE] = now;
    return task;
}

static bool cfs_preempts(const struct sched_task *woken, const struct sched_task *running, uint64_t now)
{
    uint64_t virtual = running->word[VIRTUAL] + sched_virtual(now - running->word[SINCE], running->weight);

    return woken->word[VIRTUAL] + sched_virtual(wakeup, woken->weight) < virtual;
}

static const struct sched_parameter parameters[] = {
    {"latency", "everybody is to run once in that time, in nanoseconds", &latency, 1000, 1000000000},
    {"granularity", "no turn is shorter, in nanoseconds", &granularity, 1000, 1000000000},
    {"wakeup", "who wakes waits for one that is ahead of it by less, in nanoseconds", &wakeup, 0, 1000000000},
    {0},
};

const struct sched_ops sched_cfs = {
    .name = "cfs",
    .text = "completely fair: the least virtual run time, as Linux had it to 6.5",
    .parameters = parameters,
    .start = cfs_start,
    .admit = cfs_admit,
    .enqueue = cfs_enqueue,
    .charge = cfs_charge,
    .block = cfs_block,
    .pick = cfs_pick,
    .turn = cfs_turn,
    .preempts = cfs_preempts,
};
