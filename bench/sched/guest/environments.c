// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tasks as environments, and this program is their scheduler (libos/scheduler/): the kernel tells it who of them has something to
 * do, and runs whom it says. They share its memory, and nothing else: each has a stack, and all of that is there before they run.
 * They do not wait for each other, so there are no locks and barriers here.
 */
#include "guest.h"
#include <libos/scheduler/scheduler.h>
#include <string.h>

#define STACK 8192

static struct scheduled tasks[ACTORS_MAX];
static char stacks[ACTORS_MAX][STACK] __attribute__((aligned(16)));

static void noted(enum sched_note note, const struct sched_task *task, uint32_t hart, enum sched_end end, uint64_t now)
{
    uint32_t id = task->id - place_environments.first;
    (void)hart, (void)now;

    if (clock_ns() == 0)
        return; // they begin by waiting for the run to
    if (note == SCHED_NOTE_WAKE) {
        tasks[id].task.due = job_due(actor_job(id));
        tasks[id].task.remaining = actor_job(id)->service;
    }
    actors_note(note, id, end);
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

static const char *start(void)
{
    struct sched_hooks hooks = *run.hooks;

    hooks.note = noted;
    memset(stacks, 0, sizeof(stacks));
    clock_begin(time_now() + time_from_us(SETTLE_US));
    const char *why = scheduler_begin(run.ops, run.seed, &hooks, SLOT_FREE);
    for (uint32_t id = 0; id < run.script.tasks && !why; id++)
        why = task_make(id);
    return why ? why : clock_ns() > 0 ? "creating its environments took too long" : NULL;
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
    tasks[id].task.due = job_due(actor_job(id));
    tasks[id].task.remaining = actor_job(id)->service;
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

const struct place place_environments = {
    .word = "envs",
    .name = "environments",
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
};
