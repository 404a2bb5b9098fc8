// SPDX-License-Identifier: BSD-2-Clause
// Policies and parameters as people write them (bench/sched/choose.h), with two policies of the test's own.
#include <bench/sched/choose.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

static uint64_t slice = 4000000, depth = 3;
static const struct sched_parameter parameters[] = {
    {.name = "slice", .text = "ns", .value = &slice, .least = 1000, .most = 1000000000},
    {.name = "depth", .text = "levels", .value = &depth, .least = 1, .most = 8},
    {0},
};
const struct sched_ops sched_plain = {.name = "plain"};
const struct sched_ops sched_tunable = {.name = "tunable", .parameters = parameters};

static char error[CHOOSE_ERROR];

static void test_names(void **state)
{
    (void)state;
    assert_ptr_equal(choose_policies[0], &sched_plain);
    assert_ptr_equal(choose_policies[1], &sched_tunable);
    assert_null(choose_policies[2]);
    assert_ptr_equal(choose_policy("plain", error), &sched_plain);
    assert_ptr_equal(choose_policy("tunable", error), &sched_tunable);
}

static void test_parameters(void **state)
{
    (void)state;
    assert_ptr_equal(choose_policy("tunable:slice=2000000,depth=8", error), &sched_tunable);
    assert_int_equal(slice, 2000000);
    assert_int_equal(depth, 8);
    assert_ptr_equal(choose_policy("tunable:slice=3ms", error), &sched_tunable);
    assert_int_equal(slice, 3000000);
    assert_int_equal(depth, 3); // as it was at first
    assert_int_equal(choose_default(&parameters[0]), 4000000);
    assert_non_null(choose_policy("tunable:slice=1s", error));
    assert_int_equal(slice, 1000000000);
    assert_non_null(choose_policy("tunable:slice=7us", error));
    assert_int_equal(slice, 7000);
    assert_non_null(choose_policy("plain", error));
    assert_int_equal(slice, 4000000);
}

static void refused(const char *text, const char *why)
{
    slice = 5000000;
    assert_null(choose_policy(text, error));
    assert_string_equal(error, why);
    assert_int_equal(slice, 5000000); // nothing was changed
}

static void test_refusals(void **state)
{
    (void)state;
    refused("", "there is no policy ''; --list shows those there are");
    refused("plai", "there is no policy 'plai'; --list shows those there are");
    refused("plainer:slice=1", "there is no policy 'plainer'; --list shows those there are");
    refused("plain:slice=1", "plain has no parameter 'slice'; it has none");
    refused("plain:", "plain has no parameter ''; it has none");
    refused("tunable:slic=1", "tunable has no parameter 'slic'; it has slice, depth");
    refused("tunable:slice=3ms,", "tunable has no parameter ''; it has slice, depth");
    refused("tunable:slice", "slice is a number from 1000 to 1000000000, not ''");
    refused("tunable:slice=", "slice is a number from 1000 to 1000000000, not ''");
    refused("tunable:slice=999", "slice is a number from 1000 to 1000000000, not '999'");
    refused("tunable:slice=2s", "slice is a number from 1000 to 1000000000, not '2s'");
    refused("tunable:slice=3 ms", "slice is a number from 1000 to 1000000000, not '3 ms'");
    refused("tunable:slice=-3", "slice is a number from 1000 to 1000000000, not '-3'");
    refused("tunable:slice=99999999999999999999999", "slice is a number from 1000 to 1000000000, not '99999999999999999999999'");
    refused("tunable:slice=18446744073709551615s", "slice is a number from 1000 to 1000000000, not '18446744073709551615s'");
    refused("tunable:slice=3ms,depth=9", "depth is a number from 1 to 8, not '9'");
}

static void test_long_text(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    assert_null(choose_policy(text, error));
    assert_int_equal(strlen(error), CHOOSE_ERROR - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_long_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
