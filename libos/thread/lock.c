// SPDX-License-Identifier: BSD-2-Clause
// Locks and barriers. Their waiters are in lists, first come first; the policy hears of those who wait for a lock.
#include <libos/thread/internal.h>

static void list_append(struct thread **list, struct thread *thread)
{
    while (*list)
        list = &(*list)->next;
    *list = thread;
    thread->next = NULL;
}

bool mutex_try(struct mutex *mutex)
{
    upcall_hold();
    bool taken = mutex->owner == NULL;
    if (taken)
        mutex->owner = thread_self();
    upcall_release();
    return taken;
}

static void lock_serve(word_t argument)
{
    struct mutex *mutex = (struct mutex *)argument;
    struct thread *thread = thread_self();

    list_append(&mutex->waiters, thread);
    thread_stop(SCHED_END_BLOCKED);
    sched_inherit(&mutex->owner->task, &thread->task, thread_now());
}

void mutex_lock(struct mutex *mutex)
{
    upcall_hold();
    if (mutex->owner == NULL) {
        mutex->owner = thread_self();
        upcall_release();
    } else {
        thread_serve(lock_serve, (word_t)mutex); // whoever unlocks makes us the owner
    }
}

// The others wait for the next owner from here on, and it wakes only then: the policy judges it by what it is now.
static void unlock_serve(word_t argument)
{
    struct mutex *mutex = (struct mutex *)argument;
    struct thread *next = mutex->waiters;

    mutex->owner = next;
    mutex->waiters = next->next;
    thread_wake_later(next);
    sched_inherit(&thread_self()->task, NULL, thread_now());
    for (struct thread *thread = mutex->waiters; thread; thread = thread->next)
        sched_inherit(&next->task, &thread->task, thread_now());
}

void mutex_unlock(struct mutex *mutex)
{
    upcall_hold();
    if (mutex->waiters) {
        thread_change(unlock_serve, (word_t)mutex);
    } else {
        mutex->owner = NULL;
        upcall_release();
    }
}

static void barrier_serve(word_t argument)
{
    struct barrier *barrier = (struct barrier *)argument;

    list_append(&barrier->waiters, thread_self());
    thread_stop(SCHED_END_BLOCKED);
}

void barrier_wait(struct barrier *barrier)
{
    upcall_hold();
    if (++barrier->came < barrier->count) {
        thread_serve(barrier_serve, (word_t)barrier);
        return;
    }
    barrier->came = 0;
    for (struct thread *thread; (thread = barrier->waiters);) {
        barrier->waiters = thread->next;
        thread_wake_later(thread);
    }
    thread_change(NULL, 0);
}
