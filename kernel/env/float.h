// SPDX-License-Identifier: BSD-2-Clause
/*
 * Floating-point state. It is in a hart's registers for at most one environment (hart.floats), which declared
 * its use; whenever the kernel's slow paths change the environment, it moves to that one's save area. On a
 * fast transfer the callee runs with the unit off, so the registers stay the caller's.
 */
#ifndef KERNEL_FLOAT_H
#define KERNEL_FLOAT_H

#include "trap/hart.h"

// The hart's floating-point registers become this environment's, if it declared any.
void float_enter(struct hart *hart, struct env *env);
// Whoever's registers the hart holds, they go home.
void float_leave(struct hart *hart);

#endif
