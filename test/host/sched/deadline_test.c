// SPDX-License-Identifier: BSD-2-Clause
// Policies for work with deadlines: what edf, rate_monotonic and cbs promise, on random sets of tasks.
#include "lead.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define SETS 60
#define TASKS_MAX 24
#define RUN (2000 * MS)

static struct lead_task tasks[TASKS_MAX];

// Periods from 1 to 100 milliseconds, as many short ones as long ones by their order of magnitude.
static uint64_t period_by_chance(uint64_t *chance)
{
    return (uint64_t)(pow(10, 6 + 2 * (double)lead_between(chance, 0, 1000) / 1000));
}

// Tasks with utilisations that add up to `all`; those of sets with an even number all begin at once.
static void tasks_make(uint64_t *chance, double all, uint32_t count)
{
    double share[TASKS_MAX];

    memset(tasks, 0, sizeof(tasks));
    lead_uunifast(chance, all, count, share);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t period = period_by_chance(chance), work = (uint64_t)((double)period * share[i]);
        tasks[i] = lead_periodic(period, work ? work : 1);
        if (count % 2) tasks[i].offset = lead_between(chance, 0, period);
    }
}

// How many of the first `checked` tasks' jobs miss.
static uint64_t misses(const struct sched_ops *ops, uint32_t count, uint32_t checked)
{
    struct lead lead = {.ops = ops, .harts = 1, .until = RUN, .tasks = tasks, .count = count};
    struct lead_task before[TASKS_MAX];
    uint64_t missed = 0;

    memcpy(before, tasks, sizeof(tasks));
    lead_run(&lead);
    for (uint32_t i = 0; i < checked; i++) {
        missed += tasks[i].missed;
        assert_true(tasks[i].released > 10);
    }
    lead_forget(&lead);
    memcpy(tasks, before, sizeof(tasks)); // for the next policy
    return missed;
}

static void test_edf_misses_nothing(void **state)
{
    uint64_t seed = lead_seed(__func__), hard = 0;
    (void)state;

    for (uint64_t set = seed; set < seed + SETS; set++) {
        uint64_t chance = set;
        uint32_t count = (uint32_t)lead_between(&chance, 2, 20);
        tasks_make(&chance, set % 3 ? 0.95 : 1.0, count);
        if (misses(&sched_edf, count, count)) fail_msg("edf misses, SEED=%lu", (unsigned long)set);
        hard += misses(&sched_rate_monotonic, count, count) > 0;
    }
    assert_true(hard > SETS / 10); // sets in which the order matters
}

// Deadlines past the next release: jobs of one task follow each other without a wait, and another may come between.
static void test_edf_misses_nothing_of_late_deadlines(void **state)
{
    uint64_t seed = lead_seed(__func__);
    (void)state;

    for (uint64_t set = seed; set < seed + SETS; set++) {
        uint64_t chance = set;
        uint32_t count = (uint32_t)lead_between(&chance, 2, 12);
        tasks_make(&chance, 1.0, count);
        for (uint32_t i = 0; i < count; i++)
            tasks[i].task.deadline = lead_between(&chance, tasks[i].task.period, 4 * tasks[i].task.period);
        if (misses(&sched_edf, count, count)) fail_msg("edf misses, SEED=%lu", (unsigned long)set);
    }
}

// A task with many jobs behind makes room between two of them, for one that is due after the first and before the second.
static void test_edf_makes_room_between_jobs(void **state)
{
    (void)state;
    memset(tasks, 0, sizeof(tasks));
    tasks[0] = lead_periodic(400 * MS, 200 * MS); // first, until 200 ms
    tasks[0].task.deadline = 205 * MS;
    tasks[1] = lead_periodic(10 * MS, 48 * MS / 10); // twenty jobs wait then; the first is due at 210 ms, the next at 220
    tasks[1].task.deadline = 210 * MS;
    tasks[2] = lead_periodic(400 * MS, 5 * MS);
    tasks[2].offset = 201 * MS;
    tasks[2].task.deadline = 15 * MS; // due at 216 ms
    struct lead lead = {.ops = &sched_edf, .harts = 1, .until = RUN, .tasks = tasks, .count = 3};
    lead_run(&lead);
    for (uint32_t i = 0; i < 3; i++) assert_int_equal(tasks[i].missed, 0);
    assert_int_equal(tasks[2].done, 5);
    lead_forget(&lead);
}

// Who has no deadline gets what is left, and nobody with one waits for it.
static void test_edf_background(void **state)
{
    (void)state;
    memset(tasks, 0, sizeof(tasks));
    tasks[0] = lead_periodic(10 * MS, 6 * MS);
    tasks[1] = lead_ready(1);
    tasks[2] = lead_ready(1);
    struct lead lead = {.ops = &sched_edf, .harts = 1, .until = RUN, .tasks = tasks, .count = 3};
    lead_run(&lead);
    assert_int_equal(tasks[0].missed, 0);
    assert_int_equal(tasks[0].wait_most, 0);
    assert_int_equal(tasks[1].ran + tasks[2].ran, RUN * 4 / 10);
    assert_in_range(tasks[1].ran, tasks[2].ran - 10 * MS, tasks[2].ran + 10 * MS);
    lead_forget(&lead);
}

static void test_rate_monotonic_misses_nothing_at_its_bound(void **state)
{
    uint64_t seed = lead_seed(__func__);
    (void)state;

    for (uint64_t set = seed; set < seed + SETS; set++) {
        uint64_t chance = set;
        uint32_t count = (uint32_t)lead_between(&chance, 2, 12);
        tasks_make(&chance, count * (pow(2, 1.0 / count) - 1), count);
        if (misses(&sched_rate_monotonic, count, count)) fail_msg("it misses, SEED=%lu", (unsigned long)set);
    }
}

// Under overload the tasks with the longest periods miss, and nobody else.
static void test_rate_monotonic_overload(void **state)
{
    (void)state;
    memset(tasks, 0, sizeof(tasks));
    tasks[0] = lead_periodic(50 * MS, 25 * MS);
    tasks[1] = lead_periodic(5 * MS, 2 * MS);
    tasks[2] = lead_periodic(10 * MS, 3 * MS);
    struct lead lead = {.ops = &sched_rate_monotonic, .harts = 1, .until = RUN, .tasks = tasks, .count = 3};
    lead_run(&lead);
    assert_int_equal(tasks[1].missed + tasks[2].missed, 0);
    assert_true(tasks[0].missed > 0);
    lead_forget(&lead);
}

/*
 * Honest tasks for 0.6 of the hart, and behind them, with servers of together 0.4: one that works six times as long as
 * it said, and one that sleeps for a moment shortly before its budget is used up.
 */
static uint32_t honest_and_others(uint64_t *chance)
{
    uint32_t honest = (uint32_t)lead_between(chance, 2, 10);
    uint64_t period = period_by_chance(chance);

    tasks_make(chance, 0.6, honest);
    tasks[honest] = lead_periodic(period, period * 6 / 5);
    tasks[honest].task.budget = period / 5;
    tasks[honest].task.deadline = 0;
    tasks[honest + 1] = lead_sleeper(19 * MS / 10, MS / 100);
    tasks[honest + 1].task.period = 10 * MS;
    tasks[honest + 1].task.budget = 2 * MS;
    return honest;
}

static void cbs_isolates(uint64_t hard, const char *test)
{
    uint64_t seed = lead_seed(test), old = lead_parameter(&sched_cbs, "hard", hard), harmed = 0;

    for (uint64_t set = seed; set < seed + SETS; set++) {
        uint64_t chance = set;
        uint32_t honest = honest_and_others(&chance);
        if (misses(&sched_cbs, honest + 2, honest)) fail_msg("honest tasks miss, SEED=%lu", (unsigned long)set);
        for (uint32_t i = honest; i < honest + 2; i++) tasks[i].task.deadline = tasks[i].task.period;
        harmed += misses(&sched_edf, honest + 2, honest) > 0;
    }
    lead_parameter(&sched_cbs, "hard", old);
    assert_true(harmed > SETS / 2); // the others do harm where nobody isolates
}

static void test_cbs_isolates(void **state)
{
    (void)state;
    cbs_isolates(0, __func__);
}

static void test_cbs_isolates_hard(void **state)
{
    (void)state;
    cbs_isolates(1, __func__);
}

// With soft reservations an overrun takes what nobody wants, with hard ones never more than its share.
static void test_cbs_hard_is_a_ceiling(void **state)
{
    (void)state;
    for (uint64_t hard = 0; hard <= 1; hard++) {
        uint64_t old = lead_parameter(&sched_cbs, "hard", hard);
        memset(tasks, 0, sizeof(tasks));
        tasks[0] = lead_ready(1);
        tasks[0].task.period = 10 * MS;
        tasks[0].task.budget = 3 * MS;
        struct lead lead = {.ops = &sched_cbs, .harts = 1, .until = RUN, .tasks = tasks, .count = 1};
        lead_run(&lead);
        assert_int_equal(tasks[0].ran, hard ? RUN * 3 / 10 : RUN);
        for (uint64_t from = 0; hard && from < RUN; from += 10 * MS)
            assert_int_equal(lead_ran_between(&lead, 0, from, from + 10 * MS), 3 * MS);
        lead_forget(&lead);
        lead_parameter(&sched_cbs, "hard", old);
    }
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edf_misses_nothing),
        cmocka_unit_test(test_edf_misses_nothing_of_late_deadlines),
        cmocka_unit_test(test_edf_makes_room_between_jobs),
        cmocka_unit_test(test_edf_background),
        cmocka_unit_test(test_rate_monotonic_misses_nothing_at_its_bound),
        cmocka_unit_test(test_rate_monotonic_overload),
        cmocka_unit_test(test_cbs_isolates),
        cmocka_unit_test(test_cbs_isolates_hard),
        cmocka_unit_test(test_cbs_hard_is_a_ceiling),
    };
    if (count > 1) cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
