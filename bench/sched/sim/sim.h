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

// In ns, which are instructions of a guest that counts them; costs.c says what each row of the file is.
struct costs {
    uint64_t tick;              // timers come at multiples of it
    uint64_t timer, idle, pass; // an interrupt, until those wake who are due: somebody ran, nobody did; back to who runs on
    uint64_t expire;            // from the end of a turn to its task's stop
    uint64_t choose, decide[3]; // from a task's stop to the next one's run: always, and by the policy with 10, 100, 1000 tasks
    uint64_t resume;            // from a run to where the task goes on
    uint64_t begin, end, again; // around a job's work
    uint64_t action, draw;      // any other action of a script, a random length that is not uniform
    uint64_t slice_end;         // what the end of the guest's slice takes from who runs
    uint64_t cold;              // a switch to another task: caches and branch predictors (--switch-cost)
};

// False: `error` is a sentence. A row that is missing leaves what was there.
bool costs_read(struct costs *costs, const char *file, const char *policy, char error[200]);
uint64_t costs_decision(const struct costs *costs, uint32_t runnable);
extern const struct costs costs_default;

// What is going to happen. Those of a hart are void when its `stamp` is another by then.
enum event_kind { EVENT_WAKE, EVENT_HART, EVENT_SLICE };
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
    uint64_t left;            // what it still computes until it does `action`
    struct action action;
    bool acts;                // there is such an action
    bool releases;            // when it wakes a job begins, which is `job`
    bool told;                // it was recorded already that it wakes
    struct action job;
    struct actor *next;       // of those that wait for a lock, or at a barrier, or are about to wake
};

enum sim_step { IDLE, RUNNING, ENTERING, CHOOSING };

struct sim_hart {
    enum sim_step step;
    struct actor *running, *last;
    struct actor *picked;     // CHOOSING: who runs next
    struct actor *due;        // for whom a timer came there; they wake at the end of ENTERING
    uint64_t start;           // from when on it computes: what comes before is overhead
    uint64_t until;           // the end of its turn
    uint64_t stopped;         // nobody has run since
    uint64_t rest;            // ENTERING: what its actor's being resumed still takes
    bool wanted;              // it has to decide anew
    uint32_t stamp;
};

extern struct sim {
    struct script script;
    struct costs costs;
    struct record record;
    uint32_t harts;
    uint64_t now, end, idle_ns;
    struct actor actor[SCRIPT_TASKS_MAX];
    struct sim_hart hart[SCHED_HARTS_MAX];
} sim;

// engine.c
void engine_begin(const struct sched_ops *ops, uint64_t seed); // after a long jump out of it: the rest of it
void engine_run(void);      // up to the end. After a long jump out of it: engine_repair, and again
void engine_repair(void);   // a call of the driver was left in the middle, and sched_abandon called
void engine_finish(void);   // jobs that never began, END, and the time that harts were idle
void engine_wake_later(struct actor *actor, bool told); // when the present action is over
void engine_stop(struct sim_hart *hart, enum sched_end end); // what runs there; if it waits, who or what wakes it was said before

// actors.c: what runs on the hart has computed what it wanted, and does the next thing.
void actor_go_on(struct sim_hart *hart);
void actor_begin(uint32_t id);

#endif
