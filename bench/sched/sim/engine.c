// SPDX-License-Identifier: BSD-2-Clause
/*
 * What happens, in the order of time. A hart either runs an actor, has nothing to do, or is about to decide (only inside of a
 * step). Whoever runs computes from `start` on; its hart's next event is the end of that or of its turn, whichever comes first.
 */
#include <bench/sched/sim/sim.h>
#include <libos/sched/random.h>

struct sim sim;

/*
 * What a timer's interrupt takes differs from one to the next by a quarter up or down, as in the guest. Without that, turns would be
 * equal to the nanosecond, tasks would tie for ever, and who is first among equals would decide what nothing decides in reality.
 */
static struct sched_random chance;

static uint64_t around(uint64_t cost)
{
    return cost - cost / 4 + sched_random_below(&chance, cost / 2 + 1);
}

static uint32_t number_of(const struct sim_hart *hart)
{
    return (uint32_t)(hart - sim.hart);
}

// For records: what the last event costs is behind the end.
uint64_t engine_time(void)
{
    return sim.now < sim.end ? sim.now : sim.end;
}

static void note(enum sched_note what, const struct sched_task *task, uint32_t hart, enum sched_end end, uint64_t now)
{
    now = engine_time();
    if (what == SCHED_NOTE_WAKE)
        record_wake(&sim.record, sim.due < now ? sim.due : now, task->id);
    if (what == SCHED_NOTE_RUN)
        record_run(&sim.record, now, task->id, hart);
    if (what == SCHED_NOTE_STOP)
        record_stop(&sim.record, now, task->id, hart, (enum record_why)end);
}

// When something happens on a hart that runs.
static void hart_plan(struct sim_hart *hart)
{
    uint64_t done = hart->start + hart->running->left;
    event_push(done < hart->until ? done : hart->until, EVENT_HART, number_of(hart), ++hart->stamp);
}

// What it computed so far.
static void progress(struct sim_hart *hart)
{
    struct actor *actor = hart->running;
    uint64_t did = sim.now > hart->start ? sim.now - hart->start : 0;

    actor->left -= did < actor->left ? did : actor->left;
    if (did)
        hart->start = sim.now;
}

/*
 * The hart is busy for so long. On one hart that is simply the time that passes. Several do such things at once, but the driver's
 * time never goes back: what they do takes none then, and the task that comes next pays for it.
 */
static void spend(struct sim_hart *hart, uint64_t cost)
{
    if (sim.harts == 1)
        sim.now += cost;
    else
        hart->owed += cost;
}

// Nothing runs there.
static void hart_decide(struct sim_hart *hart)
{
    uint64_t until = SCHED_NEVER;

    spend(hart, sim.costs.decide_around + costs_decision(&sim.costs, sim.runnable));
    struct sched_task *task = sched_next(number_of(hart), sim.now, &until);
    hart->stamp++;
    if (!task) {
        hart->idle_since = sim.now;
        hart->owed = 0;
        if (until != SCHED_NEVER)
            event_push(until, EVENT_HART, number_of(hart), hart->stamp);
        return;
    }
    struct actor *actor = &sim.actor[task->id];
    hart->start = sim.now + hart->owed + sim.costs.go_on + (actor == hart->last ? 0 : sim.costs.cold);
    hart->running = hart->last = actor;
    hart->until = until;
    hart->owed = 0;
    hart_plan(hart);
}

static void idle_over(const struct sim_hart *hart)
{
    if (!hart->running)
        sim.idle_ns += sim.now - hart->idle_since;
}

// Harts that a policy wants to decide anew.
static void look(void)
{
    for (uint64_t harts; (harts = sched_look()) != 0;)
        for (; harts; harts &= harts - 1) {
            struct sim_hart *hart = &sim.hart[__builtin_ctzl(harts)];
            idle_over(hart);
            if (hart->running) {
                progress(hart);
                hart->running = NULL;
                sched_stop(number_of(hart), SCHED_END_PREEMPTED, sim.now);
            }
            hart_decide(hart);
        }
}

void engine_block(struct sim_hart *hart)
{
    hart->running = NULL;
    sim.runnable--;
    sched_stop(number_of(hart), SCHED_END_BLOCKED, sim.now);
}

static void hart_event(struct sim_hart *hart)
{
    if (!hart->running) { // it asks again
        idle_over(hart);
        hart_decide(hart);
        return;
    }
    progress(hart);
    if (hart->running->left == 0 && sim.now >= hart->start) {
        actor_go_on(hart);
        if (hart->running && sim.now < hart->until) {
            hart->start = sim.now;
            hart_plan(hart);
            return;
        }
        if (!hart->running) {
            hart_decide(hart);
            return;
        }
    }
    spend(hart, around(sim.costs.timer_busy));
    hart->running = NULL;
    sched_stop(number_of(hart), SCHED_END_EXPIRED, sim.now);
    hart_decide(hart);
}

// The timer interrupts who runs on the hart where it was set.
static void wake_event(struct actor *actor, uint64_t due)
{
    struct sim_hart *hart = &sim.hart[actor->task.hart];
    uint64_t cost = hart->running ? sim.costs.timer_busy : sim.costs.timer_idle;

    if (hart->running)
        progress(hart);
    spend(hart, around(cost));
    sim.due = due;
    engine_wake(actor);
    sim.due = SCHED_NEVER;
    if (hart->running) {
        hart->start = (hart->start > sim.now ? hart->start : sim.now) + hart->owed;
        hart->owed = 0;
        hart_plan(hart);
    }
}

void engine_begin(const struct sched_ops *ops, uint64_t seed)
{
    static const struct sched_hooks hooks = {.note = note};

    sim.due = SCHED_NEVER;
    chance.state = seed;
    sched_begin(ops, sim.harts, seed, &hooks);
    actors_begin();
    for (uint32_t number = 0; number < sim.harts; number++)
        hart_decide(&sim.hart[number]); // nobody yet
}

void engine_run(void)
{
    struct event event;

    while (event_pop(&event) && event.time < sim.end) {
        if (event.kind == EVENT_HART && event.stamp != sim.hart[event.number].stamp)
            continue;
        sim.now = event.time > sim.now ? event.time : sim.now;
        if (event.kind == EVENT_HART)
            hart_event(&sim.hart[event.number]);
        else
            wake_event(&sim.actor[event.number], event.time);
        look();
    }
}

void engine_repair(void)
{
    for (uint32_t number = 0; number < sim.harts; number++) {
        struct sim_hart *hart = &sim.hart[number];
        if (hart->running && sched_running(number) == &hart->running->task) {
            hart_plan(hart);
            continue;
        }
        if (sched_running(number))
            sched_stop(number, SCHED_END_PREEMPTED, sim.now);
        hart->running = NULL;
        hart_decide(hart);
    }
    look();
}

// Jobs that had arrived by the clock while the one before was not done yet.
static void jobs_left(uint32_t id)
{
    const struct workload *workload = sim.script.workload;
    enum workload_arrival arrival = workload->class[sim.script.task[id].class].arrival;
    struct action action = {0};
    uint32_t steps = 0; // of one job: one that never ends has more than there are phases

    if (sim.actor[id].releases || (arrival != ARRIVAL_EVERY && arrival != ARRIVAL_PERIODIC && arrival != ARRIVAL_DEMAND &&
                                   arrival != ARRIVAL_LISTED))
        return;
    while (action.kind != SCRIPT_EXIT && steps++ <= WORKLOAD_PHASES_MAX) {
        script_next(&sim.script, id, sim.end, &action);
        if (action.kind == SCRIPT_RELEASE && action.at >= sim.end)
            return;
        if (action.kind == SCRIPT_RELEASE)
            record_release(&sim.record, sim.end, id, action.service, action.deadline, sim.end - action.at);
        if (action.kind == SCRIPT_RELEASE)
            steps = 0;
    }
}

void engine_finish(void)
{
    sim.now = sim.end;
    for (uint32_t number = 0; number < sim.harts; number++)
        idle_over(&sim.hart[number]);
    for (uint32_t id = 0; id < sim.script.tasks; id++)
        jobs_left(id);
    record_end(&sim.record, sim.end);
}
