// SPDX-License-Identifier: BSD-2-Clause
/*
 * What happens, in the order of time, as it does with threads in a guest. A hart is in one of five steps:
 *
 *     IDLE        nothing to run; an interrupt, or the time for which the policy asked, brings it on
 *     RUNNING     its actor computes from `start` on (before that it is being resumed), until it is done or its turn over
 *     ENTERING    an interrupt came: at the end of this step those who are due wake, and turns end (serve)
 *     STOPPED     nothing runs any more: at the end of this step the policy picks
 *     CHOOSING    it picked: at the end of this step its task runs
 *
 * What comes while a hart is ENTERING is served with the rest, what comes while it is STOPPED or CHOOSING as soon as somebody
 * runs again.
 */
#include <bench/sched/sim/sim.h>
#include <libos/sched/driver_state.h>

#define FIRST    (SCHED_TASKS_MAX - 1)
#define SLICE_NS 10000000ul // the guest's slices are so long: at their ends it comes back to its program

struct sim sim;
static struct actor *waking, **waking_end = &waking;

static uint32_t number_of(const struct sim_hart *hart)
{
    return (uint32_t)(hart - sim.hart);
}

static void note(enum sched_note what, const struct sched_task *task, uint32_t hart, enum sched_end end, uint64_t now)
{
    (void)now; // which is the clock's, of ticks
    if (task->id == FIRST)
        return;
    if (what == SCHED_NOTE_WAKE && !sim.actor[task->id].told)
        record_wake(&sim.record, sim.now, task->id);
    if (what == SCHED_NOTE_STOP)
        record_stop(&sim.record, sim.now, task->id, hart, (enum record_why)end);
}

// Timers come at ticks.
static uint64_t tick_of(uint64_t time)
{
    return time > SCHED_NEVER - sim.costs.tick ? SCHED_NEVER : (time + sim.costs.tick - 1) / sim.costs.tick * sim.costs.tick;
}

static void step(struct sim_hart *hart, enum sim_step next, uint64_t time)
{
    hart->step = next;
    hart->stamp++;
    if (time != SCHED_NEVER)
        event_push(time, EVENT_HART, number_of(hart), hart->stamp);
}

/*
 * When its turn's end interrupts it. Threads set no alarm for the end of a turn for which nobody waits, unless the policy
 * wants to know more than who is next.
 */
static uint64_t turn_ends(const struct sim_hart *hart)
{
    bool is_set = sim.harts > 1 || sched_queued() > 0 || sched_driver.attention & SCHED_ATTENTION_POLICY;

    return is_set ? tick_of(hart->until) : SCHED_NEVER;
}

// When something happens on a hart that runs.
static void go_on(struct sim_hart *hart)
{
    uint64_t done = hart->start + hart->running->left, until = turn_ends(hart);
    until = until < hart->start ? hart->start : until; // whoever is being resumed gets that far
    step(hart, RUNNING, done < until ? done : until);
}

// What it computed so far.
static void progress(struct sim_hart *hart, uint64_t now)
{
    uint64_t did = hart->running && now > hart->start ? now - hart->start : 0;

    if (did == 0)
        return;
    hart->running->left -= did < hart->running->left ? did : hart->running->left;
    hart->start = now;
}

static void enter(struct sim_hart *hart, uint64_t time, uint64_t cost)
{
    progress(hart, time);
    hart->rest = hart->start > time ? hart->start - time : 0;
    step(hart, ENTERING, time + cost);
}

// An interrupt looks through the list of those who sleep.
static uint64_t list_cost(void)
{
    return sim.sleepers * sim.costs.sleeper;
}

// The guest's slice, of which the kernel tells it when it ends.
static void slice_begin(struct sim_hart *hart, uint64_t time)
{
    hart->slice = time + SLICE_NS;
    if (sim.costs.slice_end)
        event_push(hart->slice, EVENT_SLICE, number_of(hart), 0);
}

static void interrupt(struct sim_hart *hart, uint64_t time)
{
    if (hart->step == RUNNING) {
        enter(hart, time, sim.costs.timer + list_cost() + costs_decision(&sim.costs, sched_queued()) / 2);
    } else if (hart->step == IDLE) {
        sim.idle_ns += sim.now - hart->stopped;
        slice_begin(hart, time);
        hart->alarmed = hart->due && hart->resumed > hart->due->stopped;
        step(hart, ENTERING, time + sim.costs.idle + (hart->alarmed ? sim.costs.alarm : 0) + list_cost());
    }
}

void engine_stop(struct sim_hart *hart, enum sched_end end)
{
    uint32_t number = number_of(hart);

    hart->running->interrupted = end <= SCHED_END_PREEMPTED;
    hart->running->stopped = sim.now;
    hart->running = NULL;
    hart->stopped = sim.now;
    sched_stop(number, end, sim_clock());
}

void engine_wake_later(struct actor *actor, bool told)
{
    actor->next = NULL;
    actor->told = told;
    *waking_end = actor;
    waking_end = &actor->next;
}

static void wake_all(struct actor **list)
{
    struct actor *actor;

    while ((actor = *list)) {
        *list = actor->next;
        if (list == &waking && !waking)
            waking_end = &waking;
        if (actor->releases)
            sched_job(&actor->task, sim_due(actor->job.due), actor->job.service, sim_clock());
        actor->releases = false;
        sched_wake(&actor->task, sim_clock());
        actor->told = false;
    }
}

// Whoever was to wake wakes, and harts that have to decide anew do: this one at once, others by an interrupt.
static void settle(struct sim_hart *self)
{
    wake_all(&waking);
    for (uint64_t harts = sched_look(); harts; harts &= harts - 1) {
        struct sim_hart *hart = &sim.hart[__builtin_ctzl(harts)];
        hart->wanted = true;
        if (hart != self)
            interrupt(hart, sim.now);
    }
    if (self && self->running && self->wanted)
        engine_stop(self, SCHED_END_PREEMPTED);
}

// Nothing runs there: a decision takes its time, and so does what is around it. Turns begin in the middle of that.
static void decide(struct sim_hart *hart)
{
    uint64_t decision = costs_decision(&sim.costs, sched_queued());

    hart->takes = (sim.costs.choose + (hart->wanted ? decision / 2 : decision)) / 2; // the other half was in the wake-up
    if (sim.jitter.state)
        hart->takes += sched_random_below(&sim.jitter, sim.costs.tick);
    step(hart, STOPPED, sim.now + hart->takes);
}

static void pick(struct sim_hart *hart)
{
    uint64_t until = SCHED_NEVER;

    hart->wanted = false;
    hart->picked = NULL;
    struct sched_task *task = sched_next(number_of(hart), sim_clock(), &until);
    if (task) {
        hart->picked = &sim.actor[task->id];
        hart->until = sim_time(until);
        step(hart, CHOOSING, sim.now + hart->takes);
    } else {
        step(hart, IDLE, tick_of(sim_time(until)));
    }
    settle(NULL); // on several harts the policy may want another for whom this one did not take
}

// The end of ENTERING.
static void serve(struct sim_hart *hart)
{
    bool was_running = hart->running != NULL;

    if (hart->running && sim.now >= hart->until)
        engine_stop(hart, SCHED_END_EXPIRED);
    wake_all(&hart->due);
    settle(hart);
    if (hart->running) {
        hart->start = sim.now + sim.costs.pass + hart->rest;
        go_on(hart);
    } else {
        hart->wanted = hart->wanted && was_running;
        decide(hart);
    }
}

// The end of CHOOSING.
static void resume(struct sim_hart *hart)
{
    struct actor *actor = hart->picked;

    record_run(&sim.record, sim.now, actor->task.id, number_of(hart));
    hart->start = sim.now + (actor->interrupted ? sim.costs.back : sim.costs.resume) + (actor == hart->last ? 0 : sim.costs.cold);
    hart->start += hart->alarmed ? sim.costs.late : 0;
    hart->alarmed = false;
    hart->resumed = sim.now;
    hart->running = hart->last = actor;
    go_on(hart);
    if (hart->due || hart->wanted)
        interrupt(hart, tick_of(sim.now));
}

static void run_event(struct sim_hart *hart)
{
    progress(hart, sim.now);
    if (hart->running->left > 0) { // its turn is over
        enter(hart, sim.now, sim.costs.expire + list_cost());
        return;
    }
    while (hart->running && hart->running->left == 0) {
        actor_go_on(hart);
        settle(hart);
    }
    if (hart->running)
        go_on(hart);
    else
        decide(hart);
}

static void hart_event(struct sim_hart *hart)
{
    switch (hart->step) {
    case IDLE:     interrupt(hart, sim.now); break;
    case RUNNING:  run_event(hart); break;
    case ENTERING: serve(hart); break;
    case STOPPED:  pick(hart); break;
    case CHOOSING: resume(hart); break;
    }
}

// The timer interrupts the hart where it was set.
static void wake_event(struct actor *actor)
{
    struct sim_hart *hart = &sim.hart[actor->task.hart];
    struct actor **place = &hart->due;

    sim.sleepers--;
    record_wake(&sim.record, sim.now, actor->task.id);
    if (actor->releases)
        record_release(&sim.record, sim.now, actor->task.id, actor->job.service, actor->job.deadline, sim.now - actor->job.at);
    while (*place)
        place = &(*place)->next;
    actor->told = true;
    actor->next = NULL;
    *place = actor;
    interrupt(hart, tick_of(sim.now));
}

// The guest's slice is over: it is told, and has the next one. While it is idle it has none.
static void slice_event(struct sim_hart *hart)
{
    if (sim.now != hart->slice || hart->step == IDLE)
        return;
    slice_begin(hart, sim.now + sim.costs.slice_end / 2);
    if (hart->step != RUNNING)
        return;
    progress(hart, sim.now);
    if (sim.now >= hart->until) { // for which nobody waited
        enter(hart, sim.now, sim.costs.slice_end);
        return;
    }
    hart->start = (hart->start > sim.now ? hart->start : sim.now) + sim.costs.slice_end;
    go_on(hart);
}

/*
 * A program's first thread makes the others, and sleeps before their first jobs come. The policy has had it by then: a lottery, for
 * one, has drawn a ticket for it.
 */
static void first_thread(void)
{
    static struct sched_task first = {.id = FIRST, .weight = 1, .harts = 1};
    uint64_t until;

    if (sim.harts > 1 || !sched_admit(&first, 0))
        return;
    sched_wake(&first, 0);
    if (sched_next(0, 0, &until) == &first)
        sched_stop(0, SCHED_END_BLOCKED, 0);
}

void engine_begin(const struct sched_ops *ops, uint64_t seed)
{
    static const struct sched_hooks hooks = {.note = note};
    static bool began; // a policy may be left in each step
    static uint32_t actors;

    if (!began) {
        began = true;
        sched_begin(ops, sim.harts, seed, &hooks);
        first_thread();
    }
    while (actors < sim.script.tasks)
        actor_begin(actors++);
    for (uint32_t number = 0; number < sim.harts; number++)
        pick(&sim.hart[number]); // nobody yet: the driver learns that it is idle
    sim.begun = true;
}

void engine_run(void)
{
    struct event event;

    while (event_pop(&event) && event.time < sim.end) {
        if (event.kind == EVENT_HART && event.stamp != sim.hart[event.number].stamp)
            continue;
        sim.now = event.time;
        switch (event.kind) {
        case EVENT_HART:  hart_event(&sim.hart[event.number]); break;
        case EVENT_SLICE: slice_event(&sim.hart[event.number]); break;
        case EVENT_WAKE:  wake_event(&sim.actor[event.number]); break;
        }
    }
}

void engine_repair(void)
{
    for (uint32_t number = 0; number < sim.harts; number++) {
        struct sim_hart *hart = &sim.hart[number];
        struct sched_task *task = sched_running(number);
        if (task && hart->step == CHOOSING && hart->picked && task == &hart->picked->task)
            continue;
        if (task && hart->running == &sim.actor[task->id]) {
            if (hart->step == RUNNING)
                go_on(hart);
            else
                step(hart, ENTERING, sim.now);
            continue;
        }
        hart->running = NULL;
        if (!task) {
            pick(hart);
            continue;
        }
        hart->picked = &sim.actor[task->id]; // and nobody heard of it
        hart->until = sim_time(sched_until(number));
        step(hart, CHOOSING, sim.now);
    }
}

// Jobs that had arrived by the clock while the one before was not done yet.
static void jobs_left(struct actor *actor)
{
    uint32_t id = actor->task.id, steps = 0; // steps of one job: one that never ends has more than there are phases
    enum workload_arrival arrival = sim.script.workload->class[sim.script.task[id].class].arrival;
    struct action action;

    if ((actor->releases && !actor->told) || (arrival != ARRIVAL_EVERY && arrival != ARRIVAL_PERIODIC &&
                                              arrival != ARRIVAL_DEMAND && arrival != ARRIVAL_LISTED))
        return;
    do {
        if (actor->acts)
            action = actor->action;
        else
            script_next(&sim.script, id, sim.end, &action);
        actor->acts = false;
        if (action.kind != SCRIPT_RELEASE)
            continue;
        if (action.at >= sim.end)
            return;
        record_release(&sim.record, sim.end, id, action.service, action.deadline, sim.end - action.at);
        steps = 0;
    } while (action.kind != SCRIPT_EXIT && steps++ <= WORKLOAD_PHASES_MAX);
}

void engine_finish(void)
{
    sim.now = sim.end;
    for (uint32_t number = 0; number < sim.harts; number++)
        if (sim.hart[number].step == IDLE)
            sim.idle_ns += sim.now - sim.hart[number].stopped;
    for (uint32_t id = 0; id < sim.script.tasks; id++)
        jobs_left(&sim.actor[id]);
    record_end(&sim.record, sim.end);
}
