// SPDX-License-Identifier: BSD-2-Clause
// What `storm` and its workers agree on.
#ifndef MALICE_STORM_REPORT_H
#define MALICE_STORM_REPORT_H

#define STORM_FRAMES  192         // free frames of a worker
#define STORM_PEERS   4           // workers, at most
#define STORM_THREADS 2           // beside the worker itself, in its space
#define STORM_SLOTS   24          // slots that are used: 3 to 6 are the peers'
#define STORM_WAKE    (1ul << 63) // the event with which storm.c wakes whoever accepts and is not called
#define AUDIT_EVERY   1024

// What a worker reports: words of its save area, from SAVE_ROOM on.
enum report { REPORT_CALLS, REPORT_DONE, REPORT_LINE, REPORT_CALL, REPORT_ERROR, REPORT_WORKING };
#define REPORT_WORD(save, word) (*(volatile word_t *)((save) + SAVE_ROOM + 8 * (word)))
/*
 * How often each call was done, by its index plus 8, behind the start information in the save area. A storm
 * that is always refused would find nothing.
 */
#define REPORT_DONES     0xe00
#define REPORT_DONES_MAX 80
#define REPORT_DONE_COUNT(save, number)                                                                      \
    (((volatile uint32_t *)((save) + REPORT_DONES))[(number)-CALL_BASE + 8])
// How a worker ends when it found something: REPORT_LINE says which line of which check.
enum { STORM_BROKEN_CHECK = 1, STORM_BROKEN_RULE = 2 };

#endif
