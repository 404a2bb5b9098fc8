// SPDX-License-Identifier: BSD-2-Clause
// Ticks of the machine's clock and nanoseconds, without divisions on the way.
#ifndef LIBOS_CLOCK_H
#define LIBOS_CLOCK_H

#include <libos/sys/sys.h>

// Before the others: what they multiply with.
void clock_start(void);

extern word_t clock_factor; // nanoseconds of a tick, << 48

// Exact where a tick is a whole number of nanoseconds, and never too much otherwise.
static inline uint64_t clock_ns(word_t ticks)
{
    return (uint64_t)(((unsigned __int128)(ticks << 16) * clock_factor) >> 64);
}

// The first tick at which so many nanoseconds have passed.
word_t clock_ticks(uint64_t ns);

#endif
