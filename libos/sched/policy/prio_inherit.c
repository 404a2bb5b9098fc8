// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fixed priorities as in prio, and who waits for a lock lends its priority to the lock's owner, which lends it on if it
 * waits for a lock, too (Sha, Rajkumar, Lehoczky: "Priority Inheritance Protocols", IEEE Transactions on Computers,
 * 1990; what saved Mars Pathfinder). A loan lasts until the waiter wakes or waits for another owner, so an owner of
 * several locks gives back only what was lent for the lock that it gave up.
 *
 * Good for tasks of known urgency that share locks. Bad for the rest as prio is, and it does not prevent deadlocks (a
 * circle of loans is harmless). Promises: the most urgent task runs, and it waits for a lock as long as the critical
 * sections of its owners take and not for what is between them in urgency: at most one section per lock that it takes.
 * Several harts take from one heap.
 * Cost: O(log n); a loan that begins or ends, as many tasks as wait for each owner in the chain.
 */
#include <libos/sched/heap.h>
#include <libos/sched/loan.h>

enum { LEFT, URGENCY }; // words: of its turn; with what was lent

#define QUEUED 1u

static uint64_t quantum = SCHED_TURN_NS;
static struct sched_heap heap;

// Higher is more urgent.
static uint64_t urgency_own(const struct sched_task *task)
{
    return (uint64_t)((int64_t)task->priority - INT32_MIN);
}

static uint64_t key_of(const struct sched_task *task)
{
    return (UINT32_MAX - task->word[URGENCY]) * 2 + 1;
}

// What was lent to it has changed: and so what it lends. Ends where nothing changes: in a circle, too.
static void urgency_update(struct sched_task *task)
{
    for (; task; task = sched_loan_owner(task)) {
        uint64_t urgency = urgency_own(task);
        for (const struct sched_task *lender = sched_loan_lenders(task); lender; lender = lender->next)
            urgency = lender->word[URGENCY] > urgency ? lender->word[URGENCY] : urgency;
        if (urgency == task->word[URGENCY])
            return;
        task->word[URGENCY] = urgency;
        if (task->flags & QUEUED) {
            sched_heap_remove(&heap, task);
            sched_heap_insert(&heap, task, key_of(task));
        }
    }
}

static void loan_end(struct sched_task *lender)
{
    urgency_update(sched_loan_end(lender));
}

static void prio_inherit_inherit(struct sched_task *owner, struct sched_task *waiter, uint64_t now)
{
    (void)now;
    if (!waiter || waiter == owner)
        return; // whoever waited for the lock wakes, or is going to wait for the next owner
    loan_end(waiter);
    sched_loan_begin(waiter, owner);
    urgency_update(owner);
}

static void prio_inherit_start(uint32_t harts, uint64_t seed)
{
    (void)harts;
    (void)seed;
    sched_heap_clear(&heap);
}

static void prio_inherit_admit(struct sched_task *task, uint64_t now)
{
    (void)now;
    task->flags = 0;
    task->word[LEFT] = quantum;
    task->word[URGENCY] = urgency_own(task);
    sched_loan_clear(task);
}

static void prio_inherit_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    bool goes_on = why == SCHED_PREEMPTED && task->word[LEFT] > 0; // before its equals
    (void)now;

    loan_end(task);
    if (!goes_on)
        task->word[LEFT] = quantum;
    sched_heap_insert(&heap, task, key_of(task) - goes_on);
    task->flags |= QUEUED;
}

static void prio_inherit_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    (void)now;
    task->word[LEFT] -= used < task->word[LEFT] ? used : task->word[LEFT];
}

static struct sched_task *prio_inherit_pick(uint32_t hart, uint64_t now)
{
    struct sched_task *task = sched_heap_take(&heap, hart);
    (void)now;

    if (task)
        task->flags &= ~QUEUED;
    return task;
}

static void prio_inherit_leave(struct sched_task *task, uint64_t now)
{
    (void)now;
    loan_end(task);
    while (sched_loan_lenders(task))
        loan_end(sched_loan_lenders(task));
}

static uint64_t prio_inherit_turn(const struct sched_task *task, uint64_t now)
{
    (void)now;
    return task->word[LEFT];
}

static bool prio_inherit_preempts(const struct sched_task *woken, const struct sched_task *running, uint64_t now)
{
    (void)now;
    return woken->word[URGENCY] > running->word[URGENCY];
}

static const struct sched_parameter parameters[] = {
    {"quantum", "how long one runs before its equals do, in nanoseconds", &quantum, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_prio_inherit = {
    .name = "prio_inherit",
    .text = "fixed priorities, and who waits for a lock lends its own to the owner",
    .parameters = parameters,
    .start = prio_inherit_start,
    .admit = prio_inherit_admit,
    .enqueue = prio_inherit_enqueue,
    .charge = prio_inherit_charge,
    .pick = prio_inherit_pick,
    .leave = prio_inherit_leave,
    .turn = prio_inherit_turn,
    .preempts = prio_inherit_preempts,
    .inherit = prio_inherit_inherit,
};
