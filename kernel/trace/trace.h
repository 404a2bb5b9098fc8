// SPDX-License-Identifier: BSD-2-Clause
/*
 * trace: a ring of events per hart; rivet/trace.h has its shape.
 *
 * Only a boot with the argument `events` has rings: it enters the kernel by trace_vector (trap/entry.S), which has everything saved
 * and calls trace_watch; that records the trap, and performs calls in C, so no switch takes a path that nobody sees. Any
 * other boot pays one branch that never is taken where C switches.
 *
 * Invariants
 *   (1) A ring's frames are of kind RING, and its owner's; `detail` names it, with TRACE_FRAME. They become free by quiescence, for a
 *       hart may be writing there.
 *   (2) A hart is `traced` exactly if its ring has pages.
 *   (3) Only the hart itself writes its ring.
 */
#ifndef KERNEL_TRACE_TRACE_H
#define KERNEL_TRACE_TRACE_H

#include "env/env.h"
#include "trap/hart.h"
#include <rivet/trace.h>

#define TRACE_FRAME (1ul << 32) // in the detail of a frame of kind RING

void trace_write(const struct hart *hart, enum trace_kind kind, env_t env, word_t argument);

static inline void trace_event(const struct hart *hart, enum trace_kind kind, const struct env *env, word_t argument)
{
    if (__builtin_expect(hart->traced, 0))
        trace_write(hart, kind, env->self, argument);
}

void trace_write_post(const struct hart *hart, env_t env, word_t events);

// This boot has rings.
void trace_allow(void);
bool trace_is_allowed(void);
// Every trap, with all registers saved. Comes back when the ordinary path is to serve it.
void trace_watch(struct env *env, word_t cause);
// An environment that is being destroyed has no rings any more.
void trace_leave(const struct env *env);

bool trace_invariant(void);

#endif
