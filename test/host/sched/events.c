// SPDX-License-Identifier: BSD-2-Clause
// Random days of random tasks; see events.h.
#include "events.h"

#include <libos/sched/random.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define US        1000ul
#define DRAIN_MAX 10000 // steps, until everybody has had a turn at the end of the day

struct sched_task events_tasks[EVENTS_TASKS_MAX];

static struct events *day;
static struct sched_random chance;
static uint64_t now;
static uint64_t until[SCHED_HARTS_MAX]; // when each hart is to decide anew
static struct sched_task *owners[EVENTS_LOCKS];
static uint32_t wants[EVENTS_TASKS_MAX]; // the lock that a task waits for, and 1; 0: none

const struct sched_task *events_owner(const struct sched_task *task)
{
    return wants[task->id] ? owners[wants[task->id] - 1] : NULL;
}

static uint64_t below(uint64_t end)
{
    return sched_random_below(&chance, end);
}

static void misuse(const struct sched_misuse *misuse)
{
    fail_msg("%s, SEED=%lu, %u harts: %s", misuse->policy, (unsigned long)day->seed, day->harts, misuse->text);
}

static void hart_decide(uint32_t hart)
{
    struct sched_task *task = sched_next(hart, now, &until[hart]);

    if (!task)
        return;
    day->picks++;
    day->picks_hash = (day->picks_hash ^ (now << 16 | task->id << 8 | hart)) * 0x100000001b3ul;
}

// All harts that are to decide anew do so.
static void settle(void)
{
    for (uint64_t look; (look = sched_look()) != 0;)
        for (uint32_t hart = 0; hart < day->harts; hart++) {
            if (!(look >> hart & 1))
                continue;
            if (sched_running(hart))
                sched_stop(hart, SCHED_END_PREEMPTED, now);
            hart_decide(hart);
        }
    if (day->check)
        day->check(day, now);
}

static void hart_stop(uint32_t hart, enum sched_end end)
{
    sched_stop(hart, end, now);
    hart_decide(hart);
    settle();
}

// Time passes; turns end, and who was held back is asked for again.
static void pass(uint64_t to)
{
    for (;;) {
        uint32_t first = 0;
        for (uint32_t hart = 1; hart < day->harts; hart++)
            if (until[hart] < until[first])
                first = hart;
        if (until[first] > to)
            break;
        now = until[first] > now ? until[first] : now;
        if (sched_running(first))
            sched_stop(first, SCHED_END_EXPIRED, now);
        hart_decide(first);
        settle();
    }
    now = to;
}

static void task_make(struct sched_task *task)
{
    uint32_t id = (uint32_t)(task - events_tasks);
    uint64_t period = below(2) ? (1 + below(50)) * 1000 * US : 0, all = (1ul << day->harts) - 1;

    memset(task, 0xa5, sizeof(*task)); // a policy relies on nothing that it did not write
    *task = (struct sched_task){
        .next = task->next, .previous = task->previous, .key = task->key, .place = task->place, .flags = task->flags,
        .id = id,
        .weight = below(2) ? 1 : 1 + (uint32_t)below(1000),
        .priority = (int32_t)below(7) - 3,
        .group = (uint32_t)below(4),
        .harts = day->everywhere || below(3) ? ~0ul : (below(all + 1) | 1),
        .period = period,
        .deadline = period && below(2) ? period : 0,
        .budget = period ? 1 + below(period / 8) : 0,
    };
    memset(task->word, 0xa5, sizeof(task->word));
    wants[id] = 0;
    assert_true(sched_admit(task, now));
}

static void job_begin(struct sched_task *task)
{
    sched_job(task, task->deadline ? now + task->deadline : 0, below(2) ? 1 + below(5000) * US : 0, now);
}

// Its next owner is whoever has the lowest number: blocked, declared to the others, then woken.
static void lock_give(uint32_t lock)
{
    struct sched_task *owner = owners[lock], *next = NULL;

    owners[lock] = NULL;
    sched_inherit(owner, NULL, now);
    for (uint32_t id = 0; id < day->tasks; id++) {
        if (wants[id] != lock + 1)
            continue;
        if (next) {
            sched_inherit(next, &events_tasks[id], now);
            continue;
        }
        next = owners[lock] = &events_tasks[id];
        wants[id] = 0;
    }
    if (next)
        sched_wake(next, now);
    settle();
}

static void lock_want(uint32_t hart, uint32_t lock)
{
    struct sched_task *task = sched_running(hart);

    for (const struct sched_task *owner = owners[lock]; owner; owner = events_owner(owner))
        if (owner == task)
            return; // its own, or a circle
    if (!owners[lock]) {
        owners[lock] = task;
        return;
    }
    wants[task->id] = lock + 1;
    sched_inherit(owners[lock], task, now);
    day->blocked++;
    hart_stop(hart, SCHED_END_BLOCKED);
}

// One that it holds; EVENTS_LOCKS: none.
static uint32_t lock_held(const struct sched_task *task)
{
    uint32_t lock = 0;

    while (lock < EVENTS_LOCKS && owners[lock] != task)
        lock++;
    return lock;
}

// Whoever runs there does something.
static void hart_act(uint32_t hart)
{
    struct sched_task *task = sched_running(hart);
    uint64_t what = day->locks ? below(100) : 40 + below(60);
    uint32_t lock = (uint32_t)below(EVENTS_LOCKS);

    if (!task)
        return;
    if (what < 40) {
        if (lock_held(task) < EVENTS_LOCKS && below(4))
            lock_give(lock_held(task));
        else
            lock_want(hart, lock);
    } else if (what < 70) {
        hart_stop(hart, SCHED_END_BLOCKED);
    } else if (what < 85) {
        hart_stop(hart, SCHED_END_YIELDED);
    } else if (what < 95) {
        job_begin(task);
        settle();
    } else if (lock_held(task) == EVENTS_LOCKS) {
        hart_stop(hart, SCHED_END_ENDED);
    }
}

// A task that does not run comes, wakes or goes.
static void task_act(struct sched_task *task)
{
    if (task->state == SCHED_GONE) {
        task_make(task);
    } else if (task->state == SCHED_BLOCKED && !wants[task->id]) {
        if (below(50) == 0 && lock_held(task) == EVENTS_LOCKS) {
            sched_leave(task, now);
        } else {
            job_begin(task);
            sched_wake(task, now);
        }
    }
    settle();
}

// Nobody wakes any more: everybody who may run has a turn, and waits or ends.
static void drain(void)
{
    for (int step = 0; step < DRAIN_MAX; step++) {
        bool idle = true, queued = false;
        uint64_t first = SCHED_NEVER;
        for (uint32_t hart = 0; hart < day->harts; hart++) {
            while (sched_running(hart) && lock_held(sched_running(hart)) < EVENTS_LOCKS)
                lock_give(lock_held(sched_running(hart)));
            if (sched_running(hart))
                hart_stop(hart, SCHED_END_BLOCKED);
        }
        for (uint32_t hart = 0; hart < day->harts; hart++) {
            idle = idle && !sched_running(hart);
            first = until[hart] < first ? until[hart] : first;
        }
        for (uint32_t id = 0; id < day->tasks; id++)
            queued = queued || events_tasks[id].state == SCHED_QUEUED;
        if (idle && !queued)
            return;
        if (idle && first == SCHED_NEVER)
            fail_msg("%s, SEED=%lu: somebody is held back for ever", day->ops->name, (unsigned long)day->seed);
        pass(idle && first > now ? first : now + 1);
    }
    fail_msg("%s, SEED=%lu: a task is never picked", day->ops->name, (unsigned long)day->seed);
}

void events_run(struct events *events)
{
    struct sched_hooks hooks = {.misuse = misuse};

    day = events;
    chance.state = events->seed;
    now = 0;
    events->picks = events->blocked = 0;
    events->picks_hash = 0xcbf29ce484222325ul;
    memset(owners, 0, sizeof(owners));
    memset(wants, 0, sizeof(wants));
    for (uint32_t id = 0; id < EVENTS_TASKS_MAX; id++)
        events_tasks[id].state = SCHED_GONE;
    sched_begin(events->ops, events->harts, events->seed, &hooks);
    for (uint32_t hart = 0; hart < events->harts; hart++)
        hart_decide(hart);
    for (uint32_t i = 0; i < events->count; i++) {
        pass(now + below(below(4) ? 200 * US : 20000 * US));
        if (below(5) < 2)
            hart_act((uint32_t)below(events->harts));
        else
            task_act(&events_tasks[below(events->tasks)]);
    }
    drain();
    events->end = now;
    for (uint32_t id = 0; id < events->tasks; id++)
        if (events_tasks[id].state != SCHED_GONE)
            sched_leave(&events_tasks[id], now);
}
