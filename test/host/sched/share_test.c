// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the policies that share in proportion promise (the headers of libos/sched/policy/), on random sets of tasks. All
 * compute in virtual time that nothing but their work costs, so a bound is tested as it is written, up to the rounding
 * of virtual time. SEED=N replays a set.
 */
#include "lead.h"

#include <libos/sched/virtual.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define SETS      60
#define TASKS_MAX 12
#define ROUNDING  2.0 // nanoseconds per turn would be many: what rounding may add up to

static struct lead_task tasks[TASKS_MAX];
static uint64_t chance;

static uint64_t parameter(const struct sched_ops *ops, const char *name)
{
    for (const struct sched_parameter *one = ops->parameters; one->name; one++)
        if (strcmp(one->name, name) == 0) return *one->value;
    fail_msg("%s has no parameter %s", ops->name, name);
    return 0;
}

// 2 ... TASKS_MAX tasks with weights of 1 ... 10 that always have work.
static struct lead hogs(const struct sched_ops *ops, uint64_t seed, uint64_t until)
{
    struct lead lead = {.ops = ops, .harts = 1, .seed = seed, .until = until, .tasks = tasks};

    chance = seed;
    lead.count = (uint32_t)lead_between(&chance, 2, TASKS_MAX);
    for (uint32_t i = 0; i < lead.count; i++)
        tasks[i] = lead_ready((uint32_t)lead_between(&chance, 1, 10));
    return lead;
}

// After each span, what each task has got so far.
typedef void look(const struct lead *lead, const double *ran, uint64_t now);

static void look_all(const struct lead *lead, look *look)
{
    double ran[TASKS_MAX] = {0};

    for (size_t i = 0; i < lead->spans_count; i++) {
        ran[lead->spans[i].task] += (double)(lead->spans[i].to - lead->spans[i].from);
        look(lead, ran, lead->spans[i].to);
    }
}

static double weight(const struct lead *lead, uint32_t i)
{
    return lead->tasks[i].task.weight;
}

static void sets(const struct sched_ops *ops, uint64_t until, look *look)
{
    uint64_t seed = lead_seed(ops->name);

    for (uint64_t i = 0; i < SETS; i++) {
        struct lead lead = hogs(ops, seed + i, until);
        lead_run(&lead);
        assert_true(lead.spans_count > lead.count);
        look_all(&lead, look);
        lead_forget(&lead);
    }
}

static double bound; // of the policy that is looked at

static void check(const struct lead *lead, bool holds, const char *what, double error, double most)
{
    if (!holds)
        fail_msg("%s, SEED=%lu, %u tasks: %s: %.0f ns, at most %.0f", lead->ops->name, (unsigned long)lead->seed,
                 lead->count, what, error, most);
}

// Of what two tasks got together, each has its part up to `bound`.
static void look_pairs(const struct lead *lead, const double *ran, uint64_t now)
{
    (void)now;
    for (uint32_t i = 0; i < lead->count; i++)
        for (uint32_t j = i + 1; j < lead->count; j++) {
            double part = weight(lead, i) / (weight(lead, i) + weight(lead, j));
            double error = fabs(ran[i] - (ran[i] + ran[j]) * part);
            check(lead, error <= bound + ROUNDING, "a pair's error", error, bound);
        }
}

static void test_stride(void **state)
{
    (void)state;
    bound = (double)parameter(&sched_stride, "quantum");
    sets(&sched_stride, 4000 * MS, look_pairs);
}

// |used_i / weight_i - used_j / weight_j| <= bound / weight_i + bound / weight_j
static void look_sum(const struct lead *lead, const double *ran, uint64_t now)
{
    (void)now;
    for (uint32_t i = 0; i < lead->count; i++)
        for (uint32_t j = i + 1; j < lead->count; j++) {
            double most = bound / weight(lead, i) + bound / weight(lead, j);
            double error = fabs(ran[i] / weight(lead, i) - ran[j] / weight(lead, j));
            check(lead, error <= most + ROUNDING, "a pair's distance", error, most);
        }
}

static void test_sfq(void **state)
{
    (void)state;
    bound = (double)parameter(&sched_sfq, "quantum");
    sets(&sched_sfq, 4000 * MS, look_sum);
}

// ... <= bound / the lesser weight
static void look_lesser(const struct lead *lead, const double *ran, uint64_t now)
{
    (void)now;
    for (uint32_t i = 0; i < lead->count; i++)
        for (uint32_t j = i + 1; j < lead->count; j++) {
            double most = bound / fmin(weight(lead, i), weight(lead, j));
            double error = fabs(ran[i] / weight(lead, i) - ran[j] / weight(lead, j));
            check(lead, error <= most + ROUNDING, "a pair's distance", error, most);
        }
}

static void test_bvt(void **state)
{
    (void)state;
    bound = (double)parameter(&sched_bvt, "allowance");
    sets(&sched_bvt, 4000 * MS, look_lesser);
}

// EEVDF: what each got is what its weight says of everything, up to one slice, behind or ahead.
static void look_lag(const struct lead *lead, const double *ran, uint64_t now)
{
    double all = 0;

    for (uint32_t i = 0; i < lead->count; i++)
        all += weight(lead, i);
    for (uint32_t i = 0; i < lead->count; i++) {
        double lag = (double)now * weight(lead, i) / all - ran[i];
        check(lead, fabs(lag) <= bound + ROUNDING, "a lag", lag, bound);
    }
}

static void test_eevdf(void **state)
{
    (void)state;
    bound = (double)parameter(&sched_eevdf, "slice");
    sets(&sched_eevdf, 2000 * MS, look_lag);
}

// How long the first task, which sleeps, was runnable.
static uint64_t awake_of(const struct lead *lead, uint64_t rest)
{
    uint64_t last = 0;

    if (tasks[0].wakes > tasks[0].done)
        return lead->until - tasks[0].done * rest;
    for (size_t i = 0; i < lead->spans_count; i++)
        if (lead->spans[i].task == 0)
            last = lead->spans[i].to;
    return last - (tasks[0].done - 1) * rest; // it sleeps at the end
}

// One that waits again and again, beside others that do not: while it is runnable it has its share, and no more, up to
// a slice. It can only gain if what it was ahead were forgotten, and only lose if what it was behind were.
static void test_eevdf_sleep(void **state)
{
    uint64_t seed = lead_seed("eevdf, with one that sleeps");
    (void)state;

    for (uint64_t set = seed; set < seed + SETS; set++) {
        struct lead lead = hogs(&sched_eevdf, set, 4000 * MS);
        double all = 0, awake, share;
        uint64_t work = lead_between(&chance, 100 * US, 5 * MS), rest = lead_between(&chance, 10 * US, 5 * MS);
        uint32_t own = tasks[0].task.weight;
        tasks[0] = lead_sleeper(work, rest);
        tasks[0].task.weight = own;
        lead_run(&lead);
        for (uint32_t i = 0; i < lead.count; i++)
            all += weight(&lead, i);
        awake = (double)(awake_of(&lead, rest));
        share = awake * own / all;
        bound = (double)parameter(&sched_eevdf, "slice");
        double error = share - (double)tasks[0].ran;
        check(&lead, fabs(error) <= bound + ROUNDING, "the sleeper's error", error, bound);
        lead_forget(&lead);
    }
}

// CFS: from some time on, twice the longest turn divided by the weight.
static double ran_before[TASKS_MAX];

static void look_cfs(const struct lead *lead, const double *ran, uint64_t now)
{
    double granularity = (double)parameter(&sched_cfs, "granularity"), all = 0, most = 0;
    double period = fmax(lead->count * granularity, (double)parameter(&sched_cfs, "latency"));

    if (now < 500 * MS) {
        memcpy(ran_before, ran, sizeof(ran_before));
        return;
    }
    for (uint32_t i = 0; i < lead->count; i++)
        all += weight(lead, i);
    for (uint32_t i = 0; i < lead->count; i++)
        most = fmax(most, 2 * fmax(period * weight(lead, i) / all, granularity) / weight(lead, i));
    for (uint32_t i = 0; i < lead->count; i++)
        for (uint32_t j = i + 1; j < lead->count; j++) {
            double one = (ran[i] - ran_before[i]) / weight(lead, i), other = (ran[j] - ran_before[j]) / weight(lead, j);
            check(lead, fabs(one - other) <= most + ROUNDING, "a pair's distance", fabs(one - other), most);
        }
}

static void test_cfs(void **state)
{
    (void)state;
    sets(&sched_cfs, 2000 * MS, look_cfs);
}

// Who sleeps comes in at once, because whoever runs is ahead of it by more than the wake-up granularity.
static void test_cfs_wakes(void **state)
{
    struct lead lead = {.ops = &sched_cfs, .harts = 1, .until = 4000 * MS, .tasks = tasks, .count = 2};
    (void)state;

    tasks[0] = lead_ready(1);
    tasks[1] = lead_sleeper(100 * US, 31 * MS);
    lead_run(&lead);
    assert_true(tasks[1].wakes > 100);
    assert_true(tasks[1].wait_most <= parameter(&sched_cfs, "wakeup"));
    lead_forget(&lead);
}

// BVT: who is warped runs at once, and gains no more than its warp by it, once.
static void test_bvt_warp(void **state)
{
    double allowance = (double)parameter(&sched_bvt, "allowance"), warp = (double)parameter(&sched_bvt, "warp");
    struct lead lead = {.ops = &sched_bvt, .harts = 1, .until = 4000 * MS, .tasks = tasks, .count = 4};
    (void)state;

    for (uint32_t i = 0; i < 4; i++)
        tasks[i] = lead_ready(1);
    tasks[3] = lead_sleeper(1 * MS, 20 * MS); // less than its share
    tasks[3].task.priority = 1;
    lead_run(&lead);
    assert_int_equal(tasks[3].wait_most, 0);
    lead_forget(&lead);

    for (uint32_t i = 0; i < 3; i++)
        tasks[i] = lead_ready(1);
    tasks[3] = lead_sleeper(20 * MS, 1 * MS); // more
    tasks[3].task.priority = 1;
    lead_run(&lead);
    for (uint32_t i = 0; i < 3; i++)
        check(&lead, (double)tasks[3].ran - (double)tasks[i].ran <= warp + 2 * allowance, "a gain by warping",
              (double)tasks[3].ran - (double)tasks[i].ran, warp + 2 * allowance);
    assert_true(tasks[3].ran > tasks[0].ran / 2);
    lead_forget(&lead);
}

// Lottery: binomial. Five deviations: of two million sets that are right, one fails.
#define DEVIATIONS 5.0

static void lottery_look(const struct lead *lead)
{
    double turns = (double)(lead->until / parameter(&sched_lottery, "quantum")), all = 0;

    for (uint32_t i = 0; i < lead->count; i++)
        all += weight(lead, i);
    for (uint32_t i = 0; i < lead->count; i++) {
        double part = weight(lead, i) / all, error = fabs((double)tasks[i].turns - turns * part);
        check(lead, error <= DEVIATIONS * sqrt(turns * part * (1 - part)) + 1, "an error in turns", error,
              DEVIATIONS * sqrt(turns * part * (1 - part)));
    }
}

static void test_lottery(void **state)
{
    uint64_t seed = lead_seed("lottery"), turns = 0;
    (void)state;

    for (uint64_t i = 0; i < SETS; i++) {
        struct lead lead = hogs(&sched_lottery, seed + i, 20000 * MS), same;
        lead_run(&lead);
        lottery_look(&lead);
        turns = tasks[0].turns;
        lead_forget(&lead);
        same = hogs(&sched_lottery, seed + i, 20000 * MS); // the same seed, the same lots
        lead_run(&same);
        assert_int_equal(tasks[0].turns, turns);
        lead_forget(&same);
    }
}

// Nine that use a tenth of their turns only have as much as one that uses all of its turns: it could get half of
// everything.
static void test_lottery_compensates(void **state)
{
    uint64_t quantum = parameter(&sched_lottery, "quantum");
    struct lead lead = {.ops = &sched_lottery, .harts = 1, .seed = lead_seed("lottery, with some that wait soon"),
                        .until = 100000 * MS, .tasks = tasks, .count = 10};
    (void)state;

    tasks[0] = lead_ready(1);
    for (uint32_t i = 1; i < 10; i++)
        tasks[i] = lead_sleeper(quantum / 10, 1);
    lead_run(&lead);
    // A little more than a tenth: who ran last waits when lots are drawn.
    assert_in_range(tasks[0].ran, lead.until * 8 / 100, lead.until * 14 / 100);
    lead_forget(&lead);
}

// 3:2:1, the paper's Figure 3: over 100 quanta nobody is off by more than one.
static void test_three_two_one(void **state)
{
    static const struct { const struct sched_ops *ops; const char *quantum; } all[] = {
        {&sched_stride, "quantum"}, {&sched_sfq, "quantum"}, {&sched_bvt, "allowance"}, {&sched_cfs, "latency"},
        {&sched_eevdf, "slice"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        uint64_t quantum = parameter(all[i].ops, all[i].quantum);
        struct lead lead = {.ops = all[i].ops, .harts = 1, .until = 100 * quantum, .tasks = tasks, .count = 3};
        for (uint32_t j = 0; j < 3; j++)
            tasks[j] = lead_ready(3 - j);
        lead_run(&lead);
        for (uint32_t j = 0; j < 3; j++) {
            double error = (double)tasks[j].ran - (double)lead.until * (3 - j) / 6;
            check(&lead, fabs(error) <= (double)quantum + ROUNDING, "the error of 3:2:1", error, (double)quantum);
        }
        lead_forget(&lead);
    }
}

// Several harts: whose share is no more than a hart has it, up to a few turns. 2 to 4 harts, twice as many tasks and more.
static void test_harts(void **state)
{
    static const struct { const struct sched_ops *ops; const char *turn; } all[] = {
        {&sched_stride, "quantum"}, {&sched_sfq, "quantum"}, {&sched_bvt, "allowance"}, {&sched_cfs, "latency"},
        {&sched_eevdf, "slice"},
    };
    uint64_t seed = lead_seed("on several harts");
    (void)state;

    for (uint64_t set = seed; set < seed + SETS; set++) {
        struct lead lead = hogs(all[set % 5].ops, set, 4000 * MS);
        double weights = 0, most = 5.0 * (double)parameter(lead.ops, all[set % 5].turn);
        lead.harts = (uint32_t)lead_between(&chance, 2, 4);
        lead.count = (uint32_t)lead_between(&chance, 2 * lead.harts, TASKS_MAX);
        for (uint32_t i = 0; i < lead.count; i++) {
            tasks[i] = lead_ready(10 + (uint32_t)lead_between(&chance, 0, 10)); // at most twice the least: a hart at most
            weights += weight(&lead, i);
        }
        lead_run(&lead);
        assert_int_equal(lead.idle_waiting, 0);
        for (uint32_t i = 0; i < lead.count; i++) {
            double share = (double)lead.until * lead.harts * weight(&lead, i) / weights, error = (double)tasks[i].ran - share;
            check(&lead, fabs(error) <= most, "an error on several harts", error, most);
        }
        lead_forget(&lead);
    }
}

// Who slept for long has no claim on what it did not use: then it gets its share like everybody, and the others do.
static void test_no_hoarding(void **state)
{
    static const struct sched_ops *const all[] = {&sched_sfq, &sched_bvt, &sched_cfs, &sched_eevdf, &sched_stride};
    (void)state;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct lead lead = {.ops = all[i], .harts = 1, .until = 6000 * MS, .tasks = tasks, .count = 3};
        for (uint32_t j = 0; j < 3; j++)
            tasks[j] = lead_ready(1);
        tasks[2] = lead_periodic(5000 * MS, 2000 * MS);
        tasks[2].offset = 5000 * MS; // it comes late, with much to do
        tasks[0].offset = 1000 * MS;
        lead_run(&lead);
        for (uint32_t j = 0; j < 3; j++) {
            double error = (double)lead_ran_between(&lead, j, 5000 * MS, 6000 * MS) - 1e9 / 3;
            check(&lead, fabs(error) <= 25e6, "the error after a long sleep", error, 25e6);
        }
        lead_forget(&lead);
    }
}

// An argument: only the tests of such names.
int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lottery),
        cmocka_unit_test(test_lottery_compensates),
        cmocka_unit_test(test_stride),
        cmocka_unit_test(test_sfq),
        cmocka_unit_test(test_bvt),
        cmocka_unit_test(test_bvt_warp),
        cmocka_unit_test(test_cfs),
        cmocka_unit_test(test_cfs_wakes),
        cmocka_unit_test(test_eevdf),
        cmocka_unit_test(test_eevdf_sleep),
        cmocka_unit_test(test_three_two_one),
        cmocka_unit_test(test_no_hoarding),
        cmocka_unit_test(test_harts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
