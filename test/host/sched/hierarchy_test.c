// SPDX-License-Identifier: BSD-2-Clause
// Groups of tasks: what stride_over_edf promises between them and within them.
#include "lead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define SETS 40
#define TASKS_MAX 64
#define GROUPS_MAX 8
#define QUANTUM (5 * MS) // the default
#define RUN (4000 * MS)

static struct lead_task tasks[TASKS_MAX];
static uint32_t weights[GROUPS_MAX];

static struct lead lead_start(uint32_t count)
{
    struct lead lead = {.ops = &sched_stride_over_edf, .harts = 1, .until = RUN, .tasks = tasks, .count = count};

    lead_run(&lead);
    return lead;
}

static struct lead_task member(struct lead_task task, uint32_t group)
{
    task.task.group = group;
    task.task.weight = weights[group];
    return task;
}

// After each turn: of each two groups, none has a quantum more than its share of what both had.
static void shares_check(const struct lead *lead, uint32_t groups, uint64_t set)
{
    uint64_t ran[GROUPS_MAX] = {0};

    for (size_t i = 0; i < lead->spans_count; i++) {
        ran[tasks[lead->spans[i].task].task.group] += lead->spans[i].to - lead->spans[i].from;
        for (uint32_t a = 1; a <= groups; a++)
            for (uint32_t b = 1; b <= groups; b++) {
                double share = (double)(ran[a] + ran[b]) * weights[a] / (weights[a] + weights[b]);
                if ((double)ran[a] > share + QUANTUM + 1) fail_msg("more than a quantum, SEED=%lu", (unsigned long)set);
            }
    }
}

static void test_groups_share(void **state)
{
    uint64_t seed = lead_seed(__func__);
    (void)state;

    for (uint64_t set = seed; set < seed + SETS; set++) {
        uint64_t chance = set;
        uint32_t groups = (uint32_t)lead_between(&chance, 2, GROUPS_MAX - 1), count = 0;
        memset(tasks, 0, sizeof(tasks));
        for (uint32_t group = 1; group <= groups; group++) {
            weights[group] = (uint32_t)lead_between(&chance, 1, 10);
            tasks[count++] = member(lead_ready(1), group); // so the group always has something to run
            for (uint64_t more = lead_between(&chance, 0, 3); more > 0; more--)
                tasks[count++] = member(lead_sleeper(lead_between(&chance, MS, 9 * MS), 7 * MS), group);
        }
        struct lead lead = lead_start(count);
        shares_check(&lead, groups, set);
        lead_forget(&lead);
    }
}

// Who slept is owed nothing: a group that comes late does not take the hart until it has caught up.
static void test_a_sleeper_is_owed_nothing(void **state)
{
    (void)state;
    memset(tasks, 0, sizeof(tasks));
    weights[1] = weights[2] = 1;
    tasks[0] = member(lead_ready(1), 1);
    tasks[1] = member(lead_ready(1), 2);
    tasks[1].offset = 1000 * MS;
    struct lead lead = lead_start(2);
    assert_in_range(lead_ran_between(&lead, 1, 1000 * MS, 1100 * MS), 45 * MS, 55 * MS);
    lead_forget(&lead);
}

/*
 * A group with share s beside groups that take all they get. Its own tasks need U = 0.7 s, and each deadline is as
 * late as the policy's header asks for.
 */
static uint32_t deadlines_make(uint64_t *chance, uint32_t *with_deadlines)
{
    uint32_t groups = (uint32_t)lead_between(chance, 2, 5), all = 0, count = (uint32_t)lead_between(chance, 1, 6);
    double shares[TASKS_MAX];

    memset(tasks, 0, sizeof(tasks));
    for (uint32_t group = 1; group <= groups; group++) all += weights[group] = (uint32_t)lead_between(chance, 1, 5);
    double share = (double)weights[1] / all, least = (double)((groups + 1) * QUANTUM) / (0.3 * share);
    lead_uunifast(chance, 0.7 * share, count, shares);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t period = (uint64_t)(least * (1 + (double)lead_between(chance, 0, 300) / 100));
        tasks[i] = member(lead_periodic(period, 1 + (uint64_t)((double)period * shares[i])), 1);
        tasks[i].offset = lead_between(chance, 0, 50 * MS);
    }
    *with_deadlines = count;
    for (uint32_t group = 2; group <= groups; group++) tasks[count++] = member(lead_ready(1), group);
    return count;
}

static void test_groups_with_enough_share_miss_nothing(void **state)
{
    uint64_t seed = lead_seed(__func__);
    (void)state;

    for (uint64_t set = seed; set < seed + SETS; set++) {
        uint64_t chance = set, done = 0;
        uint32_t with_deadlines, count = deadlines_make(&chance, &with_deadlines);
        struct lead lead = lead_start(count);
        for (uint32_t i = 0; i < with_deadlines; i++) {
            if (tasks[i].missed) fail_msg("task %u misses, SEED=%lu", i, (unsigned long)set);
            done += tasks[i].done;
        }
        assert_true(done > 0);
        lead_forget(&lead);
    }
}

// Within a group the job that is due first goes first, at once.
static void test_earliest_deadline_within_a_group(void **state)
{
    (void)state;
    memset(tasks, 0, sizeof(tasks));
    weights[1] = weights[2] = 1;
    tasks[0] = member(lead_periodic(400 * MS, 150 * MS), 1);
    tasks[1] = member(lead_periodic(25 * MS, 2 * MS), 1);
    tasks[2] = member(lead_ready(1), 2);
    struct lead lead = lead_start(3);
    assert_int_equal(tasks[0].missed + tasks[1].missed, 0);
    assert_true(tasks[1].response_most <= 2 * QUANTUM + 2 * MS);
    lead_forget(&lead);

    tasks[0] = member(lead_periodic(400 * MS, 300 * MS), 1);
    tasks[1] = member(lead_periodic(25 * MS, 2 * MS), 1);
    lead = lead_start(2); // no other group
    assert_int_equal(tasks[1].response_most, 2 * MS);
    lead_forget(&lead);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_share),
        cmocka_unit_test(test_a_sleeper_is_owed_nothing),
        cmocka_unit_test(test_groups_with_enough_share_miss_nothing),
        cmocka_unit_test(test_earliest_deadline_within_a_group),
    };
    if (count > 1) cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
