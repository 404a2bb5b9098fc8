// SPDX-License-Identifier: BSD-2-Clause
// Policies for several harts, and those that look at single requests: what work_stealing, gang, shinjuku and srpt promise.
#include "lead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define SETS 40
#define TASKS_MAX 80
#define RUN (500 * MS)

static struct lead_task tasks[TASKS_MAX];

static struct lead lead_start(const struct sched_ops *ops, uint32_t harts, uint64_t until, uint32_t count)
{
    struct lead lead = {.ops = ops, .harts = harts, .seed = 1, .until = until, .tasks = tasks, .count = count};

    lead_run(&lead);
    return lead;
}

// Any mixture of tasks, a third of them bound to some of the harts.
static uint32_t mixture(uint64_t *chance, uint32_t harts)
{
    uint32_t count = (uint32_t)lead_between(chance, 1, 4 * harts);

    memset(tasks, 0, sizeof(tasks));
    for (uint32_t i = 0; i < count; i++) {
        uint64_t work = lead_between(chance, 10 * US, 20 * MS), rest = lead_between(chance, 10 * US, 40 * MS);
        switch (lead_between(chance, 0, 3)) {
        case 0:  tasks[i] = lead_ready(1); break;
        case 1:  tasks[i] = lead_periodic(work + rest, work); break;
        case 2:  tasks[i] = lead_sleeper(work, rest); break;
        default: tasks[i] = lead_random(work / 2, work, work + rest);
        }
        if (lead_between(chance, 0, 2) == 0) tasks[i].task.harts = lead_between(chance, 1, (1ul << harts) - 1);
        tasks[i].offset = lead_between(chance, 0, 20 * MS);
    }
    return count;
}

static void test_work_stealing_conserves_work(void **state)
{
    uint64_t seed = lead_seed(__func__), moves = 0;
    (void)state;

    for (uint64_t set = seed; set < seed + SETS; set++) {
        uint64_t chance = set;
        uint32_t harts = (uint32_t)lead_between(&chance, 1, 8), count = mixture(&chance, harts);
        struct lead lead = lead_start(&sched_work_stealing, harts, RUN, count);
        if (lead.idle_waiting) fail_msg("a hart is idle while a task waits, SEED=%lu", (unsigned long)set);
        for (uint32_t i = 0; i < count; i++) moves += tasks[i].moves;
        lead_forget(&lead);
    }
    assert_true(moves > SETS); // there was something to steal
}

// While every hart has work, everybody stays where its data are.
static void test_work_stealing_stays(void **state)
{
    (void)state;
    memset(tasks, 0, sizeof(tasks));
    for (uint32_t i = 0; i < 10; i++) tasks[i] = lead_ready(1);
    struct lead lead = lead_start(&sched_work_stealing, 4, RUN, 10);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(tasks[i].moves, 0);
        assert_true(tasks[i].ran > RUN / 4);
    }
    lead_forget(&lead);
}

// When hart 2 has nothing, one task may leave hart 0, where five are, and one hart 1, where two are.
static void test_work_stealing_takes_from_the_longest(void **state)
{
    static const uint64_t may_run[] = {4, 1 | 4, 2 | 4, 1, 1, 1, 1, 2};
    (void)state;

    for (uint32_t i = 0; i < 8; i++) {
        tasks[i] = lead_ready(1);
        tasks[i].offset = i > 2;
        tasks[i].task.harts = may_run[i];
    }
    tasks[0] = lead_sleeper(5 * MS, RUN);
    tasks[0].task.harts = may_run[0];
    struct lead lead = lead_start(&sched_work_stealing, 3, RUN, 8);
    assert_int_equal(lead.idle_waiting, 0);
    assert_int_equal(tasks[1].moves, 1);
    assert_int_equal(tasks[1].hart, 2);
    assert_int_equal(tasks[2].moves, 0);
    lead_forget(&lead);
}

// In every slot that one member of a gang has, all of them have it.
static void gangs_check(const struct lead *lead, uint32_t count)
{
    for (uint32_t one = 0; one < count; one++)
        for (uint32_t other = 0; other < one; other++) {
            if (!tasks[one].task.group || tasks[one].task.group != tasks[other].task.group) continue;
            size_t i = 0, j = 0;
            for (;; i++, j++) {
                while (i < lead->spans_count && lead->spans[i].task != one) i++;
                while (j < lead->spans_count && lead->spans[j].task != other) j++;
                if (i == lead->spans_count || j == lead->spans_count) break;
                assert_int_equal(lead->spans[i].from, lead->spans[j].from);
                assert_int_equal(lead->spans[i].to, lead->spans[j].to);
                assert_int_not_equal(lead->spans[i].hart, lead->spans[j].hart);
            }
            assert_int_equal(i, j); // both at the end
        }
}

static void test_gang_runs_together(void **state)
{
    uint64_t seed = lead_seed(__func__);
    (void)state;

    for (uint64_t set = seed; set < seed + SETS; set++) {
        uint64_t chance = set;
        uint32_t harts = (uint32_t)lead_between(&chance, 2, 8), count = 0;
        memset(tasks, 0, sizeof(tasks));
        for (uint32_t gang = 1; gang <= 5; gang++)
            for (uint64_t left = lead_between(&chance, 1, harts); left > 0; left--) {
                tasks[count] = lead_ready(1);
                tasks[count++].task.group = gang;
            }
        for (uint32_t i = 0; i < 3; i++) tasks[count++] = lead_sleeper(i ? 3 * MS : 17 * MS, 14 * MS);
        struct lead lead = lead_start(&sched_gang, harts, RUN, count);
        gangs_check(&lead, count);
        for (uint32_t i = 0; i < count; i++) // eight gangs, of which three have one member
            if (i + 3 < count ? tasks[i].ran < RUN / 8 - 20 * MS : tasks[i].turns < RUN / 8 / (10 * MS) - 1)
                fail_msg("task %u got little, SEED=%lu", i, (unsigned long)set);
        lead_forget(&lead);
    }
}

// A member that sleeps has its hart back the moment it wakes, while its gang runs.
static void test_gang_keeps_the_place_of_who_sleeps(void **state)
{
    (void)state;
    memset(tasks, 0, sizeof(tasks));
    tasks[0] = lead_ready(1);
    tasks[1] = lead_sleeper(400 * US, 23 * MS); // asleep when slots of its gang begin
    tasks[2] = lead_ready(1);
    for (uint32_t i = 0; i < 3; i++) tasks[i].task.group = i < 2 ? 7 : 8;
    struct lead lead = lead_start(&sched_gang, 2, RUN, 3);
    for (size_t i = 0; i < lead.spans_count; i++) {
        const struct lead_span *span = &lead.spans[i];
        if (span->task == 1) assert_int_equal(lead_ran_between(&lead, 0, span->from, span->to), span->to - span->from);
        if (span->task == 2) assert_int_equal(lead_ran_between(&lead, 0, span->from, span->to), 0);
    }
    assert_true(tasks[1].wakes > RUN / (50 * MS));
    lead_forget(&lead);
}

// More members than harts: in turn, as many as there are harts.
static void test_gang_with_too_many_members(void **state)
{
    (void)state;
    for (uint32_t harts = 1; harts <= 3; harts++) {
        memset(tasks, 0, sizeof(tasks));
        for (uint32_t i = 0; i < 5; i++) {
            tasks[i] = lead_ready(1);
            tasks[i].task.group = i < 4 ? 1 : 0;
        }
        struct lead lead = lead_start(&sched_gang, harts, 10 * RUN, 5);
        for (uint32_t i = 1; i < 4; i++) assert_in_range(tasks[i].ran, tasks[0].ran - 20 * MS, tasks[0].ran + 20 * MS);
        assert_true(tasks[4].ran > RUN);
        if (harts == 1) assert_int_equal(lead.idle_waiting, 0);
        lead_forget(&lead);
    }
}

// Requests of 5 microseconds, one at a time, beside tasks that never stop.
static void test_shinjuku_bounds_the_wait_behind_long_ones(void **state)
{
    const uint64_t quantum = 10 * US, service = 5 * US;
    (void)state;

    for (uint32_t harts = 1; harts <= 4; harts++)
        for (uint32_t longs = 0; longs <= 12; longs += 3) {
            memset(tasks, 0, sizeof(tasks));
            for (uint32_t i = 0; i < longs; i++) tasks[i] = lead_ready(1);
            tasks[longs] = lead_sleeper(service, 333 * US);
            tasks[longs].offset = 1000 * US;
            struct lead lead = lead_start(&sched_shinjuku, harts, 20 * MS, longs + 1);
            assert_true(tasks[longs].done > 20);
            assert_true(tasks[longs].response_most <= longs / harts * quantum + service);
            assert_int_equal(lead.idle_waiting, 0);
            lead_forget(&lead);
        }
}

#define POLICY(name) &sched_##name,
static const struct sched_ops *const policies[] = {
#include <libos/sched/policies.def>
};
#undef POLICY

// The same jobs, each of a task of its own, which ends with it; the mean response time under a policy.
static double mean_response(const struct sched_ops *ops, uint64_t set, uint32_t count)
{
    uint64_t chance = set, response = 0, at = 0;

    memset(tasks, 0, sizeof(tasks));
    for (uint32_t i = 0; i < count; i++) {
        bool is_long = lead_between(&chance, 0, 9) == 0;
        uint64_t work = is_long ? lead_between(&chance, 20 * MS, 60 * MS) : lead_between(&chance, 100 * US, 4 * MS);
        tasks[i] = lead_periodic(100 * MS, work);
        tasks[i].jobs_most = 1;
        tasks[i].offset = at += lead_between(&chance, 0, 10 * MS);
        tasks[i].task.priority = (int32_t)lead_between(&chance, 0, 3);
    }
    struct lead lead = lead_start(ops, 1, 100 * RUN, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(tasks[i].done, 1);
        response += tasks[i].response;
    }
    lead_forget(&lead);
    return (double)response / count;
}

static void test_srpt_has_the_best_mean_response(void **state)
{
    uint64_t seed = lead_seed(__func__);
    size_t worse = 0;
    (void)state;

    for (uint64_t set = seed; set < seed + SETS / 2; set++) {
        double best = mean_response(&sched_srpt, set, 60);
        for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
            double other = mean_response(policies[i], set, 60);
            if (best > other) fail_msg("%s is better, SEED=%lu", policies[i]->name, (unsigned long)set);
            worse += best < other;
        }
    }
    assert_true(worse > SETS / 2); // not all alike
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_stealing_conserves_work),
        cmocka_unit_test(test_work_stealing_stays),
        cmocka_unit_test(test_work_stealing_takes_from_the_longest),
        cmocka_unit_test(test_gang_runs_together),
        cmocka_unit_test(test_gang_keeps_the_place_of_who_sleeps),
        cmocka_unit_test(test_gang_with_too_many_members),
        cmocka_unit_test(test_shinjuku_bounds_the_wait_behind_long_ones),
        cmocka_unit_test(test_srpt_has_the_best_mean_response),
    };
    if (count > 1) cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
