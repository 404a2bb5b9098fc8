// SPDX-License-Identifier: BSD-2-Clause
/*
 * What holds for every policy (libos/sched/policies.def): random days on one to four harts, on which it never picks a
 * task that it may not, loses nobody, and decides the same when the day is the same. SEED=N replays a day.
 */
#include "events.h"

#include <test/sched/maximal.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define HARTS_MAX 4
#define EVENTS    25000 // a day; there are as many as harts

static uint64_t seed_first(void)
{
    const char *said = getenv("SEED");

    return said ? strtoul(said, NULL, 0) : 1;
}

static void days(const struct sched_ops *ops)
{
    printf("%s: SEED=%lu\n", ops->name, (unsigned long)seed_first());
    for (uint32_t harts = 1; harts <= HARTS_MAX; harts++) {
        struct events one = {.ops = ops, .harts = harts, .seed = seed_first() + harts - 1, .tasks = 6 * harts,
                             .count = EVENTS, .locks = harts % 2 == 0};
        struct events same = one;
        events_run(&one);
        events_run(&same);
        assert_true(one.picks > EVENTS / 50);
        assert_int_equal(one.picks, same.picks);
        assert_int_equal(one.picks_hash, same.picks_hash);
        assert_int_equal(one.end, same.end);
    }
}

#define POLICY(name)                         \
    static void test_##name(void **state)    \
    {                                        \
        (void)state;                         \
        days(&sched_##name);                 \
    }
#include <libos/sched/policies.def>
POLICY(minimal)
#undef POLICY

// Every member is called, in the order that sched.h promises.
static void test_maximal(void **state)
{
    const struct maximal_counts *counts = &maximal_counts;
    (void)state;

    for (uint32_t harts = 1; harts <= HARTS_MAX; harts++) {
        struct events events = {.ops = &sched_maximal, .harts = harts, .seed = seed_first(), .tasks = 6 * harts,
                                .count = EVENTS, .locks = true};
        maximal_broken = NULL;
        events_run(&events);
        if (maximal_broken)
            fail_msg("SEED=%lu, %u harts: %s", (unsigned long)events.seed, harts, maximal_broken);
        assert_int_equal(counts->start, 1);
        assert_true(counts->admit > 0 && counts->admit == counts->leave);
        for (int why = SCHED_WOKE; why <= SCHED_YIELDED; why++)
            assert_true(counts->enqueue[why] > 0);
        assert_int_equal(counts->turn, events.picks);
        assert_true(counts->pick >= counts->turn + counts->held && counts->held > 0 && counts->held_until > 0);
        assert_true(counts->block > 0 && counts->charge >= counts->turn && counts->preempts > 0);
        assert_true(counts->inherit >= events.blocked && events.blocked > 0 && counts->job > 0);
        assert_true(counts->wake_hart > 0 || harts == 1);
    }
}

// An argument: only the tests of such names.
int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
#define POLICY(name) cmocka_unit_test(test_##name),
#include <libos/sched/policies.def>
#undef POLICY
        cmocka_unit_test(test_minimal),
        cmocka_unit_test(test_maximal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
