// SPDX-License-Identifier: BSD-2-Clause
/*
 * Spin locks. The kernel runs with interrupts off and every critical section is bounded, so spinning is too.
 *
 * Order, outermost first: structure lock (kernel/trap/kernel.h) -> space -> frame. A holder of one never
 * takes one to its left, nor a second of the same kind.
 */
#ifndef HW_LOCK_H
#define HW_LOCK_H

#include <hw.h> // angle brackets: host tests put theirs in front

static inline bool lock_try(uint32_t *lock) { return __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) == 0; }

static inline void lock_take(uint32_t *lock)
{
    if (__builtin_expect(lock_try(lock), 1)) // spelled out: a loop alone costs two more instructions
        return;
    while (!lock_try(lock))
        hw_pause();
}

static inline void lock_drop(uint32_t *lock) { __atomic_store_n(lock, 0, __ATOMIC_RELEASE); }

#endif
