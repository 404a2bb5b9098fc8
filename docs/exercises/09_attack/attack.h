// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 9. A program without the library that attacks another environment, its creator: it wants the creator's
 * memory, time, children, interrupts and secrets, and must get none. Names are no secrets here: whose frame is which
 * stands in the kernel's tables (libos/sys/sys.h reads them: frame_entry, slice_entry, irq_entry). What protects is
 * that each call refuses.
 *
 * An attempt counts when it is refused for a reason of protection: PERM, STALE or CLOSED. Refusals because a name
 * names nothing, or a number is out of range, prove nothing. The attacker's status is how many attempts were refused
 * so; the kernel's ring of events says whether that is true.
 */
#ifndef EXERCISE_ATTACK_H
#define EXERCISE_ATTACK_H

#include <libos/sys/sys.h>

#define ATTACK_CALLS 12 // different calls that have to be refused at least ...
#define ATTACK_ROOMS 6  // ... of so many rooms (page, cap, env, space, pte, slice ...)
#define ATTACK_LOADS 2  // loads that have to end in a page fault, which the attacker survives

#endif
