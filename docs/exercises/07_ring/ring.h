// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 7. Bytes from one environment to another, through memory that both can write. The kernel is not needed for a
 * byte; only to give the hart to the other side when the ring is full, or empty.
 *
 *     head     bytes ever written: the writer's word. The reader only looks at it
 *     tail     bytes ever read: the reader's word. The writer only looks at it
 *     byte n   stands at bytes[n % RING_BYTES]
 *
 * There are head - tail bytes in the ring, at most RING_BYTES; the counts wrap. The other side is trusted with nothing:
 * it may write what it likes at any time, to its word and to ours, and it may never answer.
 */
#ifndef EXERCISE_RING_H
#define EXERCISE_RING_H

#include <libos/sys/sys.h>

#define RING_BYTES 1024

struct ring {
    volatile uint32_t head, tail;
    uint8_t bytes[RING_BYTES];
};

// One side of a ring; it is this side's own, and all that this side believes.
struct ring_end {
    struct ring *ring;
    slot_t peer;  // the environment on the other side, RIGHT_YIELD
    uint32_t own; // how many bytes we have written, or read: begins as 0
};

/*
 * Write, or read, all `count` bytes; while there is no room, or nothing, the other side has the hart. ERR_OK;
 * ERR_DEADLINE: this time (absolute, in ticks) came first; ERR_STATE: the other side's word cannot be right. In both
 * some bytes may have gone, or come.
 */
long ring_put(struct ring_end *end, const void *bytes, size_t count, word_t deadline);
long ring_get(struct ring_end *end, void *bytes, size_t count, word_t deadline);

#endif
