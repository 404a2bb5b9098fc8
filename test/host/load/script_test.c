// SPDX-License-Identifier: BSD-2-Clause
/*
 * Scripts: the same draws on every machine and under every schedule, lengths that are distributed as their names say, and each
 * kind of arrival and phase on a case that was worked out by hand.
 */
#include <bench/sched/draw.h>
#include <bench/sched/script.h>
#include <libos/sched/random.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define DRAWS 200000
#define MS    1000000ul

static struct workload workload;
static struct script script;

static bool begin(const char *text, uint32_t load, uint64_t seed, uint32_t harts)
{
    if (!workload_parse(&workload, "test.load", text, strlen(text)))
        fail_msg("%s", workload.error);
    return script_begin(&script, &workload, load, seed, harts);
}

static struct action next(uint32_t id, uint64_t now)
{
    struct action action;

    script_next(&script, id, now, &action);
    return action;
}

#define assert_action(made, wanted, field, value) \
    do { struct action one = (made); assert_int_equal(one.kind, wanted); assert_int_equal(one.field, value); } while (0)

// Draws

static void test_logarithms(void **state)
{
    const uint64_t numbers[] = {1, 2, 3, 10, 12345, 1000000007, 1ul << 40, ~0ul};
    (void)state;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        assert_true(fabs(ldexp((double)draw_log2(numbers[i]), -32) - log2((double)numbers[i])) < 1e-8);
    for (double power = -20; power < 20; power += 0.37) {
        double result = ldexp((double)draw_exp2((int64_t)ldexp(power, 32)), -32);
        assert_true(fabs(result / exp2(power) - 1) < 1e-3 * exp2(power < -8 ? -8 - power : 0) * 1e-2);
    }
    assert_int_equal(draw_exp2(-70 * (int64_t)Q32), 0);
}

struct moments { double mean, deviation, low, high; };

static struct moments moments_of(uint64_t (*draw)(struct sched_random *random))
{
    struct sched_random random = {20};
    struct moments moments = {.low = INFINITY};
    double sum = 0, squares = 0;

    for (int i = 0; i < DRAWS; i++) {
        double one = (double)draw(&random);
        sum += one;
        squares += one * one;
        moments.low = fmin(moments.low, one);
        moments.high = fmax(moments.high, one);
    }
    moments.mean = sum / DRAWS;
    moments.deviation = sqrt(squares / DRAWS - moments.mean * moments.mean);
    return moments;
}

static uint64_t uniform(struct sched_random *random) { return draw_uniform(random, 1000, 3000); }
static uint64_t loguniform(struct sched_random *random) { return draw_loguniform(random, 5000, 100000); }
static uint64_t exponential(struct sched_random *random) { return draw_exponential(random, 1000000); }
static uint64_t lognormal(struct sched_random *random) { return draw_lognormal(random, 1000000, 500); }

static void near(double value, double wanted, double part)
{
    if (fabs(value / wanted - 1) > part)
        fail_msg("%g is not near %g", value, wanted);
}

static void test_distributions(void **state)
{
    struct moments moments = moments_of(uniform);
    (void)state;

    near(moments.mean, 2000, 0.005);
    near(moments.deviation, 2000 / sqrt(12), 0.01);
    assert_true(moments.low == 1000 && moments.high == 3000);
    moments = moments_of(loguniform);
    near(moments.mean, 95000 / log(20), 0.01);
    near((double)mean_loguniform(5000, 100000), 95000 / log(20), 1e-4);
    assert_true(moments.low >= 5000 && moments.high <= 100000);
    moments = moments_of(exponential);
    near(moments.mean, 1e6, 0.01);
    near(moments.deviation, 1e6, 0.02);
    near(moments.high, 1e6 * log(DRAWS), 0.4);
    moments = moments_of(lognormal);
    near(moments.mean, 1e6 * exp(0.125), 0.01);
    near((double)mean_lognormal(1000000, 500), 1e6 * exp(0.125), 1e-4);
    near(moments.deviation, 1e6 * exp(0.125) * sqrt(exp(0.25) - 1), 0.03);
}

// Numbers that were drawn once, on a machine like this; the guest has to draw the same ones.
static void test_golden(void **state)
{
    struct sched_random random = {1};
    (void)state;

    assert_int_equal(draw_exponential(&random, 1000000), 568169);
    assert_int_equal(draw_lognormal(&random, 1000000, 1000), 3716284);
    assert_int_equal(draw_loguniform(&random, 1000, 1000000), 38925);
}

// Actions

// A number for all that a task does up to a time, whatever the policy makes of it: `slow` times as late as it could be.
static uint64_t digest(uint32_t id, uint64_t slow)
{
    uint64_t now = 0, sum = 0;

    for (int i = 0; i < 2000; i++) {
        struct action action = next(id, now);
        if (action.kind == SCRIPT_EXIT)
            break;
        if (action.kind == SCRIPT_RELEASE) {
            sum = sum * 31 + action.at * 3 + action.service;
            now = now > action.at ? now : action.at;
        }
        if (action.kind == SCRIPT_COMPUTE) {
            sum = sum * 31 + action.length;
            now += action.length * slow;
        }
    }
    return sum;
}

static void test_same_draws(void **state)
{
    const char *text = "text t\nclass a\ncount 3\narrival demand 0.9*load\ncompute exponential 1ms\nlock l\ncompute lognormal 1ms 1\n"
                       "unlock l\nclass b\narrival every uniform 1ms 9ms\nstart exponential 1ms\ncompute bimodal 1ms 10% 5ms\n";
    uint64_t digests[4];
    (void)state;

    assert_true(begin(text, 1000, 7, 1));
    for (uint32_t id = 0; id < 4; id++)
        digests[id] = digest(id, 1);
    assert_true(begin(text, 1000, 7, 1));
    for (uint32_t id = 4; id-- > 0;) // in another order, and slower
        assert_true(digest(id, 5) == digests[id]);
    assert_true(digests[0] != digests[1]);
    assert_true(begin(text, 1000, 8, 1));
    assert_true(digest(0, 1) != digests[0]);
    assert_true(digest(3, 1) != digests[3]);
}

static void test_service(void **state)
{
    (void)state;
    assert_true(begin("text t\nclass a\narrival after 1ms\ncompute exponential 1ms\nsleep exponential 2ms\ncompute uniform 1us 9ms\n"
                      "yield\ncompute 5us\n", 1000, 3, 1));
    for (int job = 0; job < 50; job++) {
        struct action action = next(0, 0);
        uint64_t service = action.service, did = 0;
        assert_int_equal(action.kind, SCRIPT_RELEASE);
        while ((action = next(0, 0)).kind != SCRIPT_DONE)
            did += action.kind == SCRIPT_COMPUTE ? action.length : 0;
        assert_int_equal(did, service);
    }
}

static void test_phases(void **state)
{
    (void)state;
    assert_true(begin("text t\nclass a\ndeadline 7ms\ncompute 2ms\nlock x\ncompute 1ms*load\nunlock x\nsleep 3ms\nyield\n", 2000, 1, 1));
    struct action action = next(0, 0);
    assert_int_equal(action.kind, SCRIPT_RELEASE);
    assert_int_equal(action.at, 0);
    assert_int_equal(action.service, 4 * MS);
    assert_int_equal(action.deadline, 7 * MS);
    assert_int_equal(action.due, 7 * MS);
    assert_action(next(0, 0), SCRIPT_COMPUTE, length, 2 * MS);
    assert_action(next(0, 2 * MS), SCRIPT_LOCK, number, 0);
    assert_action(next(0, 2 * MS), SCRIPT_COMPUTE, length, 2 * MS);
    assert_action(next(0, 4 * MS), SCRIPT_UNLOCK, number, 0);
    assert_action(next(0, 4 * MS), SCRIPT_SLEEP, at, 7 * MS);
    assert_int_equal(next(0, 7 * MS).kind, SCRIPT_YIELD);
    assert_int_equal(next(0, 8 * MS).kind, SCRIPT_DONE);
    assert_action(next(0, 9 * MS), SCRIPT_RELEASE, at, 9 * MS); // always: the next begins at once
}

static void test_arrivals(void **state)
{
    (void)state;
    assert_true(begin("text t\nclass a\narrival periodic 5ms\nstart 2ms\nuntil 13ms\ndeadline 50%\ncompute 1ms\n"
                      "class b\narrival once\nstart 4ms\ncompute 1ms\nclass c\narrival after 3ms\ncompute 1ms\n"
                      "class d\narrival listed\nstart 1ms\nbursts 0ms:1ms 9ms:2ms\nclass e\narrival closed\nbursts 1ms:4ms 2ms:0ms\n"
                      "class f\nuntil 12ms\ncompute forever\n", 1000, 1, 1));
    static const uint64_t periodic[] = {2, 7, 12};
    for (size_t i = 0; i < 3; i++) {
        struct action action = next(0, 30 * MS); // late: that does not move the next ones
        assert_int_equal(action.at, periodic[i] * MS);
        assert_int_equal(action.due, action.at + 5 * MS / 2);
        assert_int_equal(next(0, 30 * MS).kind, SCRIPT_COMPUTE);
        assert_int_equal(next(0, 30 * MS).kind, SCRIPT_DONE);
    }
    assert_int_equal(next(0, 30 * MS).kind, SCRIPT_EXIT);
    assert_int_equal(next(0, 30 * MS).kind, SCRIPT_EXIT);

    assert_action(next(1, 0), SCRIPT_RELEASE, at, 4 * MS);
    assert_int_equal(next(1, 4 * MS).kind, SCRIPT_COMPUTE);
    assert_int_equal(next(1, 5 * MS).kind, SCRIPT_DONE);
    assert_int_equal(next(1, 5 * MS).kind, SCRIPT_EXIT);

    assert_action(next(2, 0), SCRIPT_RELEASE, at, 0);
    (void)next(2, 0);
    (void)next(2, 6 * MS);
    assert_action(next(2, 6 * MS), SCRIPT_RELEASE, at, 9 * MS);

    assert_action(next(3, 0), SCRIPT_RELEASE, at, 1 * MS);
    assert_action(next(3, 1 * MS), SCRIPT_COMPUTE, length, 1 * MS);
    assert_int_equal(next(3, 2 * MS).kind, SCRIPT_DONE);
    assert_action(next(3, 2 * MS), SCRIPT_RELEASE, at, 9 * MS);

    assert_action(next(4, 0), SCRIPT_RELEASE, service, 1 * MS);
    assert_action(next(4, 0), SCRIPT_COMPUTE, length, 1 * MS);
    assert_int_equal(next(4, 3 * MS).kind, SCRIPT_DONE);
    struct action action = next(4, 3 * MS);
    assert_int_equal(action.at, 7 * MS);
    assert_int_equal(action.service, 2 * MS);
    (void)next(4, 7 * MS);
    (void)next(4, 9 * MS);
    assert_action(next(4, 9 * MS), SCRIPT_RELEASE, service, 1 * MS); // the list begins again

    assert_action(next(5, 0), SCRIPT_RELEASE, service, 0);
    assert_action(next(5, 0), SCRIPT_COMPUTE, length, SCRIPT_FOREVER_STEP);
    assert_action(next(5, 10 * MS), SCRIPT_COMPUTE, length, 2 * MS);
    assert_int_equal(next(5, 12 * MS).kind, SCRIPT_DONE);
    assert_int_equal(next(5, 12 * MS).kind, SCRIPT_EXIT);
}

static void test_demand(void **state)
{
    (void)state;
    for (uint32_t harts = 1; harts <= 4; harts += 3) {
        assert_true(begin("text t\nclass a\ncount 10\narrival demand 0.5*load\ncompute bimodal 100us 10% 1.1ms\n", 1600, 5, harts));
        double asked = 0;
        for (uint32_t id = 0; id < script.tasks; id++) {
            struct action action = {0};
            while ((action = next(id, 0)).at < 100000 * MS)
                asked += action.kind == SCRIPT_RELEASE ? (double)action.service : 0;
        }
        near(asked / 100e9, 0.8 * harts, 0.03);
        assert_int_equal(script.demand, 800);
    }
    assert_true(begin("text t\nduration 1s\nclass a\ncount 4\narrival periodic 10ms\ncompute 3ms\nclass b\narrival listed\n"
                      "bursts 1ms:200ms 500ms:100ms\nclass c\narrival every exponential 1ms\nuntil 500ms\ncompute 100us\n"
                      "class hog\ncompute forever\n", 1000, 1, 1));
    assert_int_equal(script.demand, 1200 + 300 + 50); // beyond capacity, and said
}

static void test_uunifast(void **state)
{
    double first = 0;
    (void)state;

    for (uint64_t seed = 1; seed <= 300; seed++) {
        assert_true(begin("text t\nclass a\ncount 8\narrival periodic loguniform 5ms 100ms\ndeadline 100%\ncompute uunifast 1*load\n",
                          950, seed, 2));
        uint64_t sum = 0;
        for (uint32_t id = 0; id < 8; id++) {
            struct action action = next(id, 0);
            sum += script.task[id].part;
            assert_true(script.task[id].part <= Q32);
            assert_true(script.task[id].period >= 5 * MS && script.task[id].period <= 100 * MS);
            assert_int_equal(action.service, draw_times(script.task[id].period, script.task[id].part));
            assert_int_equal(action.deadline, script.task[id].period);
        }
        near((double)sum, 1.9 * 0x1p32, 1e-6);
        first += ldexp((double)script.task[0].part, -32) / 300;
        assert_int_equal(script.demand, 950);
    }
    near(first, 1.9 / 8, 0.15);
    assert_false(begin("text t\nclass a\ncount 2\narrival periodic 5ms\ncompute uunifast 2.1\n", 1000, 1, 1));
    assert_string_equal(script.error, "The demand of 'uunifast' is more than its tasks can have, a hart each at most.");
}

static void test_described(void **state)
{
    struct sched_task task = {0};
    (void)state;

    assert_true(begin("text t\nclass a\ncount 2*load\ngang 2\nweight 3\npriority -4\nharts 1,3\ncompute 1ms\nbarrier\n"
                      "class b\ngroup 9\narrival periodic 10ms\ndeadline 80%\nbudget 2ms\ncompute 3ms\n"
                      "class c\ncompute uniform 1ms 4ms\n", 2000, 1, 3));
    assert_int_equal(script.tasks, 6);
    assert_int_equal(script.barriers, 2);
    script_describe(&script, 3, &task);
    assert_string_equal(script_class(&script, 3), "a");
    assert_int_equal(task.id, 3);
    assert_int_equal(task.weight, 3);
    assert_int_equal(task.priority, -4);
    assert_true(task.group > 1000);
    assert_int_equal(task.harts, 2); // hart 3 is not there
    uint32_t group = task.group;
    script_describe(&script, 2, &task);
    assert_int_equal(task.group, group);
    script_describe(&script, 1, &task);
    assert_int_not_equal(task.group, group);
    (void)next(3, 0);
    (void)next(3, 0);
    struct action action = next(3, 0);
    assert_int_equal(action.kind, SCRIPT_BARRIER);
    assert_int_equal(action.number, 1);
    assert_int_equal(action.count, 2);
    script_describe(&script, 4, &task);
    assert_int_equal(task.group, 9);
    assert_int_equal(task.period, 10 * MS);
    assert_int_equal(task.deadline, 8 * MS);
    assert_int_equal(task.budget, 2 * MS);
    assert_int_equal(task.harts, 7);
    script_describe(&script, 5, &task);
    assert_int_equal(task.budget, 4 * MS); // its longest service
    assert_false(begin("text t\nclass a\ncount 512*load\ncompute 1ms\n", 2000, 1, 1));
    assert_string_equal(script.error, "There are more than 1023 tasks at this load.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logarithms), cmocka_unit_test(test_distributions), cmocka_unit_test(test_golden),
        cmocka_unit_test(test_same_draws), cmocka_unit_test(test_service),       cmocka_unit_test(test_phases),
        cmocka_unit_test(test_arrivals),   cmocka_unit_test(test_demand),        cmocka_unit_test(test_uunifast),
        cmocka_unit_test(test_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
