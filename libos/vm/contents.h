// SPDX-License-Identifier: BSD-2-Clause
/*
 * Whole pages copied and cleared, word by word: a third of the instructions that memcpy takes, or less. The
 * destination is volatile because the compiler makes calls of memcpy and memset out of such loops otherwise.
 */
#ifndef LIBOS_CONTENTS_H
#define LIBOS_CONTENTS_H

#include <rivet/layout.h>
#include <stdint.h>

#define CONTENTS_WORDS (PAGE_SIZE / sizeof(uint64_t))

// Both at multiples of 8.
static inline void contents_copy(void *to_, const void *from_)
{
    volatile uint64_t *to = to_;
    const uint64_t *from = from_;

    for (const uint64_t *end = from + CONTENTS_WORDS; from < end; from += 8, to += 8) {
        uint64_t a = from[0], b = from[1], c = from[2], d = from[3];
        uint64_t e = from[4], f = from[5], g = from[6], h = from[7];
        to[0] = a, to[1] = b, to[2] = c, to[3] = d;
        to[4] = e, to[5] = f, to[6] = g, to[7] = h;
    }
}

static inline void contents_clear(void *to_)
{
    volatile uint64_t *to = to_;

    for (volatile uint64_t *end = to + CONTENTS_WORDS; to < end; to += 8) {
        to[0] = 0, to[1] = 0, to[2] = 0, to[3] = 0;
        to[4] = 0, to[5] = 0, to[6] = 0, to[7] = 0;
    }
}

#endif
