// SPDX-License-Identifier: BSD-2-Clause
/*
 * The driver (libos/sched/driver.h) believes no policy: each thing that one may not do is done here by a policy that was
 * round robin until then. It is named, once, and everybody who may run does run from then on, without that policy.
 */
#include <libos/sched/driver_state.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h> // needs the headers above

#define TASKS 6
#define MS    1000000ul
#define GOOD  10 // decisions before it does what it may not

static struct sched_task tasks[TASKS], stranger;
static struct sched_misuse seen;
static unsigned misuses, decisions, asked_after;
static uint64_t now;
static sigjmp_buf decision;

// Three that run, one that is blocked, one that is gone, one for another hart.
enum { BLOCKED = 3, GONE, ELSEWHERE };

static struct sched_task *well(uint32_t hart)
{
    asked_after += misuses;
    return sched_queue_first(hart);
}

static bool is_time(void)
{
    return ++decisions > GOOD;
}

#define PICK(name, what) \
    static struct sched_task *name##_pick(uint32_t hart, uint64_t time) { (void)time; return is_time() ? (what) : well(hart); }
PICK(blocked, &tasks[BLOCKED])
PICK(dead, &tasks[GONE])
PICK(foreign, &stranger)
PICK(running, sched_running(1 - hart) ? sched_running(1 - hart) : well(hart))
PICK(elsewhere, &tasks[ELSEWHERE])
PICK(nothing, NULL)
PICK(good, well(hart))

static struct sched_task *loop_pick(uint32_t hart, uint64_t time)
{
    (void)time;
    for (volatile bool for_ever = is_time(); for_ever;)
        continue;
    return well(hart);
}

static struct sched_task *crash_pick(uint32_t hart, uint64_t time)
{
    (void)time;
    if (is_time())
        raise(SIGSEGV);
    return well(hart);
}

static uint64_t past(uint32_t hart, uint64_t time) { (void)hart; return time; }
static uint64_t never(uint32_t hart, uint64_t time) { (void)hart, (void)time; return SCHED_NEVER; }
static uint64_t no_turn(const struct sched_task *task, uint64_t time) { (void)task, (void)time; return decisions > GOOD ? 0 : MS; }

static void misuse_note(const struct sched_misuse *misuse)
{
    seen = *misuse;
    misuses++;
}

static void left(int number)
{
    siglongjmp(decision, number == SIGSEGV ? SCHED_FAULT_CRASH : SCHED_FAULT_LOOP);
}

static void watch_begin(void)
{
    struct itimerval soon = {.it_value = {.tv_usec = 100000}};
    signal(SIGALRM, left);
    signal(SIGSEGV, left);
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void begin(const struct sched_ops *ops, uint32_t harts, const struct sched_hooks *hooks)
{
    misuses = decisions = asked_after = 0;
    now = 0;
    memset(tasks, 0, sizeof(tasks));
    memset(&stranger, 0, sizeof(stranger));
    stranger.state = SCHED_QUEUED;
    sched_begin(ops, harts, 1, hooks);
    for (uint32_t id = 0; id < TASKS; id++) {
        tasks[id].id = id;
        tasks[id].weight = 1;
        tasks[id].harts = id == ELSEWHERE ? 1ul << 40 | (harts > 1 ? 2 : 0) : ~0ul;
        assert_true(sched_admit(&tasks[id], 0));
        if (id != BLOCKED)
            sched_wake(&tasks[id], 0);
    }
    stranger.harts = ~0ul;
}

// Each hart in its turn decides and runs for a millisecond. What ran is counted.
static void run(uint32_t harts, unsigned rounds, unsigned ran[TASKS])
{
    for (unsigned round = 0; round < rounds; round++)
        for (uint32_t hart = 0; hart < harts; hart++) {
            uint64_t until;
            struct sched_task *task;
            if (sched_running(hart))
                sched_stop(hart, sched_running(hart) == &tasks[GONE] ? SCHED_END_ENDED : SCHED_END_EXPIRED, now);
            int fault = sigsetjmp(decision, 1);
            if (fault) {
                assert_true(sched_deciding());
                sched_abandon((enum sched_fault)fault, now);
            }
            task = sched_next(hart, now, &until);
            if (task) {
                assert_int_equal(task->state, SCHED_RUNNING);
                assert_ptr_equal(sched_running(hart), task);
                ran[task->id]++;
            }
            now += MS;
        }
}

static void wrong(const char *name, uint32_t harts, const struct sched_ops *with, enum sched_fault fault, const void *task)
{
    const struct sched_hooks hooks = {.misuse = misuse_note};
    struct sched_ops ops = *with;
    unsigned ran[TASKS] = {0};

    ops.name = name;
    begin(&ops, harts, &hooks);
    watch_begin();
    run(harts, 60, ran);
    assert_int_equal(misuses, 1);
    assert_int_equal(asked_after, 0);
    assert_int_equal(seen.fault, fault);
    assert_string_equal(seen.policy, name);
    assert_string_equal(seen.text, sched_fault_text(fault));
    if (task)
        assert_ptr_equal(seen.task, task);
    assert_ptr_equal(sched_misuse()->policy, name);
    for (uint32_t id = 0; id < 3; id++)
        assert_true(ran[id] >= 12); // among four at most
    assert_int_equal(ran[BLOCKED], 0);
    assert_int_equal(ran[ELSEWHERE] > 0, harts > 1);
    sched_wake(&tasks[BLOCKED], now);
    run(harts, 10, ran);
    assert_true(ran[BLOCKED] > 0);
}

static void test_wrong_picks(void **state)
{
    (void)state;
    wrong("blocked", 1, &(struct sched_ops){.pick = blocked_pick}, SCHED_FAULT_BLOCKED, &tasks[BLOCKED]);
    wrong("foreign", 1, &(struct sched_ops){.pick = foreign_pick}, SCHED_FAULT_FOREIGN, &stranger);
    wrong("elsewhere", 1, &(struct sched_ops){.pick = elsewhere_pick}, SCHED_FAULT_HART, &tasks[ELSEWHERE]);
    wrong("running", 2, &(struct sched_ops){.pick = running_pick}, SCHED_FAULT_RUNNING, NULL);
}

static void test_dead(void **state)
{
    (void)state;
    wrong("dead", 1, &(struct sched_ops){.pick = dead_pick}, SCHED_FAULT_DEAD, &tasks[GONE]);
}

static void test_nothing(void **state)
{
    (void)state;
    wrong("nothing", 1, &(struct sched_ops){.pick = nothing_pick}, SCHED_FAULT_NOTHING, NULL);
    wrong("never", 1, &(struct sched_ops){.pick = nothing_pick, .held_until = never}, SCHED_FAULT_NOTHING, NULL);
    wrong("past", 1, &(struct sched_ops){.pick = nothing_pick, .held_until = past}, SCHED_FAULT_HELD, NULL);
    wrong("no_turn", 1, &(struct sched_ops){.pick = good_pick, .turn = no_turn}, SCHED_FAULT_TURN, NULL);
}

static void test_left(void **state)
{
    (void)state;
    wrong("loops", 1, &(struct sched_ops){.pick = loop_pick}, SCHED_FAULT_LOOP, NULL);
    wrong("crashes", 1, &(struct sched_ops){.pick = crash_pick}, SCHED_FAULT_CRASH, NULL);
}

static void crash_charge(struct sched_task *task, uint64_t used, uint64_t time)
{
    (void)task, (void)used, (void)time;
    siglongjmp(decision, SCHED_FAULT_CRASH);
}

// A policy that is left while a task ends has no hold on it: it is gone, and another may have its number.
static void test_left_at_the_end(void **state)
{
    const struct sched_ops crashes = {.name = "crashes", .pick = good_pick, .charge = crash_charge};
    struct sched_task *task, next = {.weight = 1, .harts = ~0ul};
    uint64_t until;
    (void)state;

    begin(&crashes, 1, NULL);
    task = sched_next(0, 0, &until);
    int fault = sigsetjmp(decision, 1);
    if (!fault)
        sched_stop(0, SCHED_END_ENDED, MS);
    assert_int_equal(fault, SCHED_FAULT_CRASH);
    sched_abandon((enum sched_fault)fault, MS);
    assert_int_equal(task->state, SCHED_GONE);
    next.id = task->id;
    assert_true(sched_admit(&next, MS));
    assert_ptr_not_equal(sched_next(0, MS, &until), task);
}

static void test_right(void **state)
{
    struct sched_task same = {.id = 2}, great = {.id = SCHED_TASKS_MAX};
    unsigned ran[TASKS] = {0};
    (void)state;

    begin(&sched_round_robin, 1, NULL);
    run(1, 60, ran);
    assert_null(sched_misuse());
    assert_false(sched_admit(&same, 0));
    assert_false(sched_admit(&great, 0));
    assert_ptr_equal(sched_find(2), &tasks[2]);
    assert_null(sched_find(SCHED_TASKS_MAX));
    assert_int_equal(sched_statistics()->decisions, 60);
}

// Whoever has more weight than others runs whenever it may: the others starve.
static struct sched_task *greedy_pick(uint32_t hart, uint64_t time)
{
    struct sched_task *best = sched_queue_first(hart);

    (void)time;
    for (struct sched_task *task = best; task; task = task->next)
        if (task->harts >> hart & 1 && task->weight > best->weight)
            best = task;
    return best;
}

static unsigned stalls;
static uint32_t starved;
static char lines[1024];

static void stall_note(const struct sched_stall *stall)
{
    assert_string_equal(stall->policy, "greedy");
    assert_true(stall->waited >= 90 * MS && stall->waited < 140 * MS);
    starved |= 1u << stall->task->id;
    stalls++;
}

static void line_note(const char *text)
{
    snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s\n", text);
}

static void test_stall(void **state)
{
    const struct sched_hooks hooks = {.stall = stall_note, .stall_ns = 100 * MS};
    const struct sched_ops greedy = {.name = "greedy", .pick = greedy_pick};
    unsigned ran[TASKS] = {0};
    (void)state;

    stalls = starved = 0;
    begin(&greedy, 1, &hooks);
    tasks[1].weight = 2;
    run(1, 90, ran);
    assert_int_equal(stalls, 0);
    run(1, 400, ran);
    assert_true(stalls >= 6 && stalls <= 16); // some four times for each that waits: it is told again
    assert_int_equal(starved & 7, 5);
    assert_int_equal(sched_statistics()->stalls, stalls);
    lines[0] = '\0';
    sched_dump(1000 * MS, line_note);
    assert_non_null(strstr(lines, "task 0 is queued, was last on hart 0, waits for "));
    assert_non_null(strstr(lines, "task 1 runs on hart 0, key "));
    assert_null(strstr(lines, "task 3"));

    // Nobody starves under round robin, and nobody is named.
    stalls = 0;
    begin(&sched_round_robin, 1, &hooks);
    tasks[ELSEWHERE].harts = ~0ul;
    run(1, 400, ran);
    assert_int_equal(stalls, 0);
}

static uint64_t counter;
static uint64_t count(void) { return counter; }
static struct sched_task *counted_pick(uint32_t hart, uint64_t time) { (void)time; counter += 7; return sched_queue_first(hart); }

static void test_instructions(void **state)
{
    const struct sched_hooks hooks = {.count = count};
    const struct sched_ops counted = {.name = "counted", .pick = counted_pick};
    unsigned ran[TASKS] = {0};
    (void)state;

    begin(&counted, 1, &hooks);
    run(1, 50, ran);
    assert_int_equal(sched_statistics()->instructions, 50 * 7);
}

// The short way of a yield picks whom the long one does, and leaves the same behind.
static void test_plain_yield(void **state)
{
    unsigned order[2][40];
    (void)state;

    for (int plain = 0; plain < 2; plain++) {
        uint64_t until;
        begin(&sched_round_robin, 1, NULL);
        assert_non_null(sched_next(0, now, &until));
        for (int i = 0; i < 40; i++, now += MS) {
            if (i == 20)
                sched_wake(&tasks[BLOCKED], now);
            if (plain) {
                struct sched_task *(*pick)(uint32_t, uint64_t) = sched_yield_begin(now);
                assert_non_null(pick);
                struct sched_task *task = pick(0, now);
                assert_true(sched_yield_end(task) || sched_yield_rest(task, now));
                until = sched_until(0);
            } else {
                sched_stop(0, SCHED_END_YIELDED, now);
                sched_next(0, now, &until);
            }
            order[plain][i] = sched_running(0)->id;
            assert_int_equal(until, now + SCHED_TURN_NS);
        }
        assert_int_equal(sched_statistics()->decisions, 41);
        assert_int_equal(sched_statistics()->switches, 41);
    }
    assert_memory_equal(order[0], order[1], sizeof(order[0]));
    begin(&sched_stride, 1, NULL);
    uint64_t until;
    sched_next(0, 0, &until);
    assert_null(sched_yield_begin(0)); // it wants to know more
}

int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_picks), cmocka_unit_test(test_dead),  cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_left),        cmocka_unit_test(test_right), cmocka_unit_test(test_stall),
        cmocka_unit_test(test_instructions), cmocka_unit_test(test_plain_yield), cmocka_unit_test(test_left_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
