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
#include <libos/sched/random.h>

// In ns, which are instructions of a guest that counts them; costs.c says what each row of the file is.
struct costs {
    uint64_t tick;              // timers come at multiples of it
    uint64_t timer, idle, pass; // an interrupt, until those wake who are due: somebody ran, nobody did; back to who runs on
    uint64_t alarm, late;       // besides `idle`, before and after the task runs, where an alarm was set, too
    uint64_t expire;            // from the end of a turn to its task's stop
    uint64_t choose, decide[3]; // from a task's stop to the next one's run: always, and by the policy with 10, 100, 1000 tasks
    uint64_t resume, back;      // from a run to where the task goes on: it had given way, or was interrupted
    uint64_t end, again;        // behind a job's last action, until it waits for the next or begins that at once
    uint64_t compute, done, lock, unlock, action; // actions of a script; the last are all others
    uint64_t draw[LENGTH_UUNIFAST + 1];           // a length, by its kind
    uint64_t burst;             // reading the next one of a list
    uint64_t sleeper;           // each one in the list of those who sleep, when that is looked through
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
    bool interrupted;         // it did not stop by itself
    uint64_t stopped;         // when it ran last
    bool told;                // it was recorded already that it wakes
    struct action job;
    struct actor *next;       // of those that wait for a lock, or at a barrier, or are about to wake
};

enum sim_step { IDLE, RUNNING, ENTERING, STOPPED, CHOOSING };

struct sim_hart {
    enum sim_step step;
    struct actor *running, *last;
    struct actor *picked;     // CHOOSING: who runs next
    struct actor *due;        // for whom a timer came there; they wake at the end of ENTERING
    uint64_t start;           // from when on it computes: what comes before is overhead
    uint64_t takes;           // half of what the present decision does
    uint64_t until;           // the end of its turn
    uint64_t slice;           // the end of the guest's slice, which begins when the hart stops being idle
    uint64_t resumed;         // when somebody began to run there
    bool alarmed;             // an alarm's interrupt is still to come there
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
    bool begun;                  // the tasks' time
    uint64_t now, end, idle_ns;
    uint64_t sleepers;           // tasks that wait for a time
    struct sched_random jitter;  // 0: none
    struct actor actor[SCRIPT_TASKS_MAX];
    struct sim_hart hart[SCHED_HARTS_MAX];
} sim;

#define SIM_BEFORE 50000000ul // for so long a program has been there when its tasks' time begins

// What the time is to the driver: a guest's program reads ticks. And back.
static inline uint64_t sim_clock(void)
{
    return sim.begun ? (sim.now + SIM_BEFORE) / sim.costs.tick * sim.costs.tick : 0;
}

static inline uint64_t sim_time(uint64_t clock)
{
    return clock == SCHED_NEVER ? SCHED_NEVER : clock > SIM_BEFORE ? clock - SIM_BEFORE : 0;
}

static inline uint64_t sim_due(uint64_t due)
{
    return due ? due + SIM_BEFORE : 0;
}

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
