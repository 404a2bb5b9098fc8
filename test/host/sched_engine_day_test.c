// SPDX-License-Identifier: BSD-2-Clause
/*
 * The recorded day of test/sched/days.h in the simulator: rivet-sim's own engine (bench/sched/sim/engine.c, with its
 * queue of events and its costs) leads tasks that live the day instead of a script, so this file is its actors.c and
 * its record.c. Whom each policy picks is what it picks in the bare driver, as threads and as environments.
 *
 * An engine runs once in a process, so each policy's day is a process of its own.
 */
#include <bench/sched/sim/sim.h>
#include <test/sched/day_clock.h>
#include <test/sched/days.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h> // needs the headers above

#define NOBODY_DUE 1000000000000ul // longer than a day

static const struct sched_ops *policy;
static size_t place;
static uint64_t worked; // who runs has worked for so long, and nobody has said so yet
static struct day {
    char picks[sizeof(DAY)];
    size_t picked;
    bool misused;
} *day; // shared with the process that lives it

// record.c: the engine says who runs.

void record_run(struct record *record, uint64_t now, uint32_t task, uint32_t hart)
{
    (void)record, (void)now, (void)hart;
    if (DAY[place] && day->picked < sizeof(day->picks) - 1)
        day->picks[day->picked++] = (char)('a' + task);
}

void record_wake(struct record *record, uint64_t now, uint32_t task)
{
    (void)record, (void)now, (void)task;
}

void record_stop(struct record *record, uint64_t now, uint32_t task, uint32_t hart, enum record_why why)
{
    (void)record, (void)now, (void)task, (void)hart, (void)why;
}

void record_release(struct record *record, uint64_t now, uint32_t task, uint64_t service, uint64_t deadline,
                    uint64_t late)
{
    (void)record, (void)now, (void)task, (void)service, (void)deadline, (void)late;
}

void record_end(struct record *record, uint64_t now)
{
    (void)record, (void)now;
}

// script.c: the day is all that tasks do.

void script_next(struct script *script, uint32_t id, uint64_t now, struct action *action)
{
    (void)script, (void)id, (void)now;
    *action = (struct action){.kind = SCRIPT_EXIT};
}

// actors.c: whoever runs does what the day says next.

static void works(struct sim_hart *hart, char digit)
{
    worked = DAY_WORK(digit);
    hart->running->left = worked;
}

static void has_worked(struct sim_hart *hart)
{
    day_work(worked);
    worked = 0;
    if (day_is_over())
        engine_stop(hart, SCHED_END_YIELDED);
}

void actor_go_on(struct sim_hart *hart)
{
    char what = DAY[place];

    if (worked) {
        has_worked(hart);
        return;
    }
    if (!what) {
        sim.end = sim.now;
        hart->running->left = NOBODY_DUE;
        return;
    }
    place++;
    if (what >= 'a' && what < 'a' + DAY_TASKS) {
        if (sim.actor[what - 'a'].task.state == SCHED_BLOCKED)
            engine_wake_later(&sim.actor[what - 'a'], false);
    } else if (what >= '1' && what <= '9') {
        works(hart, what);
    } else if (what == '.') {
        engine_stop(hart, SCHED_END_YIELDED);
    } else if (hart->running->task.id != DAY_TASKS - 1) {
        engine_stop(hart, SCHED_END_BLOCKED);
    }
}

void actor_begin(uint32_t id)
{
    struct actor *actor = &sim.actor[id];

    actor->task = (struct sched_task){.id = id, .weight = DAY_WEIGHT(id), .priority = DAY_PRIORITY(id), .harts = ~0ul,
                                      .group = DAY_GROUP(id), .period = DAY_PERIOD(id), .deadline = DAY_PERIOD(id),
                                      .budget = DAY_BUDGET(id), .due = DAY_DUE(id),
                                      .remaining = day_remaining(policy, DAY_PERIOD(id))};
    event_push(1, EVENT_WAKE, id, 0);
    sched_admit(&actor->task, 0);
}

// The days

static _Noreturn void live(const char *name)
{
    char error[200];

    sim.script.tasks = DAY_TASKS;
    sim.harts = 1;
    sim.end = NOBODY_DUE;
    sim.costs = costs_default;
    if (!costs_read(&sim.costs, SIM_COSTS, name, error)) {
        fprintf(stderr, "%s\n", error);
        _exit(1);
    }
    engine_begin(day_ops(policy), 1);
    engine_run();
    day->misused = sched_misuse() != NULL;
    _exit(0);
}

static void check(const struct sched_ops *ops, const char *recorded)
{
    int status;

    memset(day, 0, sizeof(*day));
    policy = ops;
    pid_t child = fork();
    if (child == 0)
        live(ops->name);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_false(day->misused);
    assert_string_equal(day->picks, recorded);
}

static void test_days(void **state)
{
    (void)state;
#define PICKS(name, recorded) check(&sched_##name, recorded);
#include <test/sched/days.h>
#undef PICKS
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_days)};

    day = mmap(NULL, sizeof(*day), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (day == MAP_FAILED)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
