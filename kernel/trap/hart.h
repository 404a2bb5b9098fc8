// SPDX-License-Identifier: BSD-2-Clause
/*
 * A hart's own memory: a guard page, its kernel stack, and a pseudo record and save area whose boundary
 * sscratch holds while the kernel runs. Its exception slot is closed for ever, so an exception inside the
 * kernel takes the trap path of a program that may not fault, and arrives in a panic instead of a loop.
 *
 *   | guard | stack . . . . . | stack, struct hart, pseudo record | pseudo save area, panic stack |
 *                             stack top                        boundary
 */
#ifndef KERNEL_HART_H
#define KERNEL_HART_H

#include "hw.h"
#include <rivet/machine.h>

struct env;
struct irq;

// Time of its own that an environment on this hart lets others use (slice/donate.c).
struct donation {
    word_t donor;  // its boundary
    word_t until;  // when the donor goes on at the latest
    word_t events; // when one of them is pending for it, it goes on at once
};

#define DONATION_SLOW (~0u) // the trap path neither makes donations nor ends the one that there is

struct hart {
    // Assembly knows where these are: hart.def.
    word_t current;       // boundary of the environment that entered the kernel
    word_t plic_claim;
    struct irq *irqs;
    word_t claimed;
    word_t slice_begun;   // when the present turn of a slice began, 0: there is none
    word_t slice_started; // when it was dispatched
    word_t slice_end;     // when the slice ends
    struct env *floats;   // whose floating-point registers are in this hart

    word_t position;      // of the slice in the vector
    word_t index;
    word_t id;            // the hart's id for the firmware
    word_t plic_context;
    word_t seen;          // last quiescence epoch this hart crossed a trap boundary in
    uint32_t idle;        // in WFI, or about to
    uint32_t online;
    word_t boundary;
    word_t traced;        // it has a ring of events (trace/trace.h)
    uint32_t donation_count;
    uint32_t donation_slow; // DONATION_SLOW; or the position of a slice that was taken from its owner, plus 1; 0: no hindrance
    struct donation donations[DONATIONS_MAX]; // from the outermost on
    word_t stands_in;     // the present turn is a stalled scheduler's, and a child of its runs in it
};

#define HART_STACK_TOP 0x800 // below the boundary

struct hart_memory {
    char guard[PAGE_SIZE];
    char stack[2 * PAGE_SIZE];
    char record[PAGE_SIZE];
    char save[PAGE_SIZE];
};

extern uint32_t hart_count;

struct hart *hart_number(word_t index);
static inline struct hart *hart_at(word_t boundary) { return (struct hart *)(boundary - HART_STACK_TOP); }
static inline struct hart *hart_self(void) { return hart_at(hw_hart()); }

// Interrupts a hart so that it looks around: its environment's events, a stop, a quiescence epoch.
void hart_poke(word_t index);

/*
 * Makes other harts (a mask by index) forget `size` bytes from `start` on in one address space, or with size ~0 all of
 * it, or with SBI_ALL_ASIDS every space; with SBI_CODE it is the code that they hold (fence.i). One call of the firmware, if
 * their ids lie within 64 of each other.
 */
void hart_fence(word_t harts, word_t start, word_t size, word_t asid);

/*
 * Quiescence. A frame that assembly on another hart may still hold a pointer to (a record, a capability page)
 * changes kind only after every hart crossed a trap boundary. quiesce_begin gives an epoch and pokes the
 * others; quiesce_done tells whether all have seen it.
 */
word_t quiesce_begin(void);
bool quiesce_done(word_t epoch);
void quiesce_see(struct hart *hart);

#endif
