// SPDX-License-Identifier: BSD-2-Clause
// A block of bytes copied and summed. The copy is written out, so that the compiler calls no library's.

#include "same.h"

void block_copy(void *to, const void *from, size_t bytes)
{
    uint64_t *target = to;
    const uint64_t *source = from, *end = source + bytes / sizeof(*source);
    for (; source < end; source += 8, target += 8) {
        uint64_t a = source[0], b = source[1], c = source[2], d = source[3];
        uint64_t e = source[4], f = source[5], g = source[6], h = source[7];
        target[0] = a, target[1] = b, target[2] = c, target[3] = d;
        target[4] = e, target[5] = f, target[6] = g, target[7] = h;
    }
}

void block_fill(void *block, size_t bytes)
{
    uint64_t *words = block, value = 1;
    for (size_t i = 0; i < bytes / sizeof(*words); i++)
        words[i] = value = value * 6364136223846793005ul + 1442695040888963407ul;
}

uint16_t block_checksum(const void *block, size_t bytes)
{
    const uint16_t *halves = block;
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes / sizeof(*halves); i++)
        sum += halves[i];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}
