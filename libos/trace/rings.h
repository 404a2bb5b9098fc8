// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel's rings of events (rivet/trace.h), all harts' merged to one order. On a boot with the argument `events` only:
 *
 *     rings_open(&rings, 8)          8 pages a hart: from now on everything is recorded
 *     ... what is of interest ...
 *     rings_stop(&rings)             what is there is read at leisure
 *     while (rings_next(&rings, &record, &hart)) ...
 *     rings_close(&rings)
 */
#ifndef LIBOS_RINGS_H
#define LIBOS_RINGS_H

#include <rivet/trace.h>

struct rings {
    word_t pages;             // of each hart
    word_t window[HARTS_MAX]; // where they are mapped
    word_t next[HARTS_MAX];   // number of the first record that was not read
    word_t end[HARTS_MAX];    // ... and of the first that is not looked at any more
    word_t lost;              // records that were overwritten before they were read
};

// NULL when it worked, else a sentence; then nothing of ours is missing.
const char *rings_open(struct rings *rings, word_t pages);
// What is recorded from now on is not shown, and does not overwrite what is as long as the rings are that large.
void rings_stop(struct rings *rings);
// The oldest record that was not read yet; false when there is none.
bool rings_next(struct rings *rings, struct trace_record *record, word_t *hart);
void rings_close(struct rings *rings);

#endif
