// SPDX-License-Identifier: BSD-2-Clause
// Threads: results, preemption without their help, locks, sleep, errno of their own, and everything
// given back.
#include "guest.h"
#include <errno.h>
#include <stdlib.h>

#define THREADS 8
#define ROUNDS  2000

// Whether it becomes true within some slices, for which a busy machine may take long.
#define SOON(condition)                                                                                      \
    ({                                                                                                       \
        word_t until = time_now() + time_from_us(5000000);                                                   \
        while (!(condition) && time_now() < until)                                                           \
            ;                                                                                                \
        (condition);                                                                                         \
    })

static struct mutex lock;
static volatile word_t counter;

static word_t count_up(word_t argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        mutex_lock(&lock);
        word_t seen = counter;
        if (i % 64 == (int)argument)
            thread_yield(); // with the lock held: the others must wait
        counter = seen + 1;
        mutex_unlock(&lock);
    }
    return argument * 10;
}

static void mutex_test(void)
{
    struct thread *threads[THREADS];

    for (word_t i = 0; i < THREADS; i++)
        CHECK((threads[i] = thread_create(count_up, i)) != NULL);
    for (word_t i = 0; i < THREADS; i++)
        CHECK_EQUAL(thread_join(threads[i]), i * 10);
    CHECK_EQUAL(counter, THREADS * ROUNDS);
    CHECK(mutex_try(&lock));
    CHECK(!mutex_try(&lock));
    mutex_unlock(&lock);
}

// Allocates and frees for a while; the heap's lists must survive being preempted anywhere.
static word_t churn(word_t until)
{
    unsigned char *piece[16] = {NULL};
    unsigned random = (unsigned)until;
    word_t wrong = 0;

    while (time_now() < until) {
        random = random * 1664525 + 1013904223;
        unsigned i = random >> 28;
        if (piece[i])
            wrong += piece[i][0] != i || piece[i][99] != i;
        free(piece[i]);
        piece[i] = malloc(100 + (random >> 8) % 500);
        memset(piece[i], (int)i, 100);
    }
    for (int i = 0; i < 16; i++)
        free(piece[i]);
    return wrong;
}

static void heap_test(void)
{
    struct thread *threads[3];

    for (int i = 0; i < 3; i++)
        threads[i] = thread_create(churn, time_now() + time_from_us(4000000) + (word_t)i);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(thread_join(threads[i]), 0);
}

static volatile word_t progress[2];
static volatile bool stop;

static word_t spin(word_t number)
{
    while (!stop)
        progress[number]++;
    return progress[number];
}

static void preemption_test(void)
{
    struct thread *one = thread_create(spin, 0), *two = thread_create(spin, 1);

    CHECK(SOON(progress[0] > 0 && progress[1] > 0)); // we spin, too, and nobody yields
    stop = true;
    thread_join(one);
    thread_join(two);
}

static volatile bool came;

static word_t come(word_t value)
{
    came = true;
    return value;
}

// An end of turn that is noticed late ends the turn, too.
static void late_end_test(void)
{
    struct thread *thread = thread_create(come, 0);
    uint64_t end = thread_now() + 2 * SCHED_TURN_NS;

    upcall_hold();
    while (thread_now() < end)
        continue;
    CHECK(!came);
    upcall_release();
    CHECK(came);
    thread_join(thread);
}

static word_t woken[3];
static int woken_count;

static word_t sleep_for(word_t ms)
{
    word_t until = time_now() + time_from_us(ms * 1000);
    thread_sleep_until(until);
    CHECK(time_now() >= until);
    woken[woken_count++] = ms;
    return 0;
}

static void sleep_test(void)
{
    struct thread *threads[3] = {thread_create(sleep_for, 90), thread_create(sleep_for, 30),
                                 thread_create(sleep_for, 60)};

    for (int i = 0; i < 3; i++)
        thread_join(threads[i]);
    CHECK(woken[0] == 30 && woken[1] == 60 && woken[2] == 90);
}

static word_t errno_of_its_own(word_t value)
{
    errno = (int)value;
    thread_yield();
    return (word_t)errno;
}

static word_t exits(word_t value)
{
    thread_exit(value + 1);
}

static volatile bool notified;

static void on_event(word_t events)
{
    notified = events == 1ul << 50;
}

static word_t wait_event(word_t event)
{
    return events_wait(event, 0);
}

static void events_test(void)
{
    struct thread *waiter = thread_create(wait_event, 1ul << 40);

    thread_yield();
    sys_env_notify(SLOT_SELF, 1ul << 40);
    CHECK_EQUAL(thread_join(waiter), 1ul << 40);
    CHECK_EQUAL(events_wait(1ul << 41, time_now() + time_from_us(10000)), 0);

    events_handle(1ul << 50, on_event);
    sys_env_notify(SLOT_SELF, 1ul << 50);
    CHECK(SOON(notified)); // at the end of this slice, at the latest
    events_handle(0, NULL);
}

static struct barrier crowd;

static word_t meets(word_t number)
{
    barrier_wait(&crowd);
    return number;
}

// All at once, with stacks far away, too.
static void crowd_test(void)
{
    static struct thread *threads[2 * STACKS_NEAR];

    crowd.count = 2 * STACKS_NEAR;
    for (word_t i = 0; i < 2 * STACKS_NEAR; i++)
        CHECK((threads[i] = thread_create(meets, i)) != NULL);
    for (word_t i = 0; i < 2 * STACKS_NEAR; i++)
        CHECK_EQUAL(thread_join(threads[i]), i);
}

int main(void)
{
    errno = 77;
    struct thread *thread = thread_create(errno_of_its_own, 5);
    thread_yield();
    CHECK_EQUAL(errno, 77);
    CHECK_EQUAL(thread_join(thread), 5);
    CHECK_EQUAL(thread_join(thread_create(exits, 41)), 42);

    mutex_test();
    preemption_test();
    late_end_test();
    sleep_test();
    heap_test();
    events_test();

    // Stacks and records are used again: many more threads than there is room for near by.
    size_t before = frame_count_free();
    for (word_t i = 0; i < 3 * STACKS_NEAR; i++)
        CHECK_EQUAL(thread_join(thread_create(exits, i)), i + 1);
    CHECK(before - frame_count_free() <= 16);
    crowd_test();
    return guest_end();
}
