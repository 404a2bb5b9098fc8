// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel's last words. A panic is a bug of ours: it says which rule broke, the registers, and who called whom.
 */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include <rivet/types.h>

void panic_trap(const word_t *regs, word_t cause, word_t address) __attribute__((noreturn));

#endif
