// SPDX-License-Identifier: BSD-2-Clause
/*
 * trap: the way in and out. entry.S serves the fast paths by itself and calls these C functions for the rest.
 *
 * Register files in memory ("full form") are pc followed by x1 to x31, as in the save area's full-switch slot.
 */
#ifndef KERNEL_TRAP_H
#define KERNEL_TRAP_H

#include "env/env.h"

#define REG_PC 0
#define REG_RA 1
#define REG_SP 2
#define REG_T0 5
#define REG_T1 6
#define REG_T2 7
#define REG_A0 10
#define REG_A1 11
#define REG_T3 28
#define REGS   32

// Out: every register from memory, in the environment with this boundary. Its space is not changed.
void trap_load(word_t boundary, const word_t *regs) __attribute__((noreturn));
// Out: pc, sp, a0, a1 from the record; every other register 0.
void trap_enter(word_t boundary, word_t begin) __attribute__((noreturn));

void float_save(word_t *area);
void float_load(const word_t *area);

// In, with every register of the environment in its full-switch slot:
void trap_interrupt(struct env *env, word_t cause);
void trap_stopped(word_t boundary, word_t cause, word_t address);
void trap_page_fault(struct env *env, word_t cause, word_t address) __attribute__((noreturn));
void trap_pct_call(struct env *env) __attribute__((noreturn));
void trap_pct_return(struct env *env) __attribute__((noreturn));

// Makes full-form registers those of a handler that was just entered through the interrupt slot, if it is open.
bool trap_upcall(struct env *env, word_t *regs, word_t cause);

extern char trap_vector[];
extern char trace_vector[];

#endif
