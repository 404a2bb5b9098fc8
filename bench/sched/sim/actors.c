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

static void sleep_until(struct sim_hart *hart, uint64_t time)
{
    event_push(time > sim.now ? time : sim.now, EVENT_WAKE, hart->running->task.id, 0);
    engine_stop(hart, SCHED_END_BLOCKED);
}

static void release(struct sim_hart *hart, const struct action *action)
{
    struct actor *actor = hart->running;

    if (action->at <= sim.now) {
        record_release(&sim.record, sim.now, actor->task.id, action->service, action->deadline, sim.now - action->at);
        actor->left = sim.costs.again;
        sched_job(&actor->task, action->due, action->service, sim.now);
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
        record_note(&sim.record, sim.now, actor->task.id, NOTE_LOCK, number);
        return;
    }
    record_note(&sim.record, sim.now, actor->task.id, NOTE_LOCK_WAIT, number);
    append(&locks[number].waiters, actor);
    engine_stop(hart, SCHED_END_BLOCKED);
    sched_inherit(&locks[number].owner->task, &actor->task, sim.now);
}

// Who is to have it wakes afterwards, so that a policy may be left in any of its functions.
static void unlock(struct actor *actor, uint32_t number)
{
    struct actor *heir = locks[number].waiters;

    record_note(&sim.record, sim.now, actor->task.id, NOTE_UNLOCK, number);
    locks[number].owner = heir;
    locks[number].waiters = heir ? heir->next : NULL;
    if (!heir)
        return;
    record_note(&sim.record, sim.now, heir->task.id, NOTE_LOCK, number);
    engine_wake_later(heir, false);
    sched_inherit(&actor->task, NULL, sim.now);
    for (struct actor *waiter = locks[number].waiters; waiter; waiter = waiter->next)
        sched_inherit(&heir->task, &waiter->task, sim.now);
}

static void barrier(struct sim_hart *hart, const struct action *action)
{
    struct actor *actor = hart->running, *waiter = barriers[action->number].waiters;

    record_note(&sim.record, sim.now, actor->task.id, NOTE_BARRIER, action->number);
    if (++barriers[action->number].count < action->count) {
        append(&barriers[action->number].waiters, actor);
        engine_stop(hart, SCHED_END_BLOCKED);
        return;
    }
    barriers[action->number].count = 0;
    barriers[action->number].waiters = NULL;
    for (struct actor *next; waiter; waiter = next) {
        next = waiter->next;
        engine_wake_later(waiter, false);
    }
}

// Lengths that take logarithms to draw.
static uint64_t is_drawn(const struct workload_lengths *lengths)
{
    return lengths->kind == LENGTH_EXPONENTIAL || lengths->kind == LENGTH_LOGNORMAL || lengths->kind == LENGTH_LOGUNIFORM;
}

// What it takes to find out what the next action is.
static uint64_t cost_of(const struct workload_class *class, uint32_t phase, const struct action *action)
{
    const struct workload_phase *phases = &sim.script.workload->phase[class->first_phase];
    uint64_t drawn = is_drawn(&class->gap) + (class->arrival == ARRIVAL_DEMAND);

    switch (action->kind) {
    case SCRIPT_RELEASE:
        for (uint32_t i = 0; i < class->phases; i++)
            drawn += is_drawn(&phases[i].lengths);
        return sim.costs.end + drawn * sim.costs.draw;
    case SCRIPT_COMPUTE:
        if (action->length == SCRIPT_FOREVER_STEP)
            return 0;
        return sim.costs.begin + (class->phases ? is_drawn(&phases[phase - 1].lengths) * sim.costs.draw : 0);
    case SCRIPT_DONE: return 0; // which is in `begin`
    default:             return sim.costs.action;
    }
}

static void act(struct sim_hart *hart, const struct action *action)
{
    struct actor *actor = hart->running;

    switch (action->kind) {
    case SCRIPT_RELEASE: release(hart, action); break;
    case SCRIPT_SLEEP:   sleep_until(hart, action->at); break;
    case SCRIPT_LOCK:    lock(hart, action->number); break;
    case SCRIPT_UNLOCK:  unlock(actor, action->number); break;
    case SCRIPT_BARRIER: barrier(hart, action); break;
    case SCRIPT_DONE:    record_done(&sim.record, sim.now, actor->task.id); break;
    case SCRIPT_YIELD:   engine_stop(hart, SCHED_END_YIELDED); break;
    case SCRIPT_EXIT:    engine_stop(hart, SCHED_END_ENDED); break;
    case SCRIPT_COMPUTE: break; // it has
    }
}

void actor_go_on(struct sim_hart *hart)
{
    struct actor *actor = hart->running;
    const struct script_task *task = &sim.script.task[actor->task.id];

    if (actor->acts) {
        actor->acts = false;
        act(hart, &actor->action);
        return;
    }
    script_next(&sim.script, actor->task.id, sim.now, &actor->action);
    actor->left += cost_of(&sim.script.workload->class[task->class], task->phase, &actor->action);
    if (actor->action.kind == SCRIPT_COMPUTE)
        actor->left += actor->action.length ? actor->action.length : 1;
    actor->acts = true;
}

void actor_begin(uint32_t id)
{
    struct actor *actor = &sim.actor[id];

    actor->task = (struct sched_task){0};
    script_describe(&sim.script, id, &actor->task);
    script_next(&sim.script, id, 0, &actor->job);
    actor->releases = actor->job.kind == SCRIPT_RELEASE;
    if (actor->releases)
        event_push(actor->job.at, EVENT_WAKE, id, 0);
    sched_admit(&actor->task, 0);
}
