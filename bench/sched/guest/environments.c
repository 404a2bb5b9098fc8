// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tasks as environments, and this program is their scheduler (libos/scheduler/): the kernel tells it who of them has
 * something to do, and runs whom it says. They share its memory, and nothing else: each has a stack, and all of that is
 * there before they run. On several harts the program's scheduler decides for all of them.
 */
#include "guest.h"
#include <libos/scheduler/scheduler.h>
#include <string.h>

#define STACK 8192
#define TRIES 100
#define SETTLE_PIECE_US 1000
#define MOST  (CAPS_MAX - SLOT_FREE - HARTS_MAX) // each is named by a capability

static struct scheduled tasks[MOST];
static char stacks[MOST][STACK] __attribute__((aligned(16)));
static bool begun; // all wait for the run to begin, and nothing that is noted was before it
static struct scheduled_mutex locks[WORKLOAD_LOCKS_MAX];
static struct scheduled_barrier barriers[MOST];

static void noted(enum sched_note note, const struct sched_task *task, uint32_t hart, enum sched_end end, uint64_t now)
{
    uint32_t id = task->id - place_environments.first;
    (void)now;

    if (!begun)
        return;
    if (note == SCHED_NOTE_WAKE) {
        tasks[id].task.due = job_due(actor_job(id));
        tasks[id].task.remaining = actor_job(id)->service;
    }
    actors_note(note, id, hart, end);
}

// In an environment of its own, like all below `wait`.
static void task_main(word_t id)
{
    while (clock_ns() < actor_job((uint32_t)id)->at || clock_ns() == 0)
        sys_slice_wait(0, clock_tick(actor_job((uint32_t)id)->at));
    actor_run((uint32_t)id);
}

static const char *task_make(uint32_t id)
{
    (void)actor_begin(id, &tasks[id].task);
    env_t env = worker_create(task_main, id, (word_t)stacks[id] + STACK);
    return env ? scheduler_add(&tasks[id], env) : "there is no memory for its environments";
}

// Whether all tasks wait for the run's present beginning, or for later.
static bool all_wait(void)
{
    for (uint32_t id = 0; id < run.script.tasks; id++)
        if (tasks[id].task.state != SCHED_BLOCKED || tasks[id].deadline < clock_tick(0))
            return false;
    return true;
}

// On a busy machine they may come too late to wait for the beginning: then they wait for another.
static bool begin(void)
{
    for (int tries = 0; tries < TRIES && !begun; tries++) {
        clock_begin(time_now() + time_from_us(settle_us()));
        while (time_now() < clock_tick(0) && !all_wait())
            scheduler_run(time_now() + time_from_us(SETTLE_PIECE_US));
        begun = time_now() < clock_tick(0);
    }
    return begun;
}

static const char *start(void)
{
    struct sched_hooks hooks = *run.hooks;

    hooks.note = noted;
    memset(stacks, 0, run.script.tasks * STACK);
    clock_begin(time_now() + time_from_us(settle_us()));
    const char *why = scheduler_begin_on(run.harts, run.ops, run.seed, &hooks, SLOT_FREE);
    for (uint32_t id = 0; id < run.script.tasks && !why; id++)
        why = task_make(id);
    return why ? why : begin() ? NULL : "its environments took too long to begin";
}

static _Noreturn void wait(void)
{
    word_t end = clock_tick(run.duration);

    while (time_now() < end)
        if (!scheduler_run(end))
            events_wait(0, end);
    for (uint32_t id = 0; id < run.script.tasks; id++)
        while (sys_env_stop(tasks[id].env).error == ERR_AGAIN)
            continue;
    scheduler_end();
    run_finish();
}

static _Noreturn void over(void)
{
    for (;;)
        sys_slice_wait(0, 0);
}

static void nothing(void) {}

static void sleep(word_t until)
{
    sys_slice_wait(0, until);
}

static void job(uint32_t id)
{
    scheduled_job(&tasks[id], job_due(actor_job(id)), actor_job(id)->service);
}

static void sleep_job(uint32_t id)
{
    sys_slice_wait(0, clock_tick(actor_job(id)->at));
}

static void yield(void)
{
    sys_slice_yield();
}

static void end(void)
{
    sys_env_exit(0);
}

static bool lock_try(uint32_t id, uint32_t number) { return scheduled_try(&tasks[id], &locks[number]); }
static void lock(uint32_t id, uint32_t number) { scheduled_lock(&tasks[id], &locks[number]); }
static void unlock(uint32_t id, uint32_t number) { scheduled_unlock(&tasks[id], &locks[number]); }

static void meet(uint32_t id, uint32_t number, uint32_t count)
{
    barriers[number].count = count;
    scheduled_meet(&tasks[id], &barriers[number]);
}

const struct place place_environments = {
    .word = "envs",
    .name = "environments",
    .most = MOST,
    .harts = scheduler_harts,
    .first = 1, // their places on the board, whose entry 0 is nobody's
    .start = start,
    .wait = wait,
    .over = over,
    .hold = nothing,
    .release = nothing,
    .sleep = sleep,
    .job = job,
    .sleep_job = sleep_job,
    .yield = yield,
    .end = end,
    .lock_try = lock_try,
    .lock = lock,
    .unlock = unlock,
    .meet = meet,
};
