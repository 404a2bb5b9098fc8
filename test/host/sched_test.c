// SPDX-License-Identifier: BSD-2-Clause
// The policies of libos/sched in a simulator, without threads and without a kernel. The simulator is tested too: a
// policy of the test's own, with every member, sees whether it is driven as sched.h promises, and breaks its rules.
#include "simulator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

// A longer day of six tasks: they come, block, come back at a bad moment, and end. Whom round robin picks is what
// its header comment says, worked out by hand; the queue before each line stands behind it.
static const char day[] = "abc ......."  // a b c
                          "d .5 ! . a"   // b c a d
                          ".. # e . !"   // b c d a
                          "... b . # !"  // c e a
                          "9 a ... ###"  // b c
                          ". f ..";      // nobody
static const char day_round_robin[] = "abcabca" "bcad" "bcdab" "ceacea" "bcbacba" "-ff";

static void test_table(void **state)
{
    (void)state;
    assert_string_equal(sched_round_robin.name, "round_robin");
    assert_non_null(sched_round_robin.text);
    assert_non_null(sched_round_robin.pick); // mandatory
    assert_null(sched_round_robin.enqueue);  // it needs none of the others
    assert_null(sched_round_robin.charge);
    assert_null(sched_round_robin.leave);
}

static void test_round_robin(void **state)
{
    (void)state;
    assert_string_equal(simulate(&sched_round_robin, ""), "");
    assert_string_equal(simulate(&sched_round_robin, "."), "-"); // nothing to run
    assert_string_equal(simulate(&sched_round_robin, "a..."), "aaa");
    assert_string_equal(simulate(&sched_round_robin, "abc......."), "abcabca"); // in the order they came
    assert_string_equal(simulate(&sched_round_robin, "cab....."), "cabca");
    assert_string_equal(simulate(&sched_round_robin, "ab.c...."), "abacb"); // who comes runs last
    assert_string_equal(simulate(&sched_round_robin, "ab!..."), "abbb");    // who blocks is not picked
    assert_string_equal(simulate(&sched_round_robin, "ab!.a..."), "abbab"); // until it comes back, last
    assert_string_equal(simulate(&sched_round_robin, "ab#!.."), "ab--");
    assert_string_equal(simulate(&sched_round_robin, "a!.a.b."), "a-aa");
}

static void test_a_day(void **state)
{
    (void)state;
    assert_string_equal(simulate(&sched_round_robin, day), day_round_robin);
    assert_string_equal(simulate(&sched_round_robin, day), day_round_robin); // again: nothing was left behind
}

// Usage and weight do not matter to it.
static void test_only_the_order_counts(void **state)
{
    char script[sizeof(day)];
    (void)state;

    for (size_t i = 0; i < sizeof(day); i++)
        script[i] = day[i] == '.' ? "19"[i % 2] : day[i];
    for (size_t i = 0; i < SIMULATOR_TASKS; i++)
        simulator_weights[i] = 1 + i * i;
    assert_string_equal(simulate(&sched_round_robin, script), day_round_robin);
    memset(simulator_weights, 0, sizeof(simulator_weights));
}

// Every task gets as many turns as the others, in whatever order they first came.
static void test_fair(void **state)
{
    char script[26 + 26 * 40 + 1] = {0};
    int turns[26] = {0};
    (void)state;

    for (int i = 0; i < 26; i++)
        script[i] = (char)('a' + i * 7 % 26);
    memset(script + 26, '.', 26 * 40);
    const char *picks = simulate(&sched_round_robin, script);
    assert_non_null(picks);
    for (; *picks; picks++)
        turns[*picks - 'a']++;
    for (int i = 0; i < 26; i++)
        assert_int_equal(turns[i], 40);
}

/*
 * A policy with every member: first in, first out, kept in an array, and written down as it is called.
 * A admit, W E P Y enqueue (woke, expired, preempted, yielded), p pick, C charge, B block, L leave.
 */
static struct sched_task *queue[64];
static size_t queued;
static char calls[256];
static uint64_t charged;
static enum { WELL, TWICE, STALE, LOSES } behave;

static void note(char call)
{
    calls[strlen(calls)] = call;
}

static void full_start(uint32_t harts, uint64_t seed)
{
    assert_int_equal(harts, 1);
    (void)seed;
    memset(calls, 0, sizeof(calls));
    memset(queue, 0, sizeof(queue));
    queued = 0;
    charged = 0;
}

static void full_admit(struct sched_task *task, uint64_t now)
{
    (void)now;
    note('A');
    assert_true(task->weight >= 1);
}

static void full_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    (void)now;
    note("WEPY"[why]);
    if (behave == LOSES && queued == 1)
        return;
    queue[queued++] = task;
    if (behave == TWICE)
        queue[queued++] = task;
}

static struct sched_task *full_pick(uint32_t hart, uint64_t now)
{
    (void)hart, (void)now;
    note('p');
    if (queued == 0)
        return behave == STALE ? queue[0] : NULL;
    struct sched_task *task = queue[0];
    memmove(queue, queue + 1, --queued * sizeof(queue[0]));
    return task;
}

static void full_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    (void)task, (void)now;
    note('C');
    charged += used;
}

static void full_block(struct sched_task *task, uint64_t now)
{
    (void)task, (void)now;
    note('B');
}

static void full_leave(struct sched_task *task, uint64_t now)
{
    (void)now;
    note('L');
    for (size_t i = 0; i < queued; i++)
        assert_ptr_not_equal(queue[i], task);
}

static const struct sched_ops full = {.name = "full", .pick = full_pick, .start = full_start, .enqueue = full_enqueue,
                                      .admit = full_admit, .charge = full_charge, .block = full_block, .leave = full_leave};

static void test_life(void **state)
{
    (void)state;
    behave = WELL;
    assert_string_equal(simulate(&full, "a5.!a#"), "aaaa");
    assert_string_equal(calls, "AW" "pCE" "pCE" "pCB" "W" "pCBL" "p");
    assert_int_equal(charged, 8000000);
    assert_string_equal(simulate(&full, "."), "-");
    assert_string_equal(calls, "p" "p");
    assert_string_equal(simulate(&full, day), day_round_robin);
}

static void test_wrong_policies_and_scripts(void **state)
{
    (void)state;
    behave = TWICE;
    assert_null(simulate(&full, "a!."));
    behave = STALE;
    assert_null(simulate(&full, "a!."));
    behave = LOSES;
    assert_null(simulate(&full, "ab.."));
    behave = WELL;
    assert_null(simulate(&full, "aa"));   // it is runnable already
    assert_null(simulate(&full, "a#a"));  // it has ended
    assert_null(simulate(&full, "a?"));
    assert_non_null(simulate(&full, "a!a."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_round_robin),
        cmocka_unit_test(test_a_day),
        cmocka_unit_test(test_only_the_order_counts),
        cmocka_unit_test(test_fair),
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_wrong_policies_and_scripts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
