// SPDX-License-Identifier: BSD-2-Clause
/*
 * decide_POLICY_N   what a policy's decision costs with N tasks: its functions alone, called as the driver would (sched.h), in
 *                   the mean of many turns: charge, enqueue, pick and turn. Nobody waits, and each turn is a job of its own
 *
 * Tasks differ in all that a policy may look at, so that none has it easier than it would.
 */
#include <bench/sched/choose.h>
#include "measure.h"
#include <stdio.h>
#include <string.h>

#define TURNS_MIN 1024
#define TURN_NS   1000000ul
#define FRESH     64 // turns in a slice
#define KINDS     4 // of priorities, of periods and of groups: within each, tasks take turns

static struct sched_task tasks[1000];

// The documented default of enqueue, and of its other half: the task leaves sched_queue when pick returns it.
static void queue_append(struct sched_task *task)
{
    task->next = NULL;
    task->previous = sched_queue.last;
    *(sched_queue.last ? &sched_queue.last->next : &sched_queue.first) = task;
    sched_queue.last = task;
}

static void queue_remove(struct sched_task *task)
{
    *(task->previous ? &task->previous->next : &sched_queue.first) = task->next;
    *(task->next ? &task->next->previous : &sched_queue.last) = task->previous;
}

static void task_make(struct sched_task *task, uint32_t id, uint32_t count)
{
    uint64_t period = (20 + id % KINDS) * count * TURN_NS;

    *task = (struct sched_task){
        .id = id,
        .weight = 1 + id % 7,
        .priority = (int32_t)(id % KINDS),
        .group = 1 + id % KINDS,
        .harts = 1,
        .period = period,
        .deadline = period,
        .budget = 2 * TURN_NS,
        .due = period,
        .remaining = (id * 7919 % 1000 + 1) * 1000,
    };
}

static void policy_begin(const struct sched_ops *ops, uint32_t count)
{
    sched_queue = (struct sched_queue){0};
    if (ops->start)
        ops->start(1, 1);
    for (uint32_t id = 0; id < count; id++) {
        task_make(&tasks[id], id, count);
        if (ops->admit)
            ops->admit(&tasks[id], 0);
        if (ops->enqueue)
            ops->enqueue(&tasks[id], SCHED_WOKE, 0);
        else
            queue_append(&tasks[id]);
    }
}

// Who runs next; a policy that holds everybody back is asked again when it said so.
static struct sched_task *task_pick(const struct sched_ops *ops, uint64_t *now)
{
    struct sched_task *task;

    while (!(task = ops->pick(0, *now)))
        *now = ops->held_until(0, *now);
    if (!ops->enqueue)
        queue_remove(task);
    return task;
}

// The instructions of a turn's decision.
static word_t turn_take(const struct sched_ops *ops, struct sched_task **task, uint64_t *now)
{
    *now += TURN_NS;
    (*task)->due += (*task)->period;
    (*task)->remaining = ((*task)->id * 7919 + *now / TURN_NS * 617) % 1000 * 1000 + 1000; // of the next job
    word_t begin = instructions_now();
    if (ops->charge)
        ops->charge(*task, TURN_NS, *now);
    if (ops->enqueue)
        ops->enqueue(*task, SCHED_EXPIRED, *now);
    else
        queue_append(*task);
    *task = task_pick(ops, now);
    if (ops->turn)
        (void)ops->turn(*task, *now);
    return instructions_now() - begin - 1;
}

static void policy_end(const struct sched_ops *ops, struct sched_task *task, uint32_t count, uint64_t now)
{
    for (uint32_t left = count;;) {
        if (ops->charge)
            ops->charge(task, TURN_NS, now);
        if (ops->block)
            ops->block(task, now);
        if (ops->leave)
            ops->leave(task, now);
        if (--left == 0)
            return;
        task = task_pick(ops, &now);
    }
}

static void policy_measure(const struct sched_ops *ops, uint32_t count)
{
    uint32_t turns = 2 * count > TURNS_MIN ? 2 * count : TURNS_MIN;
    uint64_t now = 0;
    word_t sum = 0;
    char name[48];

    policy_begin(ops, count);
    struct sched_task *task = task_pick(ops, &now);
    for (uint32_t turn = 0; turn < 2 * turns; turn++) {
        if (turn % FRESH == 0)
            sys_slice_yield(); // so that no slice ends while a turn is counted
        word_t cost = turn_take(ops, &task, &now);
        sum += turn < turns ? 0 : cost; // the first half brings the policy to where it stays
    }
    policy_end(ops, task, count, now);
    snprintf(name, sizeof(name), "decide_%s_%u", ops->name, (unsigned)count);
    row(name, (sum + turns / 2) / turns);
}

void bench_decide(void)
{
    static const uint32_t counts[] = {10, 100, 1000};

    for (const struct sched_ops *const *ops = choose_policies; *ops && !bench_counts; ops++)
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
            policy_measure(*ops, counts[i]);
}
