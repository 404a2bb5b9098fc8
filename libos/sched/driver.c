// SPDX-License-Identifier: BSD-2-Clause
/*
 * The driver of policies; see driver.h. Between the policy's functions, and whenever one of them is called:
 *   (1) `running` of a hart is RUNNING, and no other task is; all tasks that are not GONE are in `tasks`, by their ids
 *   (2) `queued` counts the QUEUED ones, which are with the policy
 * So a policy can be left at any moment, and all that is QUEUED be taken from it (rescue).
 */
#include <libos/sched/driver_state.h>
#include <string.h>

#define driver            sched_driver
#define BIT(hart)         (1ul << (hart))
#define UNLIKELY(c)       __builtin_expect((c), 0)
#define MILLISECOND_SHIFT 20 // nearly
#define INLINE            static inline __attribute__((always_inline))

struct sched_driver sched_driver;
extern struct sched_queue sched_queue __attribute__((alias("sched_driver"))); // its first member

static const uint64_t turn_default = SCHED_TURN_NS;

static struct sched_task *rescue_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return sched_queue_first(hart);
}

// Who has the tasks of a policy that broke a rule.
static const struct sched_ops rescue_ops = {.name = "rescue", .pick = rescue_pick, .quantum = &turn_default};

static void queue_append(struct sched_task *task)
{
    task->next = NULL;
    *(driver.queue.last ? &driver.queue.last->next : &driver.queue.first) = task;
    driver.queue.last = task;
}

// Mostly it is the first. A policy that picks another has looked for it, too.
static void queue_remove(struct sched_task *task)
{
    struct sched_task *before = NULL;

    for (struct sched_task *each = driver.queue.first; each != task; each = each->next)
        before = each;
    *(before ? &before->next : &driver.queue.first) = task->next;
    if (!task->next)
        driver.queue.last = before;
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
    driver.ops = rescue_ops;
    driver.queue = (struct sched_queue){0};
    for (uint32_t id = 0; id < SCHED_TASKS_MAX; id++)
        if (driver.tasks[id] && driver.tasks[id]->state == SCHED_QUEUED)
            queue_append(driver.tasks[id]);
    driver.look = driver.idle;
}

static void accuse(enum sched_fault fault, const struct sched_task *task, uint32_t hart, uint64_t now)
{
    driver.misuse = (struct sched_misuse){
        .fault = fault,
        .policy = driver.ops.name,
        .text = sched_fault_text(fault),
        .task = task,
        .hart = hart,
        .now = now,
    };
    rescue();
    if (driver.hooks.misuse)
        driver.hooks.misuse(&driver.misuse);
}

// Why yields under this policy are not plain.
static uint32_t attention_of(const struct sched_ops *ops)
{
    bool plain = !ops->enqueue && !ops->charge && !ops->turn && !ops->preempts && !ops->inherit && !ops->job;

    return (plain ? 0 : SCHED_ATTENTION_POLICY) | (driver.harts > 1 ? SCHED_ATTENTION_HARTS : 0) |
           (driver.hooked || driver.hooks.stall ? SCHED_ATTENTION_HOOKS : 0);
}

// From here on the ends of turns are written down.
static void attend(enum sched_attention why)
{
    driver.hart[0].until = sched_until(0);
    driver.attention |= why;
}

void sched_attention(void)
{
    attend(SCHED_ATTENTION_USER);
}

void sched_jobs(void)
{
    attend(SCHED_ATTENTION_JOBS);
}

void sched_begin(const struct sched_ops *ops, uint32_t harts, uint64_t seed, const struct sched_hooks *hooks)
{
    memset(&driver, 0, sizeof(driver));
    driver.ops = *ops;
    if (!ops->quantum)
        driver.ops.quantum = &turn_default;
    driver.harts = harts;
    if (hooks)
        driver.hooks = *hooks;
    driver.hooked = driver.hooks.note || driver.hooks.count;
    driver.stall = driver.hooks.stall_ns ? driver.hooks.stall_ns : SCHED_STALL_NS;
    driver.watch = driver.hooks.stall ? 0 : SCHED_NEVER;
    driver.attention = attention_of(ops);
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
    if (driver.ops.admit)
        driver.ops.admit(task, now);
    leave(true);
    return true;
}

// It is gone, but for the policy.
static void forget(struct sched_task *task)
{
    task->state = SCHED_GONE;
    driver.tasks[task->id] = NULL;
    for (uint32_t hart = 0; hart < driver.harts; hart++) {
        if (driver.hart[hart].last == task)
            driver.hart[hart].last = NULL;
        if (driver.hart[hart].left == task)
            driver.hart[hart].left = NULL;
    }
}

void sched_leave(struct sched_task *task, uint64_t now)
{
    forget(task);
    enter(true);
    if (driver.ops.leave)
        driver.ops.leave(task, now);
    leave(true);
}

// What it used since it was charged last.
INLINE void usage(struct sched_task *task, uint32_t hart, uint64_t now)
{
    uint64_t used = now - driver.hart[hart].began;

    driver.hart[hart].began = now;
    if (task->remaining)
        task->remaining = task->remaining > used ? task->remaining - used : 1;
    if (driver.ops.charge)
        driver.ops.charge(task, used, now);
}

INLINE void enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    task->state = SCHED_QUEUED;
    task->driver_word = (uint32_t)(now >> MILLISECOND_SHIFT);
    driver.queued++;
    if (driver.ops.enqueue)
        driver.ops.enqueue(task, why, now);
    else
        queue_append(task);
}

static void hart_idle_call(struct sched_task *task, uint64_t idle, uint64_t now)
{
    uint32_t hart = task->hart;

    if (driver.harts > 1 && driver.ops.wake_hart)
        hart = driver.ops.wake_hart(task, idle, now);
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
        if (driver.ops.preempts(task, running, now) && (!victim || driver.ops.preempts(victim, running, now)))
            victim = running;
    }
    if (victim) {
        driver.look |= BIT(victim->hart);
        driver.statistics.preemptions++;
    }
}

// A hart for a queued task that could not run before.
static void hart_call(struct sched_task *task, uint64_t now)
{
    uint64_t idle = driver.idle & task->harts;

    if (idle)
        hart_idle_call(task, idle, now);
    else if (driver.ops.preempts)
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
    driver.hart[hart].last = task;
    task->state = SCHED_BLOCKED;
    if (UNLIKELY(end == SCHED_END_ENDED))
        forget(task);
    enter(hooked);
    usage(task, hart, now);
    if (end <= SCHED_END_YIELDED) {
        enqueue(task, SCHED_WHY(end), now);
        driver.hart[hart].left = task;
    } else {
        if (driver.ops.block)
            driver.ops.block(task, now);
        if (end == SCHED_END_ENDED && driver.ops.leave)
            driver.ops.leave(task, now);
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
    if (!driver.ops.held_until)
        return SCHED_FAULT_NOTHING;
    *until = driver.ops.held_until(hart, now);
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
        struct sched_stall stall = {.policy = driver.ops.name, .task = task, .waited = waited, .now = now};
        driver.hooks.stall(&stall);
    }
}

// The policy's answer. False: it may not be, and its tasks have another policy now.
INLINE bool answer(uint32_t hart, uint64_t now, struct sched_task *task, uint64_t *until)
{
    enum sched_fault fault;

    if (UNLIKELY(!task)) {
        fault = nobody_fault(hart, now, until);
    } else {
        fault = pick_fault(task, hart);
        if (fault == SCHED_FAULT_NONE) {
            uint64_t turn = driver.ops.turn ? driver.ops.turn(task, now) : *driver.ops.quantum;
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
    if (!asks || !driver.queued || !driver.ops.held_until)
        return;
    driver.look |= driver.idle & driver.deaf;
    driver.idle &= ~driver.deaf;
}

static void run(struct sched_task *task, uint32_t hart, uint64_t now, uint64_t until)
{
    if (!driver.ops.enqueue)
        queue_remove(task);
    driver.queued--;
    task->state = SCHED_RUNNING;
    driver.hart[hart].running = task;
    driver.hart[hart].began = now;
    driver.hart[hart].until = until;
    driver.statistics.switches += task != driver.hart[hart].last;
    driver.statistics.migrations += task->hart != hart;
    task->hart = hart;
    if (driver.hooked)
        note(SCHED_NOTE_RUN, task, hart, 0, now);
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
    task = driver.ops.pick(hart, now);
    while (UNLIKELY(!answer(hart, now, task, until)))
        task = driver.ops.pick(hart, now);
    leave(hooked);
    if (UNLIKELY(!task))
        driver.idle |= BIT(hart);
    else
        run(task, hart, now, *until);
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

// What yields has been appended to the queue, and nothing else been done.
struct sched_task *sched_yield_rest(struct sched_task *task, uint64_t now)
{
    uint64_t until;

    driver.plain--;
    driver.statistics.decisions++;
    driver.hart[0].last = driver.hart[0].running;
    driver.hart[0].running = NULL;
    driver.queued++;
    while (UNLIKELY(!answer(0, now, task, &until)))
        task = driver.ops.pick(0, now);
    run(task, 0, now, until);
    return task;
}

void sched_job(struct sched_task *task, uint64_t due, uint64_t remaining, uint64_t now)
{
    attend(SCHED_ATTENTION_JOBS);
    enter(true);
    if (task->state == SCHED_RUNNING)
        usage(task, task->hart, now);
    task->due = due;
    task->remaining = remaining;
    if (driver.hooked)
        note(SCHED_NOTE_JOB, task, task->hart, 0, now);
    if (task->state != SCHED_BLOCKED && driver.ops.job && driver.ops.job(task, now) && task->state == SCHED_RUNNING)
        driver.look |= BIT(task->hart);
    leave(true);
}

void sched_away(uint32_t hart, uint64_t from, uint64_t to)
{
    struct sched_task *task = driver.hart[hart].running;

    if (!task)
        return;
    if (driver.attention) {
        enter(true);
        usage(task, hart, from);
        leave(true);
    }
    driver.hart[hart].began += to - from;
    if (driver.hart[hart].until != SCHED_NEVER)
        driver.hart[hart].until += to - from;
}

void sched_inherit(struct sched_task *owner, struct sched_task *waiter, uint64_t now)
{
    enter(true);
    if (driver.ops.inherit) {
        driver.ops.inherit(owner, waiter, now);
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

uint64_t sched_until(uint32_t hart)
{
    return driver.attention ? driver.hart[hart].until : driver.hart[hart].began + *driver.ops.quantum;
}

uint32_t sched_queued(void)
{
    return driver.queued;
}

struct sched_task *sched_find(uint32_t id)
{
    return id < SCHED_TASKS_MAX ? driver.tasks[id] : NULL;
}

const struct sched_statistics *sched_statistics(void)
{
    driver.statistics.decisions += driver.plain;
    driver.statistics.switches += driver.plain;
    driver.plain = 0;
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
