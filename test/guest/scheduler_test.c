// SPDX-License-Identifier: BSD-2-Clause
// A scheduler environment: shares, sleeps, who wakes preempts, children that are processes, and policies that break rules.
#include "guest.h"
#include <stdlib.h>

#define WORKERS 3
#define SLOTS   (SLOT_FREE + 8)
#define STACK   4096
#define MS      1000000ul

static struct scheduled workers[WORKERS];
static char stacks[WORKERS][STACK] __attribute__((aligned(16)));
static volatile word_t counts[WORKERS], rounds[WORKERS], late[WORKERS];
static volatile word_t end; // ticks
static bool exact;          // instructions are counted, so time does not depend on how busy the machine is

static void count_up(word_t number)
{
    while (time_now() < end)
        counts[number]++;
    sys_env_exit(number);
}

// Sleeps for 2 ms, and looks how late it is after that.
static void sleep_often(word_t number)
{
    while (time_now() < end) {
        word_t until = time_now() + time_from_us(2000);
        sys_slice_wait(0, until);
        word_t passed = time_now() - until;
        late[number] = passed > late[number] ? passed : late[number];
        rounds[number]++;
    }
    sys_env_exit(0);
}

static void yield_often(word_t number)
{
    for (counts[number] = 0; counts[number] < 100; counts[number]++)
        sys_slice_yield();
    sys_env_exit(0);
}

static void fault(word_t number)
{
    *(volatile word_t *)number = 0;
}

static bool worker_add(word_t number, void (*entry)(word_t), uint32_t weight, int32_t priority)
{
    struct scheduled *one = &workers[number];

    memset(stacks[number], 1, STACK); // it is there
    counts[number] = rounds[number] = late[number] = 0;
    *one = (struct scheduled){.task = {.weight = weight, .priority = priority}};
    env_t env = worker_create(entry, number, (word_t)stacks[number] + STACK);
    return env != 0 && scheduler_add(one, env) == NULL;
}

static void begin(const struct sched_ops *ops, word_t ms)
{
    CHECK(scheduler_begin(ops, 1, NULL, SLOTS) == NULL);
    end = time_now() + time_from_us(exact ? ms * 250 : ms * 1000); // counting makes the machine slow
}

static void all_end(size_t count)
{
    CHECK(!scheduler_run(end + time_from_us(2000000)));
    for (size_t i = 0; i < count; i++)
        worker_destroy(workers[i].env);
}

static void share_test(void)
{
    begin(&sched_stride, 600);
    for (word_t i = 0; i < 3; i++)
        CHECK(worker_add(i, count_up, (uint32_t)(3 - i), 0));
    all_end(3);
    word_t sum = counts[0] + counts[1] + counts[2];
    for (word_t i = 0; i < 3; i++) {
        word_t share = counts[i] * 600 / sum, wanted = (3 - i) * 100;
        CHECK(share + 60 > wanted && share < wanted + 60); // a quantum is 40 of 600, where it is short
    }
    CHECK(sched_misuse() == NULL);
}

// One sleeps and is more urgent than the other, which computes: it has the hart when its time has come.
static void preempt_test(void)
{
    begin(&sched_prio, 300);
    CHECK(worker_add(0, sleep_often, 1, 2));
    CHECK(worker_add(1, count_up, 1, 1));
    all_end(2);
    CHECK(rounds[0] > (exact ? 34 : 3));
    if (exact)
        CHECK(late[0] < time_from_us(10)); // and the other one computes
    CHECK(sched_statistics()->preemptions > 3);
    CHECK(counts[1] > 1000);
}

static void stop_test(void)
{
    begin(&sched_round_robin, 100);
    CHECK(worker_add(0, yield_often, 1, 0));
    CHECK(worker_add(1, fault, 1, 0));
    CHECK(worker_add(2, yield_often, 1, 0));
    all_end(3);
    CHECK(counts[0] == 100 && counts[2] == 100);
    CHECK_EQUAL(sched_statistics()->stalls, 0);
}

// Taken off in the middle: the other goes on.
static void remove_test(void)
{
    begin(&sched_eevdf, 200);
    CHECK(worker_add(0, count_up, 1, 0));
    CHECK(worker_add(1, count_up, 1, 0));
    CHECK(scheduler_run(time_now() + time_from_us(20000)));
    scheduler_remove(&workers[0]);
    word_t had = counts[0], other = counts[1];
    CHECK(!scheduler_run(end + time_from_us(2000000)));
    CHECK_EQUAL(counts[0], had);
    if (exact) // elsewhere a busy machine may let either of them wait for that long
        CHECK(had > 0 && counts[1] > other);
    worker_destroy(workers[0].env);
    worker_destroy(workers[1].env);
}

static void process_test(void)
{
    const struct child_options options = {.program = "hello"};
    struct child child;
    static struct scheduled one;
    int status = -1;

    begin(&sched_round_robin, 0);
    CHECK(child_build(&child, &options) == NULL);
    CHECK(scheduler_add(&one, child.env) == NULL);
    CHECK(!scheduler_run(time_now() + time_from_us(10000000)));
    CHECK(child_ended(&child, &status));
    CHECK_EQUAL(status, 0);
    child_reap(&child);
}

static unsigned decisions;
static struct sched_task **volatile nowhere = NULL;

static void broken_start(uint32_t harts, uint64_t seed)
{
    (void)harts, (void)seed;
    decisions = 0;
}

static struct sched_task *loop_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    for (volatile bool for_ever = ++decisions > 20; for_ever;)
        continue;
    return sched_queue_first(hart);
}

static struct sched_task *crash_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return ++decisions > 20 ? *nowhere : sched_queue_first(hart);
}

static struct sched_task *lazy_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return ++decisions > 20 ? NULL : sched_queue_first(hart);
}

static struct sched_task *first_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return sched_queue_first(hart);
}

static void broken_test(struct sched_task *(*pick)(uint32_t, uint64_t), enum sched_fault fault)
{
    const struct sched_ops ops = {.name = "broken", .start = broken_start, .pick = pick};

    begin(&ops, 0);
    CHECK(worker_add(0, yield_often, 1, 0));
    CHECK(worker_add(1, yield_often, 1, 0));
    all_end(2);
    CHECK(counts[0] == 100 && counts[1] == 100);
    CHECK(sched_misuse() && sched_misuse()->fault == fault);
    CHECK(sched_misuse() && strcmp(sched_misuse()->policy, "broken") == 0);
}

static word_t lost_turns(void) { return sys_env_info(self(), ENV_LOST_TURNS).value; }

// Who schedules and runs nobody loses turns to them; and has its slices back when it decides.
static void stall_test(void)
{
    const struct sched_ops ops = {.name = "in order", .pick = first_pick};
    const word_t limit = time_now() + time_from_us(20000000);

    begin(&ops, 20000);
    for (word_t number = 0; number < 2; number++)
        CHECK(worker_add(number, count_up, 1, 0));
    while ((counts[0] == 0 || counts[1] == 0) && time_now() < limit)
        continue;
    CHECK(counts[0] != 0 && counts[1] != 0);
    CHECK(lost_turns() >= STALL_TURNS);
    end = time_now();
    all_end(2);
    while (lost_turns() != 0 && time_now() < limit)
        continue;
    CHECK_EQUAL(lost_turns(), 0);
}

int main(int argc, char **argv)
{
    exact = argc == 2 && strcmp(argv[1], "exact") == 0;
    share_test();
    preempt_test();
    stop_test();
    remove_test();
    broken_test(loop_pick, SCHED_FAULT_LOOP);
    broken_test(crash_pick, SCHED_FAULT_CRASH);
    broken_test(lazy_pick, SCHED_FAULT_NOTHING);
    process_test();
    stall_test();
    return guest_end();
}
