// SPDX-License-Identifier: BSD-2-Clause
// A policy with every member; see maximal.h.
#include <test/sched/maximal.h>

#include <libos/sched/heap.h>

enum { NONE, BLOCKED, QUEUED, RUNNING };

struct maximal_counts maximal_counts;
const char *maximal_broken;

// What each task does, kept apart from the tasks: they may be wrong.
static struct {
    const struct sched_task *task;
    uint64_t charged; // up to when
    int state;
    bool picked;      // and nothing has been called for it since
} lives[SCHED_TASKS_MAX];

static uint64_t hold_every = 64, hold_for = 1000;
static struct sched_heap heap;
static uint64_t time, held_until, queued_count;
static uint32_t harts_count;

static void promise(bool holds, const char *text)
{
    if (!holds && !maximal_broken)
        maximal_broken = text;
}

static void time_goes(uint64_t now)
{
    promise(now >= time, "time goes back");
    time = now;
}

static int state_of(const struct sched_task *task)
{
    if (!task || task->id >= SCHED_TASKS_MAX)
        return NONE;
    return lives[task->id].task == task ? lives[task->id].state : NONE;
}

static void maximal_start(uint32_t harts, uint64_t seed)
{
    (void)seed;
    promise(harts >= 1 && harts <= SCHED_HARTS_MAX, "it starts with a number of harts that there cannot be");
    for (uint32_t id = 0; id < SCHED_TASKS_MAX; id++)
        lives[id].state = NONE;
    sched_heap_clear(&heap);
    time = held_until = queued_count = 0;
    harts_count = harts;
    maximal_counts = (struct maximal_counts){.start = 1};
}

static void maximal_admit(struct sched_task *task, uint64_t now)
{
    time_goes(now);
    promise(task->id < SCHED_TASKS_MAX && lives[task->id].state == NONE, "a task is admitted with another's number");
    promise(task->weight >= 1 && task->harts != 0, "a task without weight or hart is admitted");
    lives[task->id].task = task;
    lives[task->id].state = BLOCKED;
    maximal_counts.admit++;
}

static void maximal_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    time_goes(now);
    promise(state_of(task) == (why == SCHED_WOKE ? BLOCKED : RUNNING), "a task is enqueued that did not wake or stop");
    promise(why == SCHED_WOKE || (lives[task->id].charged == now && !lives[task->id].picked),
            "a task is enqueued that was not charged before");
    lives[task->id].state = QUEUED;
    sched_heap_insert(&heap, task, (uint64_t)(INT32_MAX - (int64_t)task->priority));
    queued_count++;
    maximal_counts.enqueue[why]++;
}

static struct sched_task *maximal_pick(uint32_t hart, uint64_t now)
{
    time_goes(now);
    promise(hart < harts_count, "it is asked for a hart that there is not");
    maximal_counts.pick++;
    if (queued_count >= hold_every && held_until <= now) {
        queued_count = 0;
        held_until = now + hold_for;
    }
    if (held_until > now) {
        maximal_counts.held++;
        return NULL;
    }
    struct sched_task *task = sched_heap_take(&heap, hart);
    if (task) {
        lives[task->id].state = RUNNING;
        lives[task->id].charged = now;
        lives[task->id].picked = true;
    }
    return task;
}

static uint64_t maximal_turn(const struct sched_task *task, uint64_t now)
{
    time_goes(now);
    promise(state_of(task) == RUNNING && lives[task->id].picked, "a turn is asked for that was not just picked");
    maximal_counts.turn++;
    return SCHED_TURN_NS;
}

static void maximal_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    time_goes(now);
    promise(state_of(task) == RUNNING, "a task is charged that does not run");
    promise(used == now - lives[task->id].charged, "what is charged is not how long it ran");
    lives[task->id].charged = now;
    lives[task->id].picked = false;
    maximal_counts.charge++;
}

static void maximal_block(struct sched_task *task, uint64_t now)
{
    time_goes(now);
    promise(state_of(task) == RUNNING && !lives[task->id].picked, "a task blocks that did not run, or was not charged");
    lives[task->id].state = BLOCKED;
    maximal_counts.block++;
}

static void maximal_leave(struct sched_task *task, uint64_t now)
{
    time_goes(now);
    promise(state_of(task) == BLOCKED, "a task leaves that is queued, runs, or is not there");
    lives[task->id].state = NONE;
    maximal_counts.leave++;
}

static bool maximal_preempts(const struct sched_task *woken, const struct sched_task *running, uint64_t now)
{
    time_goes(now);
    promise(state_of(running) == RUNNING, "it is to compare with a task that does not run");
    promise(state_of(woken) == QUEUED || state_of(woken) == RUNNING, "it is to compare a task that may not run");
    maximal_counts.preempts++;
    return woken->priority > running->priority;
}

static uint64_t maximal_held_until(uint32_t hart, uint64_t now)
{
    time_goes(now);
    promise(hart < harts_count && heap.count > 0, "it is asked how long it holds tasks back where there are none");
    maximal_counts.held_until++;
    return held_until > now ? held_until : SCHED_NEVER;
}

static void maximal_inherit(struct sched_task *owner, struct sched_task *waiter, uint64_t now)
{
    time_goes(now);
    promise(state_of(owner) != NONE, "a lock's owner does not exist");
    promise(!waiter || state_of(waiter) == BLOCKED || state_of(waiter) == RUNNING,
            "who waits for a lock is queued or not there");
    maximal_counts.inherit++;
}

static bool maximal_job(struct sched_task *task, uint64_t now)
{
    time_goes(now);
    promise(state_of(task) == QUEUED || state_of(task) == RUNNING,
            "a job goes on without a wait though its task waits");
    maximal_counts.job++;
    return false;
}

static uint32_t maximal_wake_hart(const struct sched_task *task, uint64_t idle, uint64_t now)
{
    time_goes(now);
    promise(state_of(task) == QUEUED && idle != 0, "a hart is to be chosen for nobody, or out of none");
    maximal_counts.wake_hart++;
    return idle ? (uint32_t)__builtin_ctzl(idle) : 0;
}

static const struct sched_parameter parameters[] = {
    {"hold_every", "after so many tasks that were queued everybody is held back", &hold_every, 1, 1000000},
    {"hold_for", "... for so long, in nanoseconds", &hold_for, 1, 1000000000},
    {0},
};

const struct sched_ops sched_maximal = {
    .name = "maximal",
    .text = "every member, for tests",
    .parameters = parameters,
    .start = maximal_start,
    .admit = maximal_admit,
    .enqueue = maximal_enqueue,
    .pick = maximal_pick,
    .turn = maximal_turn,
    .charge = maximal_charge,
    .block = maximal_block,
    .leave = maximal_leave,
    .preempts = maximal_preempts,
    .held_until = maximal_held_until,
    .inherit = maximal_inherit,
    .job = maximal_job,
    .wake_hart = maximal_wake_hart,
};
