// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rings of events, one per hart, on a boot with the argument `events`. Whoever binds frames to a hart's ring maps them one behind
 * the other, for reading, and finds there, in the place of record 0, the ring's head; then records:
 *
 *      | head | record | record | ...   page 0 |   ... page 1 |        256 of 16 bytes a page
 *
 * Record number n, counted from 0, lies in place 1 + n % trace_capacity(pages). Its hart writes the head last; a reader who is
 * slower than the ring's length looks at the head again after it has read. Harts have rings of their own and the same clock: by
 * `time` they merge to one order.
 */
#ifndef RIVET_TRACE_H
#define RIVET_TRACE_H

#include <rivet/layout.h>
#include <rivet/types.h>

#define TRACE_PAGES_MAX 64 // in one ring

enum trace_kind {
#define TRACE(number, NAME, argument, text) TRACE_##NAME = number,
#include <rivet/trace.def>
#undef TRACE
};

// 16 bytes.
struct trace_record {
    uint64_t time; // timebase ticks
    uint32_t env;  // env_t of whom it happened to
    uint32_t what; // enum trace_kind, and from bit 8 on its argument
};

// The same size, at the begin of the ring.
struct trace_head {
    uint64_t head;  // records written since the last page came
    uint64_t pages;
};

#define TRACE_PER_PAGE 256
static inline word_t trace_capacity(word_t pages) { return pages * TRACE_PER_PAGE - 1; }

#endif
