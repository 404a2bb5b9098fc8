// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tasks as threads of this program, under the policy. Whoever finds that the run is over ends the program: a thread
 * that computes, or, when nobody runs, the program's first thread.
 */
#include "guest.h"

#define THREADS_MOST (STACKS_MAX - 24) // some stacks are the library's
#define STACK_PAGES  2                 // of its stack that a task uses

static struct mutex locks[WORKLOAD_LOCKS_MAX];
static struct barrier barriers[ACTORS_MAX];

// What the driver tells of every thread. Upcalls are held.
static void noted(enum sched_note note, const struct sched_task *task, uint32_t hart, enum sched_end end, uint64_t now)
{
    (void)now;
    if (task->id < run.script.tasks) // not the program's first
        actors_note(note, task->id, hart, end);
}

static word_t thread_main(word_t id)
{
    actor_run((uint32_t)id);
}

// What it is going to use of its stack is there before the run begins.
static struct thread *stack_touch(struct thread *thread)
{
    for (word_t page = 1; thread && page <= STACK_PAGES; page++)
        *(volatile char *)(thread_stack(thread) - page * PAGE_SIZE) = 0;
    return thread;
}

static struct thread *thread_make(uint32_t id)
{
    struct sched_task task;
    const struct action *job = actor_begin(id, &task);

    return stack_touch(thread_create_with(thread_main, id, &(struct thread_options){
        .weight = task.weight,
        .priority = task.priority,
        .group = task.group,
        .period = task.period,
        .deadline = task.deadline,
        .budget = task.budget,
        .start = clock_tick(job->at),
        .due = job_due(job),
        .remaining = job->service,
        .numbered = true,
        .id = id,
    }));
}

static const char *start(void)
{
    struct sched_hooks hooks = *run.hooks;

    hooks.note = noted;
    thread_policy_watched(run.ops, run.seed, &hooks);
    clock_begin(time_now() + time_from_us(settle_us()));
    for (uint32_t id = 0; id < run.script.tasks; id++)
        if (!thread_make(id))
            return "there is no memory for its threads";
    return clock_ns() > 0 ? "creating its threads took too long" : NULL;
}

static _Noreturn void wait(void)
{
    thread_sleep_until(clock_tick(run.duration));
    run_finish();
}

static void hold(void) { upcall_hold(); }
static void release(void) { upcall_release(); }

static void job(uint32_t id)
{
    thread_job(job_due(actor_job(id)), actor_job(id)->service);
}

static void sleep_job(uint32_t id)
{
    const struct action *next = actor_job(id);

    thread_sleep_job(clock_tick(next->at), job_due(next), next->service);
}

static void end(void) { thread_exit(0); }

static bool lock_try(uint32_t id, uint32_t number)
{
    (void)id;
    return mutex_try(&locks[number]);
}

static void lock(uint32_t id, uint32_t number)
{
    (void)id;
    mutex_lock(&locks[number]);
}

static void unlock(uint32_t id, uint32_t number)
{
    (void)id;
    mutex_unlock(&locks[number]);
}

static void meet(uint32_t id, uint32_t number, uint32_t count)
{
    (void)id;
    barriers[number].count = count;
    barrier_wait(&barriers[number]);
}

// A program's threads are on one hart.
static uint32_t harts(void) { return 1; }

const struct place place_threads = {
    .word = "threads",
    .name = "threads",
    .most = THREADS_MOST,
    .harts = harts,
    .start = start,
    .wait = wait,
    .over = run_finish,
    .hold = hold,
    .release = release,
    .sleep = thread_sleep_until,
    .job = job,
    .sleep_job = sleep_job,
    .yield = thread_yield,
    .end = end,
    .lock_try = lock_try,
    .lock = lock,
    .unlock = unlock,
    .meet = meet,
};
