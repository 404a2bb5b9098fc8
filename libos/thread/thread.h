// SPDX-License-Identifier: BSD-2-Clause
/*
 * Threads inside one environment: several stacks, one hart at a time. They are preempted at the end of the
 * program's slices and give way where they wait. Which runs next is the policy's (sched/sched.h).
 */
#ifndef LIBOS_THREAD_H
#define LIBOS_THREAD_H

#include <libos/sched/sched.h>
#include <libos/sys/sys.h>

struct thread;
typedef word_t (*thread_entry_t)(word_t argument);

// Choose the policy before the first thread is created; round robin otherwise.
void thread_policy(const struct sched_ops *ops);

// A new thread that runs entry(argument); NULL when there is no stack or memory for it.
struct thread *thread_create(thread_entry_t entry, word_t argument);

// Wait for its end: what its entry returned, or gave to thread_exit. A thread is joined once.
word_t thread_join(struct thread *thread);

_Noreturn void thread_exit(word_t result);
struct thread *thread_self(void);
void thread_yield(void);

// Not before this time (absolute, ticks).
void thread_sleep_until(word_t time);

// A lock; unlocked when all zeros. Its owner must unlock it; waiters get it in the order they came.
struct mutex {
    struct thread *owner;
    struct thread *waiters;
};
void mutex_lock(struct mutex *mutex);
bool mutex_try(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

#endif
