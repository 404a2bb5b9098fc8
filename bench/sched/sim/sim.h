// SPDX-License-Identifier: BSD-2-Clause
/*
 * The simulator: a workload under a policy on up to 64 harts, event by event, with the driver and the policies that the guest
 * uses. Time is virtual, in nanoseconds; what harts do besides the tasks' work costs what `struct costs` says. One seed gives
 * one recording, to the byte.
 *
 *     main.c     the command line, and what the policy did wrong
 *     engine.c   what happens, in the order of time
 *     actors.c   what tasks do when they run: their scripts, locks and barriers
 *     events.c   a heap of what is going to happen
 *     costs.c    what it costs
 */
#ifndef BENCH_SCHED_SIM_H
#define BENCH_SCHED_SIM_H

#include <bench/sched/record.h>
#include <bench/sched/script.h>
#include <libos/sched/driver.h>

// In ns, which are instructions of the guest on a machine that executes one each ns. See costs.c.
struct costs {
    uint64_t timer_busy, timer_idle, decide_around, go_on;
    uint64_t cold;          // a switch to another task: caches and branch predictors (--switch-cost)
    uint64_t decide[3];     // charge, enqueue and pick with 10, 100, 1000 tasks
};

// False: `error` is a sentence. A row that is missing leaves what was there.
bool costs_read(struct costs *costs, const char *file, const char *policy, char error[200]);
uint64_t costs_decision(const struct costs *costs, uint32_t runnable);
extern const struct costs costs_default;

// What is going to happen. Those of a hart are void when its `stamp` is another by then.
enum event_kind { EVENT_WAKE, EVENT_HART };
struct event {
    uint64_t time, order;
    enum event_kind kind;
    uint32_t number; // of the task, or the hart
    uint32_t stamp;
};
void event_push(uint64_t time, enum event_kind kind, uint32_t number, uint32_t stamp);
bool event_pop(struct event *event); // the earliest; of several at one time the one that was pushed first

struct actor {
    struct sched_task task;
    uint64_t left;            // what it still computes in its present phase
    bool releases;            // when it wakes a job begins, which is `job`
    struct action job;
    struct actor *next;       // of those that wait for a lock, or at a barrier
};

struct sim_hart {
    struct actor *running, *last;
    uint64_t start;           // from when on it computes: what comes before is overhead
    uint64_t owed;            // overhead of its next task, on several harts
    uint64_t until;           // the end of its turn
    uint64_t idle_since;
    uint32_t stamp;
};

extern struct sim {
    struct script script;
    struct costs costs;
    struct record record;
    uint32_t harts, runnable;
    uint64_t now, end, idle_ns;
    uint64_t due;             // whoever is being woken slept until then
    struct actor actor[SCRIPT_TASKS_MAX];
    struct sim_hart hart[SCHED_HARTS_MAX];
} sim;

// engine.c
void engine_begin(const struct sched_ops *ops, uint64_t seed);
void engine_run(void);      // up to the end. After a long jump out of it: engine_repair, and again
void engine_repair(void);   // a call of the driver was left in the middle, and sched_abandon called
void engine_finish(void);   // jobs that never began, END, and the time that harts were idle
uint64_t engine_time(void); // of a record: now, but not behind the end
void engine_wake(struct actor *actor);
void engine_block(struct sim_hart *hart); // what runs there waits; who or what wakes it was said before

// actors.c: what runs on the hart has computed what it wanted. Comes back when it computes again, or runs no more.
void actor_go_on(struct sim_hart *hart);
void actors_begin(void);

#endif
