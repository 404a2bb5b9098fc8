// SPDX-License-Identifier: BSD-2-Clause
/*
 * Choosing a policy by what a person wrote: NAME, or NAME:parameter=value,parameter=value. The guest's runner and the
 * simulator take the same words. No libc but string.h.
 */
#ifndef BENCH_SCHED_CHOOSE_H
#define BENCH_SCHED_CHOOSE_H

#include <libos/sched/sched.h>

#define CHOOSE_ERROR 200

// All that policies.def lists, in its order; the last is NULL.
extern const struct sched_ops *const choose_policies[];

/*
 * The policy with its parameters set: those that the text does not name are what they were at first. A value is a number of the
 * parameter's unit; one that ends in ns, us, ms or s is a time. NULL: `error` is one sentence, without an end, and no parameter of
 * any policy was changed.
 */
const struct sched_ops *choose_policy(const char *text, char error[CHOOSE_ERROR]);

// How a parameter stood before anybody chose.
uint64_t choose_default(const struct sched_parameter *parameter);

#endif
