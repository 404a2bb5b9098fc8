// SPDX-License-Identifier: BSD-2-Clause
/*
 * stlb: the software TLB of a space, as large as the application pays for.
 *
 * An entry is a binding of its own; leaf PTEs in tables without a twin are copies of it that the trap path
 * refills (kernel/trap/entry.S) and that can be thrown away.
 *
 * Invariants
 *   (1) An entry is empty (vpn = STLB_EMPTY, nothing linked), or its frame's list has its link pair.
 *   (2) An entry for page v stands at v modulo the number of entries.
 *   (3) leaf is 0, or the address of this page's entry in the present leaf table, which has no twin.
 *   (4) A leaf that is not 0 maps what its entry binds, with its rights.
 *   (5) An entry has the A and D bits of all its leaves that were thrown away since they were cleared.
 *   (6) A dirty entry is displaced only when the ring has it. The ring's head is what the kernel remembers it to be.
 */
#ifndef KERNEL_STLB_H
#define KERNEL_STLB_H

#include "space/space.h"

static inline bool stlb_is_bound(const struct space *space) { return space->stlb_bound != 0; }
// The entry that binds an address, NULL when none does.
struct stlb_entry *stlb_find(const struct space *space, word_t address);
// All with the space's lock held.
void stlb_remove(struct space *space, struct stlb_entry *entry);
/*
 * The same for a frame's whole list (pte/break.c): the pair is off the list already, and the fence comes later. True when
 * the caller has to see to it that the space forgets the address.
 */
static inline bool stlb_break(struct space *space, struct stlb_entry *entry)
{
    pte_t *leaf = (pte_t *)entry->leaf;
    bool filled = leaf != NULL && *leaf != 0;
    if (filled)
        *leaf = 0; // what the hardware notes in it goes with the binding
    entry->vpn = STLB_EMPTY;
    entry->pte = 0;
    entry->leaf = 0;
    entry->next = entry->prev = 0;
    space->stlb_live--;
    return filled;
}
void stlb_drop(struct space *space, word_t address);
// Takes the leaf of an address, if it has one, out of the tables; true when the caller has to flush.
bool stlb_hide(struct space *space, word_t address);
enum error stlb_protect(struct space *space, word_t address, word_t rights);
/*
 * Taking a leaf table back: it is out of the tree, and no entry may go on naming it. stlb_forget keeps the dirty bits
 * that are in it and forgets the leaves, a piece at a time; true when done.
 */
void stlb_forget_begin(struct space *space, page_t table, word_t address);
bool stlb_forget(struct space *space);
/*
 * The slow part of a refill, for the place of the leaf: the access found it empty, or A or D is missing. True when
 * the leaf is filled, so that the access can be tried again; the caller fences.
 */
bool stlb_refill(struct space *space, pte_t *slot, word_t address, word_t cause);
bool stlb_dismantle(struct space *space, word_t budget, struct shootdown *shootdown);

bool stlb_invariant(const struct space *space);

#endif
