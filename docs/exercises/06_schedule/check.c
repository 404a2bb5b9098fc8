// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 6: the policy is led through days of tasks that only exist as numbers, by the driver that threads and the
 * simulator use, so that each nanosecond is known. Then what a decision costs with few tasks and with many; and then
 * threads.
 */
#include "../check.h"

#include "schedule.h"

#define DAY_NS    600000000ul
#define SHARE     1000 // shares are in thousandths
#define THREAD_US 300000

// What a task does with a turn. All of them are runnable from the beginning on, unless `from` says otherwise.
struct life {
    uint32_t weight;
    uint64_t yields; // gives way when it has run this part of a turn, in thousandths; 0: never
    uint64_t blocks; // waits when it has run for so long ...
    uint64_t sleeps; // ... for so long; 0: never
    uint64_t from;
    uint64_t settles; // from then on it neither gives way nor waits; 0: never
    uint64_t late;    // its turns end so late
};

static struct sched_task tasks[1000];
static uint64_t used[1000], wakes[1000], runnable_since[1000], longest_wait;

static void task_make(uint32_t id, uint32_t weight)
{
    tasks[id] =
        (struct sched_task){.id = id, .weight = weight, .harts = ~0ul, .word = {77, 77, 77, 77, 77, 77, 77, 77}};
}

static uint64_t next_wake(size_t count)
{
    uint64_t next = SCHED_NEVER;

    for (size_t i = 0; i < count; i++)
        next = wakes[i] < next ? wakes[i] : next;
    return next;
}

static void wake_due(size_t count, uint64_t now)
{
    for (size_t i = 0; i < count; i++)
        if (wakes[i] <= now) {
            wakes[i] = SCHED_NEVER;
            runnable_since[i] = now;
            sched_wake(&tasks[i], now);
        }
}

// A turn of the task, until `until` at most: how long it runs, and why it ends.
static uint64_t turn_take(const struct life *life, uint64_t now, uint64_t until, enum sched_end *end)
{
    uint64_t turn = until - now, part = turn + 1;

    if (!life->settles || now < life->settles)
        part = life->yields ? turn * life->yields / 1000 : life->sleeps ? life->blocks : part;
    *end = part > turn ? SCHED_END_EXPIRED : life->yields ? SCHED_END_YIELDED : SCHED_END_BLOCKED;
    return part > turn ? turn + life->late : part;
}

static void day_begin(const struct life *lives, size_t count, uint64_t now)
{
    sched_begin(&sched_yours, 1, 1, NULL);
    longest_wait = 0;
    for (uint32_t i = 0; i < count; i++) {
        task_make(i, lives[i].weight);
        used[i] = 0;
        wakes[i] = lives[i].from;
        sched_admit(&tasks[i], now);
    }
}

// The task has the hart: when it has run. What happens before `since` does not count.
static uint64_t task_run(const struct life *life, size_t i, uint64_t now, uint64_t until, uint64_t since)
{
    enum sched_end end;
    uint64_t waited = now - runnable_since[i], ran = turn_take(life, now, until, &end);

    if (now >= since) {
        longest_wait = waited > longest_wait ? waited : longest_wait;
        used[i] += ran;
    }
    now += ran;
    runnable_since[i] = now;
    if (end == SCHED_END_BLOCKED)
        wakes[i] = now + life->sleeps;
    sched_stop(0, end, now);
    return now;
}

// Afterwards used[i] is what task i had since then.
static void day(const struct life *lives, size_t count, uint64_t since)
{
    uint64_t now = 1000, until;

    day_begin(lives, count, now);
    while (now < DAY_NS && !sched_misuse()) {
        wake_due(count, now);
        struct sched_task *task = sched_next(0, now, &until);
        now = task ? task_run(&lives[task->id], task->id, now, until, since) : next_wake(count);
    }
    for (size_t i = 0; i < count && !sched_misuse(); i++) // nobody is left with the policy
        if (tasks[i].state == SCHED_BLOCKED)
            sched_leave(&tasks[i], now);
}

static word_t share(size_t i, size_t count)
{
    uint64_t all = 0;

    for (size_t j = 0; j < count; j++)
        all += used[j];
    return all ? (used[i] * SHARE + all / 2) / all : 0;
}

static bool near(word_t seen, word_t expected, word_t by, const char *what)
{
    return check(seen + by >= expected && seen <= expected + by,
                 "%s: %lu thousandths seen, %lu expected, %lu more or less", what, (unsigned long)seen,
                 (unsigned long)expected, (unsigned long)by);
}

static void days_check(void)
{
    day((struct life[]){{.weight = 3}, {.weight = 2}, {.weight = 1}}, 3, 0);
    near(share(0, 3), 500, 8, "of three that compute, the one with a weight of 3");
    near(share(1, 3), 333, 8, "                                          ... of 2");
    near(share(2, 3), 167, 8, "                                          ... of 1");
    check_at_most(longest_wait / 1000, 5 * QUANTUM / 1000 + 100, "the longest wait among them, in us");
    day((struct life[]){{.weight = 1, .yields = 500}, {.weight = 1}}, 2, DAY_NS / 4);
    near(share(0, 2), 500, 10, "one that gives way in the middle of each turn, beside one that does not");
    day((struct life[]){{.weight = 1, .yields = 50}, {.weight = 1}}, 2, DAY_NS / 2);
    check_at_most(share(0, 2), 260, "one that gives way at once each time, so that its credit is limited: thousandths");
    day((struct life[]){{.weight = 1, .blocks = 50000, .sleeps = 40000000}, {.weight = 1}}, 2, 0);
    check_at_most(longest_wait / 1000, QUANTUM / 1000 + 100, "the longest wait of one that sleeps now and then, in us");
    day((struct life[]){{.weight = 1, .blocks = 50000, .sleeps = 10000000, .settles = DAY_NS / 2}, {.weight = 1}}, 2,
        DAY_NS / 2);
    check_at_most(longest_wait / 1000, QUANTUM / 1000 + 100,
                  "the longest wait for one that slept and computes now, in us");
    day((struct life[]){{.weight = 3, .late = 300000}, {.weight = 1, .late = 300000}}, 2, 0);
    near(share(0, 2), 750, 8, "weights of 3 and 1, where each turn ends late: the one with 3");
    day((struct life[]){{.weight = 1, .from = DAY_NS / 2}, {.weight = 1}}, 2, DAY_NS / 2);
    near(share(0, 2), 500, 15, "one that comes late, beside one that was there: from then on");
    check(!sched_misuse(), "it breaks no rule of the driver's%s%s", sched_misuse() ? ": it " : "",
          sched_misuse() ? sched_misuse()->text : "");
}

// Instructions of charge, enqueue, pick and turn, in the mean.
static word_t decision_cost(uint32_t count)
{
    word_t sum = 0, turns = 2 * count + 500;

    sched_yours.start(1, 1);
    for (uint32_t i = 0; i < count; i++) {
        task_make(i, 1 + i % 7);
        sched_yours.admit(&tasks[i], 0);
        sched_yours.enqueue(&tasks[i], SCHED_WOKE, 0);
    }
    struct sched_task *task = sched_yours.pick(0, 0);
    for (word_t i = 0; task && i < turns; i++) {
        if (i % 64 == 0)
            sys_slice_yield(); // so that no slice ends while it is counted
        word_t begin = instructions_now();
        uint64_t turn = sched_yours.turn ? sched_yours.turn(task, i) : SCHED_TURN_NS;
        sched_yours.charge(task, turn, i);
        sched_yours.enqueue(task, SCHED_EXPIRED, i);
        task = sched_yours.pick(0, i);
        sum += instructions_now() - begin;
    }
    return task ? sum / turns : ~0ul;
}

static volatile word_t rounds[3];
static volatile bool over;

static word_t compute(word_t number)
{
    while (!over)
        rounds[number]++;
    return 0;
}

static void threads_check(void)
{
    struct thread *threads[3];
    static const word_t expected[] = {500, 333, 167};

    thread_policy(&sched_yours);
    for (uint32_t i = 0; i < 3; i++)
        threads[i] = thread_create_with(compute, i, &(struct thread_options){.weight = 3 - i});
    thread_sleep_until(time_now() + time_from_us(THREAD_US));
    over = true;
    for (size_t i = 0; i < 3; i++) {
        thread_join(threads[i]);
        used[i] = rounds[i];
    }
    for (size_t i = 0; i < 3; i++)
        near(share(i, 3), expected[i], 25, "a thread that computes");
}

int main(void)
{
    days_check();
    word_t few = decision_cost(10), many = decision_cost(1000);
    check(many <= few + few / 10, "a decision costs as much with 1,000 tasks as with 10: %lu instructions, and %lu",
          (unsigned long)many, (unsigned long)few);
    threads_check();
    return check_end();
}
