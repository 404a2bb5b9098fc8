// SPDX-License-Identifier: BSD-2-Clause
/*
 * The tasks of a workload as threads: each does what its script says (script.h), one action after the other. Whoever finds
 * that the run is over ends the program: a thread that computes, or, when nobody runs, the program's first thread.
 */
#include "guest.h"
#include <string.h>

#define SETTLE_US  50000  // from creating the threads to the beginning of the run
#define AWAKE      (~0ul)
#define STEPS_LEFT 100000 // actions of a task that are looked at behind the end

static struct actor {
    struct action job; // RELEASE: the present one, or the next while the task sleeps until it comes
    bool released;     // it has begun
    bool ended;        // there is no other
    uint64_t wakes;    // the time for which it sleeps, AWAKE: it does not
    uint64_t stopped;  // when it ran last
} actors[ACTORS_MAX];

static struct mutex locks[WORKLOAD_LOCKS_MAX];
static struct barrier barriers[ACTORS_MAX];

static uint64_t job_due(const struct action *job)
{
    return job->due ? clock_base() + job->due : 0;
}

// The actor's job has begun, `late` or not. Upcalls are held.
static void job_begun(uint32_t id, uint64_t now)
{
    struct actor *actor = &actors[id];
    uint64_t late = now > actor->job.at ? now - actor->job.at : 0;

    actor->released = true;
    event_release(now, id, actor->job.service, actor->job.deadline, late);
}

// A sleeper woke: at the time it slept for, however late the hart came to notice.
static uint64_t wake_time(const struct actor *actor, uint64_t now)
{
    uint64_t time = actor->wakes > actor->stopped ? actor->wakes : actor->stopped;

    return actor->wakes != AWAKE && time < now ? time : now;
}

void actors_note(enum sched_note note, const struct sched_task *task, uint32_t hart, enum sched_end end, uint64_t now)
{
    (void)hart, (void)now;
    if (task->id >= run.script.tasks)
        return; // the program's first thread
    struct actor *actor = &actors[task->id];
    uint64_t time = clock_ns();

    if (note == SCHED_NOTE_RUN) {
        event_add(RECORD_RUN, time, task->id, 0);
    } else if (note == SCHED_NOTE_STOP) {
        event_add(RECORD_STOP, time, task->id, end);
        actor->stopped = time;
    } else if (note == SCHED_NOTE_WAKE) {
        time = wake_time(actor, time);
        actor->wakes = AWAKE;
        event_add(RECORD_WAKE, time, task->id, 0);
        if (!actor->released)
            job_begun(task->id, time);
    }
}

static void act_release(uint32_t id, const struct action *action)
{
    struct actor *actor = &actors[id];

    upcall_hold();
    uint64_t now = clock_ns();
    actor->job = *action;
    actor->released = action->at <= now;
    if (actor->released)
        job_begun(id, now);
    else
        actor->wakes = action->at;
    upcall_release();
    if (actor->released) {
        thread_job(job_due(action), action->service);
        return;
    }
    thread_sleep_job(clock_tick(action->at), job_due(action), action->service);
    upcall_hold();
    if (!actor->released) { // the time came before it could sleep, so nobody woke it
        actor->wakes = AWAKE;
        job_begun(id, clock_ns());
    }
    upcall_release();
}

static void act_sleep(uint32_t id, uint64_t until)
{
    actors[id].wakes = until;
    thread_sleep_until(clock_tick(until));
}

// Nobody computes past the end of the run.
static void act_compute(uint64_t length)
{
    uint64_t now = clock_ns(), left = now < run.duration ? run.duration - now : 0;

    compute(length < left ? length : left);
}

static void note_add(uint32_t id, enum record_note code, uint64_t value)
{
    upcall_hold();
    event_note(clock_ns(), id, code, value);
    upcall_release();
}

static void act_lock(uint32_t id, uint32_t number)
{
    if (!mutex_try(&locks[number])) {
        note_add(id, NOTE_LOCK_WAIT, number);
        mutex_lock(&locks[number]);
    }
    note_add(id, NOTE_LOCK, number);
}

static void act_unlock(uint32_t id, uint32_t number)
{
    note_add(id, NOTE_UNLOCK, number);
    mutex_unlock(&locks[number]);
}

static void act_barrier(uint32_t id, uint32_t number, uint32_t count)
{
    note_add(id, NOTE_BARRIER, number);
    barriers[number].count = count;
    barrier_wait(&barriers[number]);
}

static void act_done(uint32_t id)
{
    upcall_hold();
    event_add(RECORD_DONE, clock_ns(), id, 0);
    upcall_release();
}

static void act(uint32_t id, const struct action *action)
{
    switch (action->kind) {
    case SCRIPT_RELEASE: act_release(id, action); break;
    case SCRIPT_COMPUTE: act_compute(action->length); break;
    case SCRIPT_SLEEP:   act_sleep(id, action->at); break;
    case SCRIPT_LOCK:    act_lock(id, action->number); break;
    case SCRIPT_UNLOCK:  act_unlock(id, action->number); break;
    case SCRIPT_BARRIER: act_barrier(id, action->number, action->count); break;
    case SCRIPT_YIELD:   thread_yield(); break;
    case SCRIPT_DONE:    act_done(id); break;
    case SCRIPT_EXIT:    actors[id].ended = true; thread_exit(0);
    }
}

static word_t actor_main(word_t id)
{
    for (;;) {
        struct action action;
        if (clock_ns() >= run.duration)
            run_finish();
        script_next(&run.script, (uint32_t)id, clock_ns(), &action);
        act((uint32_t)id, &action);
    }
}

static struct thread *actor_create(uint32_t id)
{
    struct actor *actor = &actors[id];
    struct sched_task task;

    script_describe(&run.script, id, &task);
    script_next(&run.script, id, 0, &actor->job);
    actor->wakes = actor->job.at;
    return thread_create_with(actor_main, id, &(struct thread_options){
        .weight = task.weight,
        .priority = task.priority,
        .group = task.group,
        .period = task.period,
        .deadline = task.deadline,
        .budget = task.budget,
        .start = clock_tick(actor->job.at),
        .due = job_due(&actor->job),
        .remaining = actor->job.service,
        .numbered = true,
        .id = id,
    });
}

// All tasks exist before the run begins, blocked, with their first jobs ahead.
const char *actors_start(void)
{
    clock_begin(time_now() + time_from_us(SETTLE_US));
    for (uint32_t id = 0; id < run.script.tasks; id++)
        if (!actor_create(id))
            return "there is no memory for its threads";
    return clock_ns() > 0 ? "creating its threads took too long" : NULL;
}

_Noreturn void actors_wait(void)
{
    thread_sleep_until(clock_tick(run.duration));
    run_finish();
}

/*
 * Jobs that have arrived when the run ends and were not begun: the present one's successors, and one whose task was about to wake.
 * A task that is asked for more than it will ever do is cut off.
 */
static void job_left(uint32_t id)
{
    struct action action = actors[id].job;
    bool begun = actors[id].released;

    for (uint32_t steps = 0; steps < STEPS_LEFT && action.kind != SCRIPT_EXIT; steps++) {
        bool is_job = action.kind == SCRIPT_RELEASE;
        if (is_job && action.at >= run.duration)
            return;
        if (is_job && !begun)
            event_release(run.duration, id, action.service, action.deadline, run.duration - action.at);
        if (is_job && action.service == 0)
            return; // it never ends
        begun = false;
        script_next(&run.script, id, run.duration, &action);
    }
}

void actors_left(void)
{
    for (uint32_t id = 0; id < run.script.tasks; id++)
        if (!actors[id].ended)
            job_left(id);
}
