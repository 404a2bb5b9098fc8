// SPDX-License-Identifier: BSD-2-Clause
// Threads under a policy with priorities: who wakes preempts, locks lend priority, parking, barriers, jobs, numbers; and that
// nobody's registers are lost where yields, ends of turns and ends of slices meet.
#include "guest.h"
#include <stdlib.h>

#define MS time_from_us(1000)

static volatile char order[64];
static volatile size_t order_count;

static void note(char what)
{
    upcall_hold();
    order[order_count] = what;
    order_count = order_count + 1;
    upcall_release();
}

static struct thread *create(thread_entry_t entry, word_t argument, int32_t priority)
{
    struct thread *thread = thread_create_with(entry, argument, &(struct thread_options){.priority = priority});
    CHECK(thread != NULL);
    return thread;
}

static void work(word_t ms)
{
    word_t end = time_now() + ms * MS;
    while (time_now() < end)
        continue;
}

static void order_check(const char *should)
{
    CHECK_TEXT((char *)order, should);
    memset((char *)order, 0, sizeof(order));
    order_count = 0;
}

static word_t parks(word_t name)
{
    note((char)name);
    thread_park();
    note((char)(name + 1));
    return 0;
}

// The first thread has priority 0.
static void park_test(void)
{
    struct thread *thread = create(parks, 'a', 1); // runs at once, and parks
    note('-');
    thread_unpark(thread);
    note('=');
    thread_join(thread);
    order_check("a-b=");

    thread = create(parks, 'c', -1); // not before the first thread waits
    thread_unpark(thread);           // so it does not wait
    note('-');
    thread_join(thread);
    order_check("-cd");
}

static struct mutex lock;

// The least urgent has the lock, and somebody between computes; whoever is urgent wants the lock.
static word_t holds(word_t argument)
{
    (void)argument;
    mutex_lock(&lock);
    note('l');
    work(30);
    note('u');
    mutex_unlock(&lock);
    note('e');
    return 0;
}

static word_t computes(word_t argument)
{
    (void)argument;
    thread_sleep_until(time_now() + 5 * MS);
    note('m');
    work(60);
    note('n');
    return 0;
}

static word_t wants(word_t argument)
{
    (void)argument;
    thread_sleep_until(time_now() + 10 * MS);
    mutex_lock(&lock);
    note('h');
    mutex_unlock(&lock);
    return 0;
}

static void inherit_test(const char *should)
{
    struct thread *threads[3] = {create(wants, 0, 3), create(computes, 0, 2), create(holds, 0, 1)};

    for (int i = 0; i < 3; i++)
        thread_join(threads[i]);
    order_check(should);
}

static struct barrier barrier = {.count = 3};
static volatile word_t passed[3];

static word_t meets(word_t number)
{
    for (int i = 0; i < 50; i++) {
        passed[number]++;
        barrier_wait(&barrier);
        for (word_t other = 0; other < 3; other++)
            CHECK(passed[other] == (word_t)i + 1 || passed[other] == (word_t)i + 2);
    }
    return 0;
}

static void barrier_test(void)
{
    struct thread *threads[3];

    for (word_t i = 0; i < 3; i++)
        threads[i] = create(meets, i, (int32_t)i - 1);
    for (int i = 0; i < 3; i++)
        thread_join(threads[i]);
    CHECK(passed[0] == 50 && passed[1] == 50 && passed[2] == 50);
}

static word_t jobs(word_t argument)
{
    const struct sched_task *task = thread_task(thread_self());
    uint64_t begin = thread_now();

    CHECK(task->due == 7 && task->remaining > 0 && task->remaining <= 9000000000);
    thread_job(begin + 1000, 0);
    CHECK(task->due == begin + 1000 && task->remaining == 0);
    word_t release = time_now() + 3 * MS;
    thread_sleep_job(release, begin + 2000, 500);
    CHECK(time_now() >= release && task->due == begin + 2000 && task->remaining > 0 && task->remaining <= 500);
    CHECK(thread_ticks(thread_now()) <= time_now());
    return argument;
}

static void options_test(void)
{
    const struct thread_options options = {.numbered = true, .id = 77, .due = 7, .remaining = 9000000000, .weight = 5,
                                           .start = time_now() + 20 * MS};
    struct thread *thread = thread_create_with(jobs, 1, &options);

    CHECK_EQUAL(thread_task(thread)->id, 77);
    CHECK_EQUAL(thread_task(thread)->weight, 5);
    CHECK_EQUAL(thread_task(thread)->state, SCHED_BLOCKED);
    CHECK_EQUAL(thread_task(thread_self())->id, THREAD_FIRST);
    CHECK(thread_create_with(jobs, 1, &options) == NULL); // the number is another's
    CHECK_EQUAL(thread_join(thread), 1);
    CHECK(time_now() >= options.start);
}

static volatile bool over;

// Values that live in registers over calls, yields and interrupts.
static word_t mixes(word_t seed)
{
    word_t a = seed, b = seed * 3, c = seed * 5, d = seed * 7, e = seed * 11, f = seed * 13, steps = 0;

    while (!over) {
        a += b, b += c, c += d, d += e, e += f, f += 1, steps++;
        if (seed & 1)
            thread_yield();
    }
    word_t u = seed, v = seed * 3, w = seed * 5, x = seed * 7, y = seed * 11, z = seed * 13;
    for (word_t i = 0; i < steps; i++)
        u += v, v += w, w += x, x += y, y += z, z += 1;
    return a == u && b == v && c == w && d == x && e == y && f == z && steps > 10;
}

static void registers_test(void)
{
    struct thread *threads[5];

    for (word_t i = 0; i < 5; i++)
        threads[i] = create(mixes, i + 1, 0);
    word_t end = time_now() + 600 * MS;
    while (time_now() < end)
        thread_sleep_until(time_now() + MS / 3);
    over = true;
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(thread_join(threads[i]), 1);
}

// With the argument plain, without priority inheritance; with registers, only that, for it depends on no time.
int main(int argc, char **argv)
{
    bool plain = argc == 2 && strcmp(argv[1], "plain") == 0;

    thread_policy(plain ? &sched_prio : &sched_prio_inherit);
    if (argc == 2 && strcmp(argv[1], "registers") == 0) {
        registers_test();
        return guest_end();
    }
    park_test();
    inherit_test(plain ? "lmnuhe" : "lmuhne");
    barrier_test();
    options_test();
    registers_test();
    CHECK(sched_misuse() == NULL);
    return guest_end();
}
