// SPDX-License-Identifier: BSD-2-Clause
/*
 * What workers ask their scheduler. One that has to wait for another writes into its own `want` what for, and gives the
 * hart up until that is 0 again; the scheduler sees it whenever the worker stops, for whatever reason, and only the
 * scheduler changes lists of waiters. To the kernel it is ready all the time, to the driver blocked.
 *
 * A mutex's word is changed by workers on all harts: from 0 to their id, and back. With WAITED in it the owner cannot
 * give it up by itself, and asks, too. Only the scheduler sets WAITED, so whoever waits is in the list by then.
 */
#include <libos/scheduler/internal.h>

#define WAITED (1u << 31)

enum want { WANT_LOCK = 1, WANT_UNLOCK, WANT_MEET, WANT_JOB };

static struct scheduled *woken; // whose wait is over

static void ask(struct scheduled *self, enum want want, void *object)
{
    self->object = object;
    __atomic_store_n(&self->want, want, __ATOMIC_RELEASE);
    while (__atomic_load_n(&self->want, __ATOMIC_ACQUIRE))
        sys_slice_yield();
}

bool scheduled_try(struct scheduled *self, struct scheduled_mutex *mutex)
{
    uint32_t none = 0;

    return __atomic_compare_exchange_n(&mutex->word, &none, self->task.id, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void scheduled_lock(struct scheduled *self, struct scheduled_mutex *mutex)
{
    if (!scheduled_try(self, mutex))
        ask(self, WANT_LOCK, mutex);
}

void scheduled_unlock(struct scheduled *self, struct scheduled_mutex *mutex)
{
    uint32_t own = self->task.id;

    if (!__atomic_compare_exchange_n(&mutex->word, &own, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ask(self, WANT_UNLOCK, mutex);
}

void scheduled_meet(struct scheduled *self, struct scheduled_barrier *barrier)
{
    ask(self, WANT_MEET, barrier);
}

void scheduled_job(struct scheduled *self, uint64_t due, uint64_t remaining)
{
    self->due = due;
    self->remaining = remaining;
    ask(self, WANT_JOB, NULL);
}

// The scheduler's part

static void list_append(struct scheduled **list, struct scheduled *one)
{
    while (*list)
        list = &(*list)->next;
    *list = one;
    one->next = NULL;
}

static void list_remove(struct scheduled **list, const struct scheduled *one)
{
    while (*list && *list != one)
        list = &(*list)->next;
    if (*list)
        *list = one->next;
}

static void answered(struct scheduled *one)
{
    __atomic_store_n(&one->want, 0, __ATOMIC_RELEASE);
}

void ask_woken(void)
{
    for (struct scheduled *one; (one = woken);) {
        woken = one->next;
        one->parked = false;
        answered(one);
        sched_wake(&one->task, scheduler_now());
    }
}

static void park(struct scheduled **list, struct scheduled *one, uint32_t hart)
{
    list_append(list, one);
    one->parked = true;
    one->deadline = 0;
    sched_stop(hart, SCHED_END_BLOCKED, scheduler_now());
}

// It has the lock already, or its owner will ask when it gives that up.
static bool lock_serve(struct scheduled *one, uint32_t hart)
{
    struct scheduled_mutex *mutex = one->object;
    uint32_t word = 0, next;

    do
        next = word ? word | WAITED : one->task.id;
    while (!__atomic_compare_exchange_n(&mutex->word, &word, next, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
    if (word == 0) {
        answered(one);
        return true;
    }
    struct scheduled *owner = scheduler.children[word & ~WAITED];
    park(&mutex->waiters, one, hart);
    if (owner)
        sched_inherit(&owner->task, &one->task, scheduler_now());
    return false;
}

// The others wait for the next owner from here on, and it wakes only then: the policy judges it by what it is now.
static void unlock_serve(struct scheduled *one)
{
    struct scheduled_mutex *mutex = one->object;
    struct scheduled *next = mutex->waiters;

    answered(one);
    if (next) {
        mutex->waiters = next->next;
        list_append(&woken, next);
    }
    __atomic_store_n(&mutex->word, next ? next->task.id | (mutex->waiters ? WAITED : 0) : 0, __ATOMIC_RELEASE);
    sched_inherit(&one->task, NULL, scheduler_now());
    for (struct scheduled *each = mutex->waiters; each; each = each->next)
        sched_inherit(&next->task, &each->task, scheduler_now());
    ask_woken();
}

static bool meet_serve(struct scheduled *one, uint32_t hart)
{
    struct scheduled_barrier *barrier = one->object;

    if (++barrier->came < barrier->count) {
        park(&barrier->waiters, one, hart);
        return false;
    }
    barrier->came = 0;
    for (struct scheduled *each; (each = barrier->waiters);) {
        barrier->waiters = each->next;
        list_append(&woken, each);
    }
    answered(one);
    ask_woken();
    return true;
}

bool ask_serve(struct scheduled *one, uint32_t hart)
{
    switch (__atomic_load_n(&one->want, __ATOMIC_ACQUIRE)) {
    case WANT_LOCK: return lock_serve(one, hart);
    case WANT_MEET: return meet_serve(one, hart);
    case WANT_UNLOCK:
        unlock_serve(one);
        return true;
    default:
        answered(one);
        sched_job(&one->task, one->due, one->remaining, scheduler_now());
        return true;
    }
}

void ask_forget(struct scheduled *one)
{
    if (one->parked && one->want == WANT_LOCK)
        list_remove(&((struct scheduled_mutex *)one->object)->waiters, one);
    else if (one->parked && one->want == WANT_MEET)
        list_remove(&((struct scheduled_barrier *)one->object)->waiters, one);
    list_remove(&woken, one);
    one->parked = false;
}
