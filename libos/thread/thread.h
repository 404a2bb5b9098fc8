// SPDX-License-Identifier: BSD-2-Clause
/*
 * Threads inside one environment: several stacks, one hart at a time. Which runs next and for how long is a policy's
 * (sched/sched.h); turns end and sleepers wake by the kernel's alarm, and who waits gives way. A policy that breaks its
 * rules, loops or crashes loses the threads to the driver's own round robin (sched/driver.h).
 *
 * Times of threads are in ticks, as all of this library's, those of policies and jobs in nanoseconds: thread_now().
 */
#ifndef LIBOS_THREAD_H
#define LIBOS_THREAD_H

#include <libos/sched/driver.h>
#include <libos/sys/sys.h>

struct thread;
typedef word_t (*thread_entry_t)(word_t argument);

// Choose the policy before the first thread is created; round robin otherwise. Round robin it is, too, for the first
// thread alone: it begins with the first that is created.
void thread_policy(const struct sched_ops *ops);

// The same with a seed, and with those who watch the driver, or NULL. Their functions are called with upcalls held.
void thread_policy_watched(const struct sched_ops *ops, uint64_t seed, const struct sched_hooks *hooks);

// A new thread that runs entry(argument); NULL when there is no stack or memory for it, or the program is a scheduler of
// environments (scheduler/scheduler.h).
struct thread *thread_create(thread_entry_t entry, word_t argument);

// What a thread is to the policy. All zeros: nothing special. Nanoseconds where sched.h has them.
struct thread_options {
    uint32_t weight; // 0: 1
    int32_t priority;
    uint32_t group;
    uint64_t period, deadline, budget;
    word_t start;            // it begins as if it had slept until then, ticks; 0: at once
    uint64_t due, remaining; // of its first job
    bool numbered;           // its number is `id`; else the lowest that is free. The first thread has THREAD_FIRST
    uint32_t id;
};
#define THREAD_FIRST (SCHED_TASKS_MAX - 1)

// NULL, too, when the number is taken.
struct thread *thread_create_with(thread_entry_t entry, word_t argument, const struct thread_options *options);

// Wait for its end: what its entry returned, or gave to thread_exit. A thread is joined once.
word_t thread_join(struct thread *thread);

_Noreturn void thread_exit(word_t result);
struct thread *thread_self(void);
const struct sched_task *thread_task(const struct thread *thread);
word_t thread_stack(const struct thread *thread); // where its stack begins, downwards; not of the program's first thread

// Let the policy choose again. Nothing happens while upcalls are held.
void thread_yield(void);

// Not before this time (absolute, ticks). Who sleeps until the same time wakes in the order of going to sleep.
void thread_sleep_until(word_t time);

// Nanoseconds since the machine was reset, as policies see the time, and the tick in which such a time has come.
uint64_t thread_now(void);
word_t thread_ticks(uint64_t ns);

// The caller's present job is done, and the next begins now, or when `release` has come: until when it must be done (0: no
// deadline) and what it will need (0: not known), for the policy.
void thread_job(uint64_t due, uint64_t remaining);
void thread_sleep_job(word_t release, uint64_t due, uint64_t remaining);

// Wait until somebody unparks the caller. One who is unparked before it parks does not wait.
void thread_park(void);
void thread_unpark(struct thread *thread);

// A lock; unlocked when all zeros. Its owner must unlock it; waiters get it in the order they came. The policy hears who
// waits for whom (ops.inherit).
struct mutex {
    struct thread *owner;
    struct thread *waiters;
};
void mutex_lock(struct mutex *mutex);
bool mutex_try(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

// A barrier for `count` threads, at which each waits until all have come; it is good for any number of times.
struct barrier {
    size_t count, came;
    struct thread *waiters;
};
void barrier_wait(struct barrier *barrier);

#endif
