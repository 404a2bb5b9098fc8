// SPDX-License-Identifier: BSD-2-Clause
/*
 * The arithmetic of a ring of bytes between two parties that need not believe each other.
 *
 * Two counters of bytes: `head`, how many were ever written, and `tail`, how many were ever read. Each is
 * written by one side and read by the other, so each side has one that it believes (its own) and one that may say
 * anything. Bit 63 is no part of the count: its side will not go on. The size is a power of two.
 *
 * Invariant: 0 <= head - tail <= size. Counters that break it are a lie (RING_LIES), whatever their values; those
 * that keep it lead nowhere but into the ring.
 */
#ifndef LIBOS_IPC_RING_H
#define LIBOS_IPC_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_CLOSED (1ul << 63)
#define RING_LIES   (~(size_t)0)

// How many bytes lie in the ring.
static inline size_t ring_filled(uint64_t head, uint64_t tail, size_t size)
{
    uint64_t filled = (head - tail) & ~RING_CLOSED;
    return filled <= size ? filled : RING_LIES;
}

// How many bytes there is room for.
static inline size_t ring_room(uint64_t head, uint64_t tail, size_t size)
{
    size_t filled = ring_filled(head, tail, size);
    return filled == RING_LIES ? RING_LIES : size - filled;
}

/*
 * The same in fewer instructions, where the answer is what it mostly is: something, with both sides open. 0: it is
 * not, or one is closed, or it is a lie.
 */
static inline size_t ring_filled_plainly(uint64_t head, uint64_t tail, size_t size)
{
    uint64_t filled = head - tail;
    return filled <= size ? filled : 0;
}
static inline size_t ring_room_plainly(uint64_t head, uint64_t tail, size_t size)
{
    uint64_t room = size - (head - tail);
    return room <= size ? room : 0;
}

// The place of a byte in the ring, and how many of `count` bytes lie there one behind the other.
static inline size_t ring_place(uint64_t counter, size_t size)
{
    return counter & (size - 1);
}
static inline size_t ring_run(uint64_t counter, size_t count, size_t size)
{
    size_t left = size - ring_place(counter, size);
    return count < left ? count : left;
}

static inline bool ring_closed(uint64_t counter)
{
    return counter & RING_CLOSED;
}

#endif
