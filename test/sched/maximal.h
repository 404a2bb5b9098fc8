// SPDX-License-Identifier: BSD-2-Clause
/*
 * Policies for tests. `minimal` has the mandatory members and nothing else. `maximal` has every member, counts how
 * often each is called, and sees whether it is led as sched.h promises: which call comes after which, that time never
 * goes back, and that what is charged adds up to the time that a task ran. It decides by priority, first in first out
 * among equals, and holds everybody back for a moment now and then, so that a driver needs every member.
 */
#ifndef TEST_SCHED_MAXIMAL_H
#define TEST_SCHED_MAXIMAL_H

#include <libos/sched/sched.h>

extern const struct sched_ops sched_minimal, sched_maximal;

struct maximal_counts {
    uint64_t start, admit, enqueue[4], pick, held, charge, block, leave; // enqueue: by why; held: picks that were held back
    uint64_t turn, preempts, held_until, inherit, job, wake_hart;
};
extern struct maximal_counts maximal_counts; // since the last start

// The first promise that was broken, in words; NULL: none so far.
extern const char *maximal_broken;

#endif
