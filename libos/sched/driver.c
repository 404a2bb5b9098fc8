// SPDX-License-Identifier: BSD-2-Clause
/*
 * The driver of policies; see driver.h. Between the policy's functions, and whenever one of them is called:
 *   (1) `running` of a hart is RUNNING, and no other task is; all tasks that are not GONE are in `tasks`, by their ids
 *   (2) `queued` counts the QUEUED ones, which are with the policy
 * So a policy can be left at any moment, and all that is QUEUED be taken from it (rescue).
 */
#include <libos/sched/driver.h>
#include <string.h>

#define BIT(hart)         (1ul << (hart))
#define UNLIKELY(c)       __builtin_expect((c), 0)
#define MILLISECOND_SHIFT 20 // nearly
#define INLINE            static inline __attribute__((always_inline))

struct sched_queue sched_queue;

static struct {
    const struct sched_ops *ops;
    uint32_t harts, queued;
    bool hooked;                // somebody records or counts
    volatile bool deciding;
    uint64_t idle, look;        // harts that were told to run nobody; that have to decide anew
    uint64_t deaf;              // idle ones that do not ask again by themselves: nothing was queued that may run there
    uint64_t watch;             // when to look for starving tasks
    uint64_t stall;             // from when on they are
    uint64_t counted;           // instructions when the policy was entered
    struct sched_statistics statistics;
    struct sched_hooks hooks;
    struct sched_misuse misuse;
    struct {
        struct sched_task *running, *last;
        struct sched_task *left; // it was put back there, or told the hart to look: if another is picked, it may run elsewhere
        uint64_t began;
    } hart[SCHED_HARTS_MAX];
    struct sched_task *tasks[SCHED_TASKS_MAX];
} driver;

static struct sched_task *rescue_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return sched_queue_first(hart);
}

// Who has the tasks of a policy that broke a rule.
static const struct sched_ops rescue_ops = {.name = "rescue", .pick = rescue_pick};

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

// Around all that is called of a policy.
INLINE void enter(const bool hooked)
{
    driver.deciding = true;
    if (hooked && driver.hooks.count)
        driver.counted = driver.hooks.count();
}

INLINE void leave(const bool hooked)
{
    driver.deciding = false;
    if (hooked && driver.hooks.count)
        driver.statistics.instructions += driver.hooks.count() - driver.counted;
}

static void note(enum sched_note what, const struct sched_task *task, uint32_t hart, enum sched_end end, uint64_t now)
{
    if (driver.hooks.note)
        driver.hooks.note(what, task, hart, end, now);
}

// The policy is asked nothing any more.
static void rescue(void)
{
    driver.deciding = false;
    driver.ops = &rescue_ops;
    sched_queue = (struct sched_queue){0};
    for (uint32_t id = 0; id < SCHED_TASKS_MAX; id++)
        if (driver.tasks[id] && driver.tasks[id]->state == SCHED_QUEUED)
            queue_append(driver.tasks[id]);
    driver.look = driver.idle;
}

static void accuse(enum sched_fault fault, const struct sched_task *task, uint32_t hart, uint64_t now)
{
    driver.misuse = (struct sched_misuse){
        .fault = fault,
        .policy = driver.ops->name,
        .text = sched_fault_text(fault),
        .task = task,
        .hart = hart,
        .now = now,
    };
    rescue();
    if (driver.hooks.misuse)
        driver.hooks.misuse(&driver.misuse);
}

void sched_begin(const struct sched_ops *ops, uint32_t harts, uint64_t seed, const struct sched_hooks *hooks)
{
    memset(&driver, 0, sizeof(driver));
    sched_queue = (struct sched_queue){0};
    driver.ops = ops;
    driver.harts = harts;
    if (hooks)
        driver.hooks = *hooks;
    driver.hooked = driver.hooks.note || driver.hooks.count;
    driver.stall = driver.hooks.stall_ns ? driver.hooks.stall_ns : SCHED_STALL_NS;
    driver.watch = driver.hooks.stall ? 0 : SCHED_NEVER;
    enter(true);
    if (ops->start)
        ops->start(harts, seed);
    leave(true);
}

bool sched_admit(struct sched_task *task, uint64_t now)
{
    if (task->id >= SCHED_TASKS_MAX || driver.tasks[task->id])
        return false;
    driver.tasks[task->id] = task;
    task->state = SCHED_BLOCKED;
    task->hart = 0;
    enter(true);
    if (driver.ops->admit)
        driver.ops->admit(task, now);
    leave(true);
    return true;
}

static void forget(struct sched_task *task, uint64_t now)
{
    task->state = SCHED_GONE;
    driver.tasks[task->id] = NULL;
    for (uint32_t hart = 0; hart < driver.harts; hart++) {
        if (driver.hart[hart].last == task)
            driver.hart[hart].last = NULL;
        if (driver.hart[hart].left == task)
            driver.hart[hart].left = NULL;
    }
    if (driver.ops->leave)
        driver.ops->leave(task, now);
}

void sched_leave(struct sched_task *task, uint64_t now)
{
    enter(true);
    forget(task, now);
    leave(true);
}

// What it used since it was charged last.
INLINE void usage(struct sched_task *task, uint32_t hart, uint64_t now)
{
    uint64_t used = now - driver.hart[hart].began;

    driver.hart[hart].began = now;
    if (task->remaining)
        task->remaining = task->remaining > used ? task->remaining - used : 1;
    if (driver.ops->charge)
        driver.ops->charge(task, used, now);
}

INLINE void enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    task->state = SCHED_QUEUED;
    task->driver_word = (uint32_t)(now >> MILLISECOND_SHIFT);
    driver.queued++;
    if (driver.ops->enqueue)
        driver.ops->enqueue(task, why, now);
    else
        queue_append(task);
}

static void hart_idle_call(struct sched_task *task, uint64_t idle, uint64_t now)
{
    uint32_t hart = task->hart;

    if (driver.harts > 1 && driver.ops->wake_hart)
        hart = driver.ops->wake_hart(task, idle, now);
    if (hart >= driver.harts || !(idle & BIT(hart)))
        hart = (uint32_t)__builtin_ctzl(idle);
    driver.idle &= ~BIT(hart);
    driver.look |= BIT(hart);
    driver.hart[hart].left = task;
}

// Of the harts whose tasks make room for this one, that whose task the others' would make room for least.
static void hart_preempt_call(const struct sched_task *task, uint64_t now)
{
    const struct sched_task *victim = NULL;

    for (uint32_t hart = 0; hart < driver.harts; hart++) {
        struct sched_task *running = driver.hart[hart].running;
        if (!running || !(task->harts & ~driver.look & BIT(hart)))
            continue;
        usage(running, hart, now);
        if (driver.ops->preempts(task, running, now) && (!victim || driver.ops->preempts(victim, running, now)))
            victim = running;
    }
    if (victim)
        driver.look |= BIT(victim->hart);
}

// A hart for a queued task that could not run before.
static void hart_call(struct sched_task *task, uint64_t now)
{
    uint64_t idle = driver.idle & task->harts;

    if (idle)
        hart_idle_call(task, idle, now);
    else if (driver.ops->preempts)
        hart_preempt_call(task, now);
}

void sched_wake(struct sched_task *task, uint64_t now)
{
    if (task->state != SCHED_BLOCKED)
        return;
    if (driver.hooked)
        note(SCHED_NOTE_WAKE, task, task->hart, 0, now);
    enter(true);
    enqueue(task, SCHED_WOKE, now);
    hart_call(task, now);
    leave(true);
}

INLINE void stop(uint32_t hart, enum sched_end end, uint64_t now, const bool hooked)
{
    struct sched_task *task = driver.hart[hart].running;

    if (hooked)
        note(SCHED_NOTE_STOP, task, hart, end, now);
    // A policy that is left in `charge` has been told all there is to tell.
    driver.hart[hart].running = NULL;
    task->state = SCHED_BLOCKED;
    enter(hooked);
    usage(task, hart, now);
    if (end <= SCHED_END_YIELDED) {
        enqueue(task, SCHED_WHY(end), now);
        driver.hart[hart].left = task;
    } else if (end == SCHED_END_ENDED) {
        forget(task, now);
    } else if (driver.ops->block) {
        driver.ops->block(task, now);
    }
    leave(hooked);
}

void sched_stop(uint32_t hart, enum sched_end end, uint64_t now)
{
    if (UNLIKELY(driver.hooked))
        stop(hart, end, now, true);
    else
        stop(hart, end, now, false);
}

// What is wrong with having picked it.
INLINE enum sched_fault pick_fault(const struct sched_task *task, uint32_t hart)
{
    if (UNLIKELY(task->id >= SCHED_TASKS_MAX || driver.tasks[task->id] != task))
        return task->state == SCHED_GONE ? SCHED_FAULT_DEAD : SCHED_FAULT_FOREIGN;
    if (UNLIKELY(task->state != SCHED_QUEUED))
        return task->state == SCHED_RUNNING ? SCHED_FAULT_RUNNING : SCHED_FAULT_BLOCKED;
    return task->harts & BIT(hart) ? SCHED_FAULT_NONE : SCHED_FAULT_HART;
}

// Somebody is queued that may run there.
static bool hart_is_wanted(uint32_t hart)
{
    for (uint32_t id = 0; driver.queued && id < SCHED_TASKS_MAX; id++) {
        const struct sched_task *task = driver.tasks[id];
        if (task && task->state == SCHED_QUEUED && task->harts & BIT(hart))
            return true;
    }
    return false;
}

static bool somebody_runs(void)
{
    for (uint32_t hart = 0; hart < driver.harts; hart++)
        if (driver.hart[hart].running)
            return true;
    return false;
}

// The policy has nobody for this hart. Whether it may say so, and until when.
static enum sched_fault nobody_fault(uint32_t hart, uint64_t now, uint64_t *until)
{
    *until = SCHED_NEVER;
    if (!hart_is_wanted(hart))
        return SCHED_FAULT_NONE;
    if (!driver.ops->held_until)
        return SCHED_FAULT_NOTHING;
    *until = driver.ops->held_until(hart, now);
    if (*until == SCHED_NEVER)
        return somebody_runs() ? SCHED_FAULT_NONE : SCHED_FAULT_NOTHING;
    return *until > now ? SCHED_FAULT_NONE : SCHED_FAULT_HELD;
}

// For each that starves now. It is reported again when it has waited for that long once more.
static void watch(uint64_t now)
{
    driver.watch = now + driver.stall / 4;
    for (uint32_t id = 0; id < SCHED_TASKS_MAX; id++) {
        struct sched_task *task = driver.tasks[id];
        if (!task || task->state != SCHED_QUEUED)
            continue;
        uint64_t waited = (uint64_t)((uint32_t)(now >> MILLISECOND_SHIFT) - task->driver_word) << MILLISECOND_SHIFT;
        if (waited < driver.stall)
            continue;
        task->driver_word = (uint32_t)(now >> MILLISECOND_SHIFT);
        driver.statistics.stalls++;
        struct sched_stall stall = {.policy = driver.ops->name, .task = task, .waited = waited, .now = now};
        driver.hooks.stall(&stall);
    }
}

// Asks the policy. False: it answered what it may not, and its tasks have another policy now.
INLINE bool choose(uint32_t hart, uint64_t now, struct sched_task **picked, uint64_t *until)
{
    struct sched_task *task = driver.ops->pick(hart, now);
    enum sched_fault fault;

    *picked = task;
    if (UNLIKELY(!task)) {
        fault = nobody_fault(hart, now, until);
    } else {
        fault = pick_fault(task, hart);
        if (fault == SCHED_FAULT_NONE) {
            uint64_t turn = driver.ops->turn ? driver.ops->turn(task, now) : SCHED_TURN_NS;
            *until = now + turn < now ? SCHED_NEVER : now + turn;
            fault = turn ? SCHED_FAULT_NONE : SCHED_FAULT_TURN;
        }
    }
    if (UNLIKELY(fault != SCHED_FAULT_NONE)) {
        accuse(fault, task, hart, now);
        return false;
    }
    return true;
}

static void switch_count(struct sched_task *task, uint32_t hart)
{
    driver.statistics.switches++;
    if (task->hart != hart)
        driver.statistics.migrations++;
    task->hart = hart;
    driver.hart[hart].last = task;
}

// Whom this hart could have run, and ran another: an idle hart may have it.
static void left_call(uint32_t hart, uint64_t now)
{
    struct sched_task *task = driver.hart[hart].left;

    driver.hart[hart].left = NULL;
    if (task && task->state == SCHED_QUEUED && driver.idle & task->harts)
        hart_idle_call(task, driver.idle & task->harts, now);
}

// This hart decided. A policy that holds tasks back may have meant one for a hart that does not ask: it does now.
static void others_call(uint32_t hart, bool asks)
{
    driver.deaf = asks ? driver.deaf & ~BIT(hart) : driver.deaf | BIT(hart);
    if (!asks || !driver.queued || !driver.ops->held_until)
        return;
    driver.look |= driver.idle & driver.deaf;
    driver.idle &= ~driver.deaf;
}

INLINE struct sched_task *next(uint32_t hart, uint64_t now, uint64_t *until, const bool hooked)
{
    struct sched_task *task;

    if (UNLIKELY(now >= driver.watch))
        watch(now);
    driver.look &= ~BIT(hart);
    driver.idle &= ~BIT(hart);
    enter(hooked);
    driver.statistics.decisions++;
    while (UNLIKELY(!choose(hart, now, &task, until)))
        enter(hooked);
    leave(hooked);
    if (UNLIKELY(!task)) {
        driver.idle |= BIT(hart);
    } else {
        if (!driver.ops->enqueue)
            queue_remove(task);
        driver.queued--;
        task->state = SCHED_RUNNING;
        driver.hart[hart].running = task;
        driver.hart[hart].began = now;
        if (task != driver.hart[hart].last)
            switch_count(task, hart);
        if (hooked)
            note(SCHED_NOTE_RUN, task, hart, 0, now);
    }
    if (UNLIKELY(driver.harts > 1)) {
        if (task)
            left_call(hart, now);
        others_call(hart, task || *until != SCHED_NEVER);
    }
    return task;
}

struct sched_task *sched_next(uint32_t hart, uint64_t now, uint64_t *until)
{
    if (UNLIKELY(driver.hooked))
        return next(hart, now, until, true);
    return next(hart, now, until, false);
}

void sched_job(struct sched_task *task, uint64_t due, uint64_t remaining, uint64_t now)
{
    task->due = due;
    task->remaining = remaining;
    if (driver.hooked)
        note(SCHED_NOTE_JOB, task, task->hart, 0, now);
    if (task->state == SCHED_BLOCKED || task->state == SCHED_GONE)
        return;
    enter(true);
    if (driver.ops->job)
        driver.ops->job(task, now);
    if (task->state == SCHED_RUNNING && driver.queued)
        driver.look |= BIT(task->hart);
    leave(true);
}

void sched_inherit(struct sched_task *owner, struct sched_task *waiter, uint64_t now)
{
    enter(true);
    if (driver.ops->inherit) {
        driver.ops->inherit(owner, waiter, now);
        if (waiter && owner->state == SCHED_QUEUED)
            hart_call(owner, now);
    }
    leave(true);
}

uint64_t sched_look(void)
{
    uint64_t look = driver.look;

    driver.look = 0;
    return look;
}

struct sched_task *sched_running(uint32_t hart)
{
    return driver.hart[hart].running;
}

struct sched_task *sched_find(uint32_t id)
{
    return id < SCHED_TASKS_MAX ? driver.tasks[id] : NULL;
}

const struct sched_statistics *sched_statistics(void)
{
    return &driver.statistics;
}

const struct sched_misuse *sched_misuse(void)
{
    return driver.misuse.fault ? &driver.misuse : NULL;
}

bool sched_deciding(void)
{
    return driver.deciding;
}

void sched_abandon(enum sched_fault fault, uint64_t now)
{
    accuse(fault, NULL, 0, now);
}
