// SPDX-License-Identifier: BSD-2-Clause
// The three functions that the compiler calls on its own account.

#include <stddef.h>
#include <stdint.h>

void *memset(void *to, int value, size_t size)
{
    for (char *byte = to; size > 0; size--)
        *byte++ = (char)value;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    char *out = to;
    const char *in = from;
    if (((uintptr_t)out | (uintptr_t)in) % 8 == 0)
        for (; size >= 8; size -= 8, out += 8, in += 8)
            *(uint64_t *)out = *(const uint64_t *)in;
    else if (((uintptr_t)out | (uintptr_t)in) % 4 == 0) // a file in the archive
        for (; size >= 4; size -= 4, out += 4, in += 4)
            *(uint32_t *)out = *(const uint32_t *)in;
    for (; size > 0; size--)
        *out++ = *in++;
    return to;
}

int memcmp(const void *one, const void *other, size_t size)
{
    const unsigned char *a = one, *b = other;
    for (; size > 0; size--, a++, b++)
        if (*a != *b)
            return *a - *b;
    return 0;
}
