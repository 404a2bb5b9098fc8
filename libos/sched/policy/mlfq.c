// SPDX-License-Identifier: BSD-2-Clause
/*
 * Multilevel feedback queues (Corbato and others: CTSS, 1962; as Solaris and Windows have them): who used up its
 * allotment on a level goes one down, where turns are twice as long and come only when all levels above are empty; who
 * slept for as long as that allotment goes one up. So who computes sinks, who mostly waits stays on top, and nobody has
 * to say which it is. Aging: who was queued for `aging` without having run begins again on the top level.
 *
 * Good for people at a terminal beside programs that compute. Bad for shares (weights do not matter), and for anything
 * that must be predictable. Promises: no starvation: on one hart nobody is queued for longer than aging + quantum * 2^5
 * + n * quantum, n being the number of tasks: in time it is on the top level, which is a queue from which nobody's turn
 * is longer than a quantum. Several harts take from the same queues, and wait less.
 * Cost: O(1), and once for each task that ages, which it does at most once each time it is queued.
 */
#include <libos/sched/list.h>

enum { LEVEL, LEFT, SINCE }; // words: 0 is the top; of its allotment there; when it last ran or was queued

#define LEVELS 6

static uint64_t quantum = 4000000;
static uint64_t aging = 500000000;
static struct sched_queue levels[LEVELS]; // the longest waiting first

static void level_enter(struct sched_task *task, uint64_t level)
{
    task->word[LEVEL] = level;
    task->word[LEFT] = quantum << level;
}

static void mlfq_start(uint32_t harts, uint64_t seed)
{
    (void)harts;
    (void)seed;
    for (size_t level = 0; level < LEVELS; level++)
        levels[level] = (struct sched_queue){0};
}

static void mlfq_admit(struct sched_task *task, uint64_t now)
{
    level_enter(task, 0);
    task->word[SINCE] = now;
}

static void mlfq_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    uint64_t level = task->word[LEVEL];

    if (why == SCHED_WOKE && now - task->word[SINCE] >= quantum << level)
        level_enter(task, level ? --level : 0);
    struct sched_queue *queue = &levels[level];
    task->word[SINCE] = now;
    if (why != SCHED_PREEMPTED || task->word[LEFT] == quantum << level) { // its turn had not begun, or was over
        sched_list_append(queue, task);
        return;
    }
    if (!sched_list_is_empty(queue))
        task->word[SINCE] = queue->first->word[SINCE]; // so the queue stays in order
    sched_list_prepend(queue, task);
}

static void mlfq_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    task->word[SINCE] = now;
    if (used < task->word[LEFT])
        task->word[LEFT] -= used;
    else
        level_enter(task, task->word[LEVEL] + 1 < LEVELS ? task->word[LEVEL] + 1 : LEVELS - 1);
}

// Who has waited for too long goes up.
static void age(uint64_t now)
{
    for (size_t level = 1; level < LEVELS; level++) {
        struct sched_task *task;
        while ((task = levels[level].first) && now - task->word[SINCE] >= aging) {
            sched_list_remove(&levels[level], task);
            level_enter(task, 0);
            sched_list_append(&levels[0], task);
        }
    }
}

static struct sched_task *mlfq_pick(uint32_t hart, uint64_t now)
{
    struct sched_task *task = NULL;

    age(now);
    for (size_t level = 0; level < LEVELS && !task; level++)
        task = sched_list_take(&levels[level], hart);
    return task;
}

static uint64_t mlfq_turn(const struct sched_task *task, uint64_t now)
{
    (void)now;
    return task->word[LEFT];
}

static bool mlfq_preempts(const struct sched_task *woken, const struct sched_task *running, uint64_t now)
{
    (void)now;
    return woken->word[LEVEL] < running->word[LEVEL];
}

static const struct sched_parameter parameters[] = {
    {"quantum", "allotment on the top level, in nanoseconds; others have twice that of the one above", &quantum, 1000,
     1000000000},
    {"aging", "who has not run for so long begins on the top again, in nanoseconds", &aging, 1000, 1000000000000},
    {0},
};

const struct sched_ops sched_mlfq = {
    .name = "mlfq",
    .text = "multilevel feedback queues: who computes sinks, who waits stays on top, with aging",
    .parameters = parameters,
    .start = mlfq_start,
    .admit = mlfq_admit,
    .enqueue = mlfq_enqueue,
    .charge = mlfq_charge,
    .pick = mlfq_pick,
    .turn = mlfq_turn,
    .preempts = mlfq_preempts,
};
