// SPDX-License-Identifier: BSD-2-Clause
/*
 * Leads tasks that do as they are told through a policy, with its driver (libos/sched), on any number of harts, in
 * virtual time: nothing costs time but the tasks' work, so what a test sees is the policy's doing alone. One call, one
 * policy, one set of tasks, the same outcome every time. A test fills the tasks' first part in, calls lead_run, and
 * reads the second part.
 *
 *     struct lead_task tasks[2] = {lead_periodic(10 * MS, 3 * MS), lead_ready(1)};
 *     struct lead lead = {.ops = &sched_edf, .harts = 1, .until = 1000 * MS, .tasks = tasks, .count = 2};
 *     lead_run(&lead);
 *     assert_int_equal(tasks[0].missed, 0);
 *     lead_forget(&lead);
 *
 * What a policy must not do (a task picked that is not queued, or may not run there; nobody picked for ever) fails the
 * cmocka test that runs.
 */
#ifndef TEST_LEAD_H
#define TEST_LEAD_H

#include <libos/sched/sched.h>

#define US 1000ul
#define MS 1000000ul

enum lead_kind {
    LEAD_READY,    // always has work
    LEAD_PERIODIC, // a job every `task.period`, wanted within `task.deadline`; the next waits for the one before
    LEAD_SLEEPER,  // works, sleeps for `rest`, works
    LEAD_RANDOM,   // jobs come by chance, `rest` apart on average (Poisson)
};

struct lead_job {
    uint64_t release, work;
};

struct lead_task {
    // What it is and does.
    struct sched_task task;            // without: weight 1, every hart, the index as id
    enum lead_kind kind;
    uint64_t offset;                   // its first job comes then
    uint64_t work, work_most;          // a job's; evenly between both by chance where the second is more
    uint64_t rest;
    uint64_t jobs_most;                // it ends after so many; 0: never
    uint32_t lock;                     // in each job it holds this lock (1 ... LEAD_LOCKS - 1; 0: none),
    uint64_t lock_after, lock_for;     // ... after so much work, for so much work

    // What became of it.
    uint64_t ran;                      // time on a hart
    uint64_t turns, moves;             // how often it was picked; ... on another hart than before
    uint64_t released, done, missed;   // jobs; missed: done late, or overdue and not done at the end
    uint64_t response, response_most;  // of jobs done, from their release: all together, the longest
    uint64_t wakes, wait, wait_most;   // wake-ups, and the time from each to the hart: all together, the longest

    // lead.c's.
    struct lead_job *jobs;             // a ring of those that wait, the present one first
    uint32_t jobs_first, jobs_count;
    uint64_t random, release_next, left, did, woke, since;
    uint32_t hart;
    bool first_wait, holds;
};

struct lead_span {
    uint64_t from, to;
    uint32_t task, hart;
};

struct lead {
    const struct sched_ops *ops;
    uint32_t harts;
    uint64_t seed, until;
    struct lead_task *tasks;
    uint32_t count;

    uint64_t decisions;                // calls of pick
    uint64_t idle_waiting;             // time of harts without a task while one was queued that may run there
    struct lead_span *spans;           // who ran when, in the order of `to`
    size_t spans_count;
};

#define LEAD_LOCKS 8

void lead_run(struct lead *lead);
void lead_forget(struct lead *lead);

struct lead_task lead_ready(uint32_t weight);
struct lead_task lead_periodic(uint64_t period, uint64_t work); // deadline = period, budget = work
struct lead_task lead_sleeper(uint64_t work, uint64_t rest);
struct lead_task lead_random(uint64_t work, uint64_t work_most, uint64_t rest);

// Gives a policy's parameter another value; the old one.
uint64_t lead_parameter(const struct sched_ops *ops, const char *name, uint64_t value);

// How much of a stretch of time this task ran in.
uint64_t lead_ran_between(const struct lead *lead, uint32_t task, uint64_t from, uint64_t to);

// Chance, from a seed: the same one, the same chance.
uint64_t lead_chance(uint64_t *state);                                   // any number
uint64_t lead_between(uint64_t *state, uint64_t least, uint64_t most);   // evenly, both included
// Utilisations that add up to `all`, evenly among all such sets (UUniFast: Bini and Buttazzo, 2005).
void lead_uunifast(uint64_t *state, double all, size_t count, double *out);
// The seed of the first of a test's random sets: from the variable SEED of the environment, or 1. Printed.
uint64_t lead_seed(const char *test);

#endif
