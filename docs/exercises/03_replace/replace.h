// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 3. A replacement policy as libos/vm/replace.h describes it: which page leaves when another needs its
 * frame. What it has to withstand is a scan: pages that are touched once, one behind the other, beside a working set
 * that is touched all the time. Whoever goes by who was used last loses the working set to the scan.
 */
#ifndef EXERCISE_REPLACE_H
#define EXERCISE_REPLACE_H

#include <libos/vm/replace.h>

extern const struct replace_ops replace_yours;

#endif
