// SPDX-License-Identifier: BSD-2-Clause
/*
 * What every room needs: answers, the structure lock, assertions, the console.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "lock.h"
#include <rivet/types.h>

static inline sysret_t done(word_t value) { return (sysret_t){ERR_OK, value}; }
static inline sysret_t refuse(enum error error) { return (sysret_t){error, 0}; }
static inline sysret_t again(word_t value) { return (sysret_t){ERR_AGAIN, value}; }

/*
 * Guards the relations between environments, capabilities, slices and interrupt sources. No fast path takes
 * it: exceptions, transfers, refills and the range calls of pte and stlb do without.
 */
extern uint32_t structure_lock;

#define CLEANUP_LOCK(lock) __attribute__((unused, cleanup(lock_cleanup))) uint32_t *held_ = (lock_take(lock), (lock))
static inline void lock_cleanup(uint32_t **lock) { lock_drop(*lock); }
// Holds the structure lock to the end of the block.
#define STRUCTURE_LOCKED() CLEANUP_LOCK(&structure_lock)

void kernel_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Says why on the console, with registers and a backtrace, and powers off.
void kernel_panic(const char *why) __attribute__((noreturn));

// A rule of ours, stated in words. User input never reaches one.
#define RULE(condition, rule) do { if (__builtin_expect(!(condition), 0)) kernel_panic(rule); } while (0)

#endif
