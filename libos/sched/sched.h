// SPDX-License-Identifier: BSD-2-Clause
/*
 * Scheduler policies. A policy decides which task runs next and for how long, and nothing else: it knows neither
 * threads nor the kernel, so the same file schedules threads inside a program, environments under a scheduler
 * environment, and tasks in the simulator on the host. All times are in nanoseconds.
 *
 * The life of a task, as the driver (driver.h) leads it through a policy:
 *
 *     ops.start(harts, seed)           once: the policy forgets everything
 *     ops.admit(t, now)                t exists; it is blocked
 *     while (t lives) {
 *         ops.enqueue(t, why, now)     it may run: it woke, or its turn ended
 *         ops.preempts(t, r, now)      only if it woke: does r, which runs, have to make room for it?
 *         t = ops.pick(hart, now)      it is out of the queue; NULL: nothing for this hart now
 *         turn = ops.turn(t, now)      it runs at most that long
 *         ... t runs ...
 *         ops.charge(t, used, now)     always, before the next enqueue or block; and, as it goes on running, before
 *                                      preempts asks about it: used since it was charged last
 *         ops.block(t, now)            only if it waits now, or ended: no enqueue before it wakes
 *     }
 *     ops.leave(t, now)                it is blocked
 */
#ifndef LIBOS_SCHED_H
#define LIBOS_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHED_TURN_NS    10000000ul // turns, where the policy does not say
#define SCHED_HARTS_MAX  64
#define SCHED_TASKS_MAX  1024
#define SCHED_WORDS      8
#define SCHED_NEVER      (~0ul)

enum sched_why {
    SCHED_WOKE,      // it was blocked
    SCHED_EXPIRED,   // its turn is over
    SCHED_PREEMPTED, // it made room for one that woke
    SCHED_YIELDED,   // it gave the rest of its turn up
};

struct sched_task {
    // The policy's own, from admit to leave: nobody else looks at them.
    struct sched_task *next, *previous;
    uint64_t key;               // heap.h orders by it
    uint32_t place;             // where heap.h keeps it; the hart that places.h gave it
    uint32_t flags;
    uint64_t word[SCHED_WORDS];

    // What the task is; whoever makes it says so before admit.
    uint32_t id;                // below SCHED_TASKS_MAX, nobody else's while it lives
    uint32_t weight;            // its share beside others', 1 or more
    int32_t priority;           // more is more urgent; 0 where nobody said
    uint32_t group;             // of a hierarchy, a gang; 0: of its own
    uint64_t harts;             // where it may run, a mask
    uint64_t period;            // of its jobs, 0: it has none
    uint64_t deadline;          // of a job, from its release on, 0: none
    uint64_t budget;            // what a job of it was promised or needs at most, 0: not known

    // What it does; the driver says so before the next call that passes it.
    uint64_t due;               // when its present job must be done, absolute, 0: no deadline
    uint64_t remaining;         // what its present job still needs, 0: not known. An oracle: only workloads know it
    uint32_t hart;              // runs there, or ran there last
    uint32_t state;             // the driver's: enum sched_state
    uint32_t driver_word;       // the driver's
};

struct sched_parameter {
    const char *name, *text;    // text: what it means, with its unit
    uint64_t *value;            // where the policy reads it; what stands there at first is the default
    uint64_t least, most;
};

struct sched_ops {
    // Mandatory.
    const char *name;
    struct sched_task *(*pick)(uint32_t hart, uint64_t now);

    // What people read in a list: one line. NULL: nothing to say.
    const char *text;
    // Ends with a NULL name. NULL: none.
    const struct sched_parameter *parameters;
    // NULL: there is nothing to forget.
    void (*start)(uint32_t harts, uint64_t seed);
    // NULL: nothing to prepare.
    void (*admit)(struct sched_task *task, uint64_t now);
    // NULL: the task goes to the end of sched_queue, and leaves it when pick returns it.
    void (*enqueue)(struct sched_task *task, enum sched_why why, uint64_t now);
    // NULL: usage does not matter.
    void (*charge)(struct sched_task *task, uint64_t used, uint64_t now);
    // NULL: nothing to note.
    void (*block)(struct sched_task *task, uint64_t now);
    // NULL: nothing to forget.
    void (*leave)(struct sched_task *task, uint64_t now);
    // How long turns are, where all are alike and `turn` is NULL. NULL: SCHED_TURN_NS.
    const uint64_t *quantum;
    // NULL: as `quantum` says. SCHED_NEVER: until it blocks.
    uint64_t (*turn)(const struct sched_task *task, uint64_t now);
    // NULL: whoever runs finishes its turn.
    bool (*preempts)(const struct sched_task *woken, const struct sched_task *running, uint64_t now);
    // A queued task is held back (pick returns NULL although tasks are queued): when pick is to be asked again,
    // absolute. NULL: it never happens.
    uint64_t (*held_until)(uint32_t hart, uint64_t now);
    // The owner of a lock is waited for by `waiter`, which is blocked; with NULL it just gave the lock up. The owner
    // may be queued, running or blocked. NULL: locks do not matter.
    void (*inherit)(struct sched_task *owner, struct sched_task *waiter, uint64_t now);
    // Its present job is done and the next has begun without a wait: it was charged, `due` and `remaining` are new.
    // True: its turn is over. NULL: it goes on.
    bool (*job)(struct sched_task *task, uint64_t now);
    // It woke, and harts of `idle` (a mask, not empty) have nothing to run: which of them should look. Never asked on
    // one hart. NULL: the one it ran on last, or the first.
    uint32_t (*wake_hart)(const struct sched_task *task, uint64_t idle, uint64_t now);
};

// The default queue: tasks in the order in which they became runnable, for policies without enqueue.
struct sched_queue { struct sched_task *first, *last; };
extern struct sched_queue sched_queue;

// The first in it that may run there.
static inline struct sched_task *sched_queue_first(uint32_t hart)
{
    struct sched_task *task = sched_queue.first;

    while (task && __builtin_expect(!(task->harts >> hart & 1), 0))
        task = task->next;
    return task;
}

// Tasks without a deadline come last.
static inline uint64_t sched_task_due(const struct sched_task *task)
{
    return task->due ? task->due : SCHED_NEVER;
}

#define POLICY(name) extern const struct sched_ops sched_##name;
#include <libos/sched/policies.def>
#undef POLICY

#endif
