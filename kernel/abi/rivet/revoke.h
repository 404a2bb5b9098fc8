// SPDX-License-Identifier: BSD-2-Clause
/*
 * Taking resources back: what a request asks for, and the vector in which the kernel records what it took.
 *
 *   request (EVENT_REVOKE, SAVE_REVOKE_*) --the victim gives some back: SAVE_REVOKE_LEFT falls--> over at 0
 *      |
 *      +--the deadline passes--> abort, by name --> EVENT_REPOSSESSED, a loss in the vector, SAVE_LOST rises
 */
#ifndef RIVET_REVOKE_H
#define RIVET_REVOKE_H

#include <rivet/layout.h>
#include <rivet/types.h>

enum revoke_kind {
    REVOKE_FRAMES, // counted in frames: free ones and data
    REVOKE_TABLES, // ... in frames, too: a table that has a twin counts as two
    REVOKE_SLICES,
    REVOKE_IRQS,
    REVOKE_KINDS,
};

#define REVOKE_COUNT_MAX 512 // frames that one abort names

// Slices are named by hart and position.
#define REVOKE_SLICE(hart, position) ((hart) << 8 | (position))

// One loss. 16 bytes.
struct loss {
    uint32_t name;    // page, slice, or interrupt source
    uint8_t kind;     // enum revoke_kind
    uint8_t saved;    // 1: its contents are in `backing`
    uint16_t count;   // frames: SUPER_PAGES for a joined run, else 1
    uint32_t backing; // written by the environment: a data frame of its own for the contents, 0: none
    uint32_t by;      // env_t of who took it
};

#define LOSSES_MAX 255

/*
 * The repossession vector, one page. Loss number n stands in losses[n % LOSSES_MAX]. The kernel writes `head` and
 * what a loss says; the environment writes `tail`, and `backing` in entries that are not in use.
 */
struct repossession {
    uint32_t head;   // losses recorded since the vector was registered
    uint32_t tail;   // losses the environment has dealt with
    uint32_t missed; // losses for which there was no room
    uint32_t reserved;
    struct loss losses[LOSSES_MAX];
};

#endif
