// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tracing: with the boot argument `trace`, stvec points to a vector that logs first (entry.S), so that a kernel
 * that is not traced pays nothing. With `run APP` only environments with that program's label are shown. The argument `events`
 * has the same vector for the rings of events (trace/trace.h).
 */
#ifndef KERNEL_TRACE_H
#define KERNEL_TRACE_H

#include "env/env.h"

// Reads the boot arguments; true when this boot is traced.
bool trace_boot(const char *arguments);
// Every trap of every environment, with its registers in the full-switch slot. Comes back when the ordinary path is
// to serve it; serves general calls and transfers itself, so that their answers can be shown.
void trace_trap(struct env *env, word_t cause, word_t address);
// Is there a call of this index (hot ones: 0 and below)?
bool trace_is_call(long index);
// The call, in C alone, with these registers. Transfers go on in the other environment.
sysret_t trace_perform(struct env *env, long index, word_t *regs);
// A transfer was refused.
void trace_refused(const struct env *env, enum error error);

#endif
