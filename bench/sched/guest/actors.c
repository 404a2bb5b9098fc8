// SPDX-License-Identifier: BSD-2-Clause
/*
 * The tasks of a workload: each does what its script says (script.h), one action after the other, wherever it runs.
 * What it cannot do alone, its place does (guest.h).
 */
#include "guest.h"
#include <string.h>

#define AWAKE      (~0ul)
#define STEPS_LEFT 100000 // actions of a task that are looked at behind the end

static struct actor {
    struct action job; // RELEASE: the present one, or the next while the task sleeps until it comes
    bool released;     // it has begun
    bool ended;        // there is no other
    uint64_t wakes;    // the time for which it sleeps, AWAKE: it does not
    uint64_t stopped;  // when it ran last
} actors[ACTORS_MAX];

uint64_t job_due(const struct action *job)
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

void actors_note(enum sched_note note, uint32_t id, uint32_t hart, enum sched_end end)
{
    struct actor *actor = &actors[id];
    uint64_t time = clock_ns();

    if (note == SCHED_NOTE_RUN) {
        event_add(RECORD_RUN, time, id, hart, 0);
    } else if (note == SCHED_NOTE_STOP) {
        event_add(RECORD_STOP, time, id, hart, end);
        actor->stopped = time;
    } else if (note == SCHED_NOTE_WAKE) {
        time = wake_time(actor, time);
        actor->wakes = AWAKE;
        event_add(RECORD_WAKE, time, id, 0, 0);
        if (!actor->released)
            job_begun(id, time);
    }
}

static void act_release(uint32_t id, const struct action *action)
{
    struct actor *actor = &actors[id];

    run.place->hold();
    uint64_t now = clock_ns();
    actor->job = *action;
    actor->released = action->at <= now;
    if (actor->released)
        job_begun(id, now);
    else
        actor->wakes = action->at;
    run.place->release();
    if (actor->released) {
        run.place->job(id);
        return;
    }
    run.place->sleep_job(id);
    run.place->hold();
    if (!actor->released) { // the time came before it could sleep, so nobody woke it
        actor->wakes = AWAKE;
        job_begun(id, clock_ns());
    }
    run.place->release();
}

static void act_sleep(uint32_t id, uint64_t until)
{
    actors[id].wakes = until;
    run.place->sleep(clock_tick(until));
}

// Nobody computes past the end of the run.
static void act_compute(uint64_t length)
{
    uint64_t now = clock_ns(), left = now < run.duration ? run.duration - now : 0;

    compute(length < left ? length : left);
}

static void note_add(uint32_t id, enum record_note code, uint64_t value)
{
    run.place->hold();
    event_note(clock_ns(), id, code, value);
    run.place->release();
}

static void act_lock(uint32_t id, uint32_t number)
{
    if (!run.place->lock_try(id, number)) {
        note_add(id, NOTE_LOCK_WAIT, number);
        run.place->lock(id, number);
    }
    note_add(id, NOTE_LOCK, number);
}

static void act_unlock(uint32_t id, uint32_t number)
{
    note_add(id, NOTE_UNLOCK, number);
    run.place->unlock(id, number);
}

static void act_barrier(uint32_t id, uint32_t number, uint32_t count)
{
    note_add(id, NOTE_BARRIER, number);
    run.place->meet(id, number, count);
}

static void act_done(uint32_t id)
{
    run.place->hold();
    event_add(RECORD_DONE, clock_ns(), id, 0, 0);
    run.place->release();
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
    case SCRIPT_YIELD:   run.place->yield(); break;
    case SCRIPT_DONE:    act_done(id); break;
    case SCRIPT_EXIT:    actors[id].ended = true; run.place->end();
    }
}

_Noreturn void actor_run(uint32_t id)
{
    for (;;) {
        struct action action;
        if (clock_ns() >= run.duration)
            run.place->over();
        script_next(&run.script, id, clock_ns(), &action);
        act(id, &action);
    }
}

const struct action *actor_begin(uint32_t id, struct sched_task *task)
{
    struct actor *actor = &actors[id];

    script_describe(&run.script, id, task);
    script_next(&run.script, id, 0, &actor->job);
    actor->wakes = actor->job.at;
    return &actor->job;
}

const struct action *actor_job(uint32_t id)
{
    return &actors[id].job;
}

/*
 * Jobs that have arrived when the run ends and were not begun: the present one's successors, and one whose task was
 * about to wake. A task that is asked for more than it will ever do is cut off.
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
