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
// Whoever's registers the hart holds, they go home. Unless they are those of `leaving`, which gives up the hart, harts that
// passed their owner over look again.
void float_leave(struct hart *hart, const struct env *leaving);
/*
 * The other hart that still holds an environment's registers, NULL when none does. A chain of fast transfers leaves
 * them there while others run, and the first of the chain may be freed by the death of the second.
 */
struct hart *float_holder(const struct env *env);
// The hart runs `env` and was interrupted: if it holds another's registers, that one may wait for them.
void float_expel(struct hart *hart, const struct env *env);

#endif
