// SPDX-License-Identifier: BSD-2-Clause
// What tasks do when they run. A lock is handed over to who waits first; see `inherit` in sched.h for the order of what is said.
#include <bench/sched/sim/sim.h>

#define BARRIERS_MAX SCRIPT_TASKS_MAX

static struct {
    struct actor *owner, *waiters;
} locks[WORKLOAD_LOCKS_MAX];

static struct {
    struct actor *waiters;
    uint32_t count;
} barriers[BARRIERS_MAX];

static void job_begin(struct actor *actor, const struct action *job, uint64_t late)
{
    record_release(&sim.record, engine_time(), actor->task.id, job->service, job->deadline, late);
    sched_job(&actor->task, job->due, job->service, sim.now);
}

void engine_wake(struct actor *actor)
{
    const struct action *job = &actor->job;

    if (actor->releases)
        sched_job(&actor->task, job->due, job->service, sim.now);
    sim.runnable++;
    sched_wake(&actor->task, sim.now);
    if (actor->releases) // behind the wake-up, which is recorded with the time at which it was due
        record_release(&sim.record, engine_time(), actor->task.id, job->service, job->deadline, engine_time() - job->at);
    actor->releases = false;
}

static void sleep_until(struct sim_hart *hart, uint64_t time)
{
    event_push(time, EVENT_WAKE, hart->running->task.id, 0);
    engine_block(hart);
}

static void release(struct sim_hart *hart, const struct action *action)
{
    struct actor *actor = hart->running;

    if (action->at <= sim.now) {
        job_begin(actor, action, sim.now - action->at);
        return;
    }
    actor->releases = true;
    actor->job = *action;
    sleep_until(hart, action->at);
}

static void append(struct actor **list, struct actor *actor)
{
    while (*list)
        list = &(*list)->next;
    actor->next = NULL;
    *list = actor;
}

static void lock(struct sim_hart *hart, uint32_t number)
{
    struct actor *actor = hart->running;

    if (!locks[number].owner) {
        locks[number].owner = actor;
        record_note(&sim.record, engine_time(), actor->task.id, NOTE_LOCK, number);
        return;
    }
    record_note(&sim.record, engine_time(), actor->task.id, NOTE_LOCK_WAIT, number);
    append(&locks[number].waiters, actor);
    sched_inherit(&locks[number].owner->task, &actor->task, sim.now);
    engine_block(hart);
}

static void unlock(struct actor *actor, uint32_t number)
{
    struct actor *heir = locks[number].waiters;

    record_note(&sim.record, engine_time(), actor->task.id, NOTE_UNLOCK, number);
    locks[number].owner = heir;
    locks[number].waiters = heir ? heir->next : NULL;
    sched_inherit(&actor->task, NULL, sim.now);
    if (!heir)
        return;
    record_note(&sim.record, engine_time(), heir->task.id, NOTE_LOCK, number);
    for (struct actor *waiter = locks[number].waiters; waiter; waiter = waiter->next)
        sched_inherit(&heir->task, &waiter->task, sim.now);
    engine_wake(heir);
}

static void barrier(struct sim_hart *hart, const struct action *action)
{
    struct actor *actor = hart->running, *waiter = barriers[action->number].waiters;

    record_note(&sim.record, engine_time(), actor->task.id, NOTE_BARRIER, action->number);
    if (++barriers[action->number].count < action->count) {
        append(&barriers[action->number].waiters, actor);
        engine_block(hart);
        return;
    }
    barriers[action->number].count = 0;
    barriers[action->number].waiters = NULL;
    for (struct actor *next; waiter; waiter = next) {
        next = waiter->next;
        engine_wake(waiter);
    }
}

static void leave(struct sim_hart *hart, enum sched_end end)
{
    uint32_t number = (uint32_t)(hart - sim.hart);

    hart->last = end == SCHED_END_ENDED ? NULL : hart->last;
    hart->running = NULL;
    sim.runnable -= end == SCHED_END_ENDED;
    sched_stop(number, end, sim.now);
}

void actor_go_on(struct sim_hart *hart)
{
    while (hart->running) {
        struct actor *actor = hart->running;
        struct action action;
        script_next(&sim.script, actor->task.id, sim.now, &action);
        switch (action.kind) {
        case SCRIPT_RELEASE: release(hart, &action); break;
        case SCRIPT_SLEEP:   sleep_until(hart, action.at); break;
        case SCRIPT_LOCK:    lock(hart, action.number); break;
        case SCRIPT_UNLOCK:  unlock(actor, action.number); break;
        case SCRIPT_BARRIER: barrier(hart, &action); break;
        case SCRIPT_DONE:    record_done(&sim.record, engine_time(), actor->task.id); break;
        case SCRIPT_YIELD:   leave(hart, SCHED_END_YIELDED); break;
        case SCRIPT_EXIT:    leave(hart, SCHED_END_ENDED); break;
        case SCRIPT_COMPUTE:
            actor->left = action.length ? action.length : 1;
            return;
        }
    }
}

void actors_begin(void)
{
    for (uint32_t id = 0; id < sim.script.tasks; id++) {
        struct actor *actor = &sim.actor[id];
        actor->task = (struct sched_task){0};
        script_describe(&sim.script, id, &actor->task);
        sched_admit(&actor->task, 0);
        script_next(&sim.script, id, 0, &actor->job);
        actor->releases = actor->job.kind == SCRIPT_RELEASE;
        if (actor->releases)
            event_push(actor->job.at, EVENT_WAKE, id, 0);
    }
}
