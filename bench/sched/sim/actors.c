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
    sim.sleepers++;
    engine_stop(hart, SCHED_END_BLOCKED);
}

static void release(struct sim_hart *hart, const struct action *action)
{
    struct actor *actor = hart->running;

    if (action->at <= sim.now) {
        record_release(&sim.record, sim.now, actor->task.id, action->service, action->deadline, sim.now - action->at);
        actor->left = sim.costs.again;
        sched_job(&actor->task, sim_due(action->due), action->service, sim_clock());
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
    sched_inherit(&locks[number].owner->task, &actor->task, sim_clock());
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
    sched_inherit(&actor->task, NULL, sim_clock());
    for (struct actor *waiter = locks[number].waiters; waiter; waiter = waiter->next)
        sched_inherit(&heir->task, &waiter->task, sim_clock());
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

// What it takes to find out what a job computes.
static uint64_t release_cost(const struct workload_class *class)
{
    const struct workload_phase *phases = &sim.script.workload->phase[class->first_phase];
    const uint64_t *draw = sim.costs.draw;
    uint64_t cost = class->arrival == ARRIVAL_DEMAND ? draw[LENGTH_EXPONENTIAL] : 0;

    if (class->arrival == ARRIVAL_AFTER || class->arrival == ARRIVAL_EVERY)
        cost += draw[class->gap.kind];
    for (uint32_t i = 0; i < class->phases; i++)
        cost += draw[phases[i].lengths.kind];
    return cost + (class->bursts_count ? sim.costs.burst : 0);
}

// What it takes to find out what the next action is, and to do it.
static uint64_t cost_of(const struct workload_class *class, uint32_t phase, const struct action *action)
{
    const struct workload_phase *phases = &sim.script.workload->phase[class->first_phase];
    uint64_t drawn = class->phases && phase > 0 ? sim.costs.draw[phases[phase - 1].lengths.kind] : 0;

    switch (action->kind) {
    case SCRIPT_RELEASE: return sim.costs.end + sim.sleepers * sim.costs.sleeper / 2 + release_cost(class); // half of the list
    case SCRIPT_COMPUTE: return action->length == SCRIPT_FOREVER_STEP ? 0 : sim.costs.compute + drawn;
    case SCRIPT_DONE:    return sim.costs.done;
    case SCRIPT_LOCK:    return sim.costs.lock;
    case SCRIPT_UNLOCK:  return sim.costs.unlock;
    case SCRIPT_SLEEP:   return sim.costs.action + drawn;
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
    if (actor->releases) {
        event_push(actor->job.at, EVENT_WAKE, id, 0);
        sim.sleepers++;
    }
    sched_admit(&actor->task, 0);
}
