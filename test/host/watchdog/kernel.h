// SPDX-License-Identifier: BSD-2-Clause
//
// What kernel/boot/watchdog.c takes of the kernel, in front of a watchdog of ours (watchdog_test.c).
#ifndef RIVET_TEST_WATCHDOG_KERNEL_H
#define RIVET_TEST_WATCHDOG_KERNEL_H

#include <rivet/layout.h>
#include <rivet/types.h>

#include <stdbool.h>
#include <stdint.h>

static inline void *direct(word_t address) { return (void *)(uintptr_t)address; }
uint32_t hw_device_read(word_t address);
void hw_device_write(word_t address, uint32_t value);
void kernel_log(const char *format, ...);

#endif
