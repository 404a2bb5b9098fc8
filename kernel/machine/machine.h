// SPDX-License-Identifier: BSD-2-Clause
/*
 * machine: what is known of it, and the two things only firmware does: the log and reset.
 */
#ifndef KERNEL_MACHINE_H
#define KERNEL_MACHINE_H

#include <rivet/machine.h>

extern struct machine_info *machine_info;
extern bool machine_framed; // the console is a framed channel: the kernel marks what it says

void machine_puts(const char *text, size_t count);

#endif
