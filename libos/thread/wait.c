// SPDX-License-Identifier: BSD-2-Clause
// Threads that wait for a time, for events, or to be unparked. The list has those with the earliest time first.
#include <libos/ipc/ipc.h>
#include <libos/thread/internal.h>

static struct thread *sleepers;

word_t sleepers_until(void)
{
    return sleepers && sleepers->wait_until ? sleepers->wait_until : SCHED_NEVER;
}

word_t sleepers_events(void)
{
    word_t events = 0;

    for (const struct thread *thread = sleepers; thread; thread = thread->next)
        events |= thread->wait_events;
    return events;
}

// A 0 is the latest of all times.
static bool is_before(word_t one, word_t other)
{
    return one - 1 < other - 1;
}

void sleep_begin(struct thread *thread, word_t events, word_t until)
{
    struct thread **place = &sleepers;

    thread->wait_events = events;
    thread->wait_until = until;
    while (*place && !is_before(until, (*place)->wait_until))
        place = &(*place)->next;
    thread->next = *place;
    *place = thread;
    if (events)
        upcall_waited(sleepers_events());
}

void sleepers_wake(word_t now)
{
    word_t pending = SAVE_WORD(SAVE_PENDING);
    bool waited = false;

    for (struct thread **place = &sleepers; *place;) {
        struct thread *thread = *place;
        bool late = thread->wait_until && thread->wait_until <= now;
        if (late || (thread->wait_events & pending)) {
            *place = thread->next;
            waited |= thread->wait_events != 0;
            thread_wake_later(thread);
        } else {
            place = &thread->next;
        }
    }
    if (waited)
        upcall_waited(sleepers_events());
}

struct wait {
    word_t events, until;
};

static void wait_serve(word_t argument)
{
    const struct wait *wait = (const struct wait *)argument;

    sleep_begin(thread_self(), wait->events, wait->until);
    thread_stop(SCHED_END_BLOCKED);
}

// For events_wait. A program that holds upcalls cannot switch.
bool sleep_hook(word_t events, word_t deadline)
{
    struct wait wait = {events, deadline};

    upcall_hold();
    bool alone = SAVE_WORD(UPCALL_HOLD) == 1;
    if (alone)
        thread_serve(wait_serve, (word_t)&wait);
    else
        upcall_release();
    return alone;
}

void thread_sleep_until(word_t time)
{
    struct wait wait = {0, time};

    if (time_now() >= time)
        return;
    upcall_hold();
    thread_start();
    thread_serve(wait_serve, (word_t)&wait);
}

void thread_sleep_job(word_t release, uint64_t due, uint64_t remaining)
{
    struct thread *thread = thread_self();

    if (time_now() >= release) {
        thread_job(due, remaining);
        return;
    }
    thread->job_due = due;
    thread->job_remaining = remaining;
    thread->has_job = true;
    thread_sleep_until(release);
}

static void job_serve(word_t argument)
{
    const struct thread *thread = (const struct thread *)argument;

    sched_job(&thread_self()->task, thread->job_due, thread->job_remaining, thread_now());
}

void thread_job(uint64_t due, uint64_t remaining)
{
    struct thread *thread = thread_self();

    upcall_hold();
    thread_start();
    thread->job_due = due;
    thread->job_remaining = remaining;
    thread_serve(job_serve, (word_t)thread);
}

static void park_serve(word_t argument)
{
    (void)argument;
    thread_self()->parked = true;
    thread_stop(SCHED_END_BLOCKED);
}

void thread_park(void)
{
    struct thread *thread = thread_self();

    upcall_hold();
    thread_start();
    if (thread->permit) {
        thread->permit = false;
        upcall_release();
    } else {
        thread_serve(park_serve, 0);
    }
}

void thread_unpark(struct thread *thread)
{
    upcall_hold();
    if (thread->parked) {
        thread->parked = false;
        thread_wake_later(thread);
    } else {
        thread->permit = true;
    }
    thread_change(NULL, 0);
}
