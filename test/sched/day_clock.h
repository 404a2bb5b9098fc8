// SPDX-License-Identifier: BSD-2-Clause
/*
 * A policy on a clock of the day's own (days.h). Whom a policy picks depends on how much time each task used, to the
 * nanosecond, and that is another in each place: so the place's time is kept from the policy. Its functions are called
 * with `day_now`, which passes when somebody works and else not; so they hear of the same events at the same times
 * everywhere, whatever the place needs for them.
 *
 * Turns have no end as far as the place knows. When one is over by the day's clock, whoever runs gives way, and the
 * policy hears that it expired. The program's first thread is none of the day's tasks, and the policy hears nothing of
 * it.
 */
#ifndef TEST_SCHED_DAY_CLOCK_H
#define TEST_SCHED_DAY_CLOCK_H

#include <libos/sched/driver.h>
#include <string.h>

static const struct sched_ops *day_real;
static uint64_t day_now, day_until, day_began;
static bool day_expired;                // whoever gives way does so because its turn is over
static uint32_t day_queued;             // tasks with the policy
static struct sched_task *day_stranger; // runnable, and none of the day's

static uint64_t day_remains[SCHED_TASKS_MAX]; // of jobs; the driver takes the place's time from what it is told

static bool day_is_stranger(const struct sched_task *task)
{
    return task->id == SCHED_TASKS_MAX - 1;
}

static void day_start(uint32_t harts, uint64_t seed)
{
    if (day_real->start)
        day_real->start(harts, seed);
}

static void day_admit(struct sched_task *task, uint64_t now)
{
    (void)now;
    if (day_real->admit && !day_is_stranger(task))
        day_real->admit(task, day_now);
}

static void day_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    (void)now;
    if (day_is_stranger(task)) {
        day_stranger = task;
        return;
    }
    if (why == SCHED_YIELDED && day_expired)
        why = SCHED_EXPIRED;
    day_expired = false;
    day_queued++;
    day_real->enqueue(task, why, day_now);
}

// What every pick does, of a policy with a queue of its own or without.
static struct sched_task *day_picked(struct sched_task *task)
{
    day_began = day_now;
    day_until = day_now + (day_real->quantum ? *day_real->quantum : SCHED_TURN_NS);
    return task;
}

static struct sched_task *day_pick(uint32_t hart, uint64_t now)
{
    struct sched_task *task = day_stranger;

    (void)now;
    day_stranger = NULL;
    if (task || (day_real->enqueue && !day_queued))
        return day_picked(task);
    day_queued -= day_real->enqueue != NULL;
    return day_picked(day_real->pick(hart, day_now));
}

static uint64_t day_turn(const struct sched_task *task, uint64_t now)
{
    (void)now;
    if (!day_is_stranger(task)) {
        uint64_t turn = day_real->turn(task, day_now);
        day_until = day_now + turn < day_now ? SCHED_NEVER : day_now + turn;
    }
    return SCHED_NEVER;
}

static void day_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    uint64_t *remaining = &day_remains[task->id];

    (void)now;
    if (day_is_stranger(task))
        return;
    used = day_now - day_began;
    day_began = day_now;
    if (task->remaining) {
        *remaining = *remaining ? *remaining : task->period;
        task->remaining = *remaining = *remaining > used ? *remaining - used : 1;
    }
    if (day_real->charge)
        day_real->charge(task, used, day_now);
}

static void day_block(struct sched_task *task, uint64_t now)
{
    (void)now;
    if (!day_is_stranger(task))
        day_real->block(task, day_now);
}

static void day_leave(struct sched_task *task, uint64_t now)
{
    (void)now;
    if (!day_is_stranger(task))
        day_real->leave(task, day_now);
}

static bool day_preempts(const struct sched_task *woken, const struct sched_task *running, uint64_t now)
{
    (void)now;
    return !day_is_stranger(woken) && !day_is_stranger(running) && day_real->preempts(woken, running, day_now);
}

static uint64_t day_held_until(uint32_t hart, uint64_t now)
{
    (void)now;
    return day_real->held_until(hart, day_now);
}

// Each task's first job needs as long as its period, where the policy is an oracle.
static uint64_t day_remaining(const struct sched_ops *ops, uint64_t period)
{
    return strcmp(ops->name, "srpt") == 0 ? period : 0;
}

// The policy on this clock: what it leaves out is left out.
static const struct sched_ops *day_ops(const struct sched_ops *real)
{
    static const uint64_t for_ever = 1ul << 50;
    static struct sched_ops ops;

    day_real = real;
    day_now = 1;
    day_queued = 0;
    day_stranger = NULL;
    day_expired = false;
    memset(day_remains, 0, sizeof(day_remains));
    ops = *real;
    ops.start = day_start;
    ops.pick = day_pick;
    ops.quantum = &for_ever;
    ops.admit = real->admit ? day_admit : NULL;
    ops.enqueue = real->enqueue ? day_enqueue : NULL;
    ops.charge = real->charge || day_remaining(real, 1) ? day_charge : NULL;
    ops.turn = real->turn ? day_turn : NULL;
    ops.block = real->block ? day_block : NULL;
    ops.leave = real->leave ? day_leave : NULL;
    ops.preempts = real->preempts ? day_preempts : NULL;
    ops.held_until = real->held_until ? day_held_until : NULL;
    return &ops;
}

// The running task works for so long.
static void day_work(uint64_t ns)
{
    day_now += ns;
}

// Its turn is over: it is to give way.
static bool day_is_over(void)
{
    day_expired = day_now >= day_until;
    return day_expired;
}

#endif
