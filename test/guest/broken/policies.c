// SPDX-License-Identifier: BSD-2-Clause
/*
 * Policies that do well for a while and then break a rule, each another one: who runs their tasks names it, and goes on
 * without them. All of them are round robin until the tenth decision.
 */
#include <libos/sched/driver.h>

#define GOOD 10 // decisions

static int decisions;
static volatile uint64_t *volatile nowhere = NULL;
static struct sched_task stranger = {.id = 7, .state = SCHED_QUEUED}, *gone, *sleeping;

static void begin(uint32_t harts, uint64_t seed)
{
    (void)harts, (void)seed;
    decisions = 0;
}

static void blocks(struct sched_task *task, uint64_t now)
{
    (void)now;
    sleeping = task;
}

static void leaves(struct sched_task *task, uint64_t now)
{
    (void)now;
    gone = task;
}

// What round robin would pick; from the tenth time on `instead` of it.
static struct sched_task *pick(uint32_t hart, struct sched_task *instead)
{
    struct sched_task *task = sched_queue_first(hart);

    if (!task)
        return NULL;
    return ++decisions > GOOD ? instead : task;
}

static struct sched_task *pick_blocked(uint32_t hart, uint64_t now) { (void)now; return pick(hart, sleeping); }
static struct sched_task *pick_dead(uint32_t hart, uint64_t now) { (void)now; return pick(hart, gone ? gone : sched_queue_first(hart)); }
static struct sched_task *pick_foreign(uint32_t hart, uint64_t now) { (void)now; return pick(hart, &stranger); }
static struct sched_task *pick_nothing(uint32_t hart, uint64_t now) { (void)now; return pick(hart, NULL); }
static struct sched_task *pick_well(uint32_t hart, uint64_t now) { (void)now; return pick(hart, sched_queue_first(hart)); }

static uint64_t turn_none(const struct sched_task *task, uint64_t now)
{
    (void)task, (void)now;
    return decisions > GOOD ? 0 : SCHED_TURN_NS;
}

static struct sched_task *pick_loop(uint32_t hart, uint64_t now)
{
    struct sched_task *task = pick_well(hart, now);

    for (volatile bool for_ever = decisions > GOOD; for_ever;)
        continue;
    return task;
}

static struct sched_task *pick_crash(uint32_t hart, uint64_t now)
{
    struct sched_task *task = pick_well(hart, now);

    if (decisions > GOOD)
        *nowhere = now;
    return task;
}

#define BROKEN(name_, ...) \
    const struct sched_ops sched_##name_ = {.name = #name_, .start = begin, .block = blocks, .leave = leaves, __VA_ARGS__}
BROKEN(blocked, .pick = pick_blocked);
BROKEN(dead, .pick = pick_dead);
BROKEN(foreign, .pick = pick_foreign);
BROKEN(nothing, .pick = pick_nothing);
BROKEN(turnless, .pick = pick_well, .turn = turn_none);
BROKEN(loop, .pick = pick_loop);
BROKEN(crash, .pick = pick_crash);
