// SPDX-License-Identifier: BSD-2-Clause
// The recorded day of test/sched/days.h on the host. With an argument it prints whom each policy of the list picks.
#include <libos/sched/driver.h>
#include <test/sched/day_clock.h>
#include <test/sched/days.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

static struct sched_task tasks[DAY_TASKS];
static char picks[sizeof(DAY)];
static size_t picked;
static bool over; // what the last action brings is not recorded
static uint64_t now, until;

static void pick_note(enum sched_note note, const struct sched_task *task, uint32_t hart, enum sched_end end, uint64_t time)
{
    (void)hart, (void)end, (void)time;
    if (note == SCHED_NOTE_RUN && !over && picked < sizeof(picks) - 1)
        picks[picked++] = (char)('a' + task->id);
}

static void stop(enum sched_end end)
{
    sched_stop(0, end, now);
    assert_non_null(sched_next(0, now, &until));
}

static void work(uint64_t ns)
{
    now += ns;
    day_work(ns);
    if (day_is_over())
        stop(SCHED_END_YIELDED);
}

static void act(char what)
{
    struct sched_task *task = sched_running(0);

    if (what >= 'a' && what < 'a' + DAY_TASKS)
        sched_wake(&tasks[what - 'a'], now);
    else if (what >= '1' && what <= '9')
        work(DAY_WORK(what));
    else if (what == '.')
        stop(SCHED_END_YIELDED);
    else if (task->id != DAY_TASKS - 1)
        stop(SCHED_END_BLOCKED);
    if (sched_look())
        stop(SCHED_END_PREEMPTED);
}

static void day(const struct sched_ops *ops)
{
    const struct sched_hooks hooks = {.note = pick_note};

    memset(picks, 0, sizeof(picks));
    picked = 0;
    over = false;
    now = 1;
    sched_begin(day_ops(ops), 1, 1, &hooks);
    for (uint32_t id = 0; id < DAY_TASKS; id++) {
        tasks[id] = (struct sched_task){.id = id, .weight = DAY_WEIGHT(id), .priority = DAY_PRIORITY(id), .harts = ~0ul,
                                        .group = DAY_GROUP(id), .period = DAY_PERIOD(id), .deadline = DAY_PERIOD(id),
                                        .budget = DAY_BUDGET(id), .due = DAY_DUE(id),
                                        .remaining = day_remaining(ops, DAY_PERIOD(id))};
        assert_true(sched_admit(&tasks[id], now));
    }
    for (uint32_t id = 0; id < DAY_TASKS; id++)
        sched_wake(&tasks[id], now);
    assert_non_null(sched_next(0, now, &until));
    (void)sched_look();
    for (const char *what = DAY; *what; what++) {
        over = what[1] == 0;
        act(*what);
    }
    assert_null(sched_misuse());
}

static void test_days(void **state)
{
    (void)state;
#define PICKS(name, recorded)   \
    day(&sched_##name);         \
    assert_string_equal(picks, recorded);
#include <test/sched/days.h>
#undef PICKS
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_days)};
    (void)argv;
    if (argc == 1)
        return cmocka_run_group_tests(tests, NULL, NULL);
#define POLICY(name) day(&sched_##name), printf("PICKS(%s, \"%s\")\n", #name, picks);
#include <libos/sched/policies.def>
#undef POLICY
    return 0;
}
