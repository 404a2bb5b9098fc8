// SPDX-License-Identifier: BSD-2-Clause
/*
 * The driver's state, for driver.c and for the one path that is short enough to be in line: a yield on one hart under a
 * policy that does nothing but pick out of the default queue. Whoever uses the driver otherwise includes driver.h.
 */
#ifndef LIBOS_SCHED_DRIVER_STATE_H
#define LIBOS_SCHED_DRIVER_STATE_H

#include <libos/sched/driver.h>

// Why a yield is not a plain one.
enum sched_attention {
    SCHED_ATTENTION_POLICY = 1, // the policy wants to know more than that
    SCHED_ATTENTION_HARTS = 2,  // there are several
    SCHED_ATTENTION_HOOKS = 4,  // somebody watches
    SCHED_ATTENTION_JOBS = 8,   // tasks have jobs, so what they use matters
    SCHED_ATTENTION_USER = 16,  // whoever uses the driver has more to do at a switch
};

struct sched_driver {
    struct sched_queue queue; // first: policies know it as sched_queue
    struct sched_ops ops;
    uint32_t attention; // enum sched_attention
    uint32_t harts, queued;
    bool hooked; // somebody records or counts
    volatile bool deciding;
    uint64_t plain;              // plain yields
    uint64_t idle, look;         // harts that were told to run nobody; that have to decide anew
    uint64_t deaf;               // idle ones that do not ask again by themselves: nothing was queued that may run there
    uint64_t watch;              // when to look for starving tasks
    uint64_t stall;              // from when on they are
    uint64_t counted;            // instructions when the policy was entered
    struct sched_statistics statistics;
    struct sched_hooks hooks;
    struct sched_misuse misuse;
    struct {
        struct sched_task *running, *last;
        struct sched_task *left; // put back there, or told the hart to look: if another is picked, it may run elsewhere
        uint64_t began, until; // charged until then; the end of its turn. That of a plain one follows from `began`
    } hart[SCHED_HARTS_MAX];
    struct sched_task *tasks[SCHED_TASKS_MAX];
};
extern struct sched_driver sched_driver;

/*
 * What runs on the only hart yields: sched_yield_begin, the pick that it returns, sched_yield_end are sched_stop and
 * sched_next in one. NULL: it is not a plain one, and nothing was done.
 */
static inline struct sched_task *(*sched_yield_begin(uint64_t now))(uint32_t hart, uint64_t now)
{
    struct sched_driver *driver = &sched_driver;
    struct sched_task *task = driver->hart[0].running, *last = driver->queue.last;

    if (__builtin_expect(driver->attention != 0 || !last, 0))
        return NULL;
    driver->plain++;
    driver->hart[0].began = now;
    task->state = SCHED_QUEUED;
    task->next = NULL;
    last->next = task;
    driver->queue.last = task;
    return driver->ops.pick;
}

// The first of the queue needs no checks: only the driver puts tasks there. False: the answer needs sched_yield_rest.
static inline bool sched_yield_end(struct sched_task *picked)
{
    struct sched_driver *driver = &sched_driver;

    if (__builtin_expect(picked != driver->queue.first, 0))
        return false;
    driver->queue.first = picked->next; // which is not the last
    picked->state = SCHED_RUNNING;
    driver->hart[0].running = picked;
    return true;
}

// What to run then.
struct sched_task *sched_yield_rest(struct sched_task *picked, uint64_t now);

#endif
