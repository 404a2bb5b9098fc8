// SPDX-License-Identifier: BSD-2-Clause
/*
 * A cache of mappings: a range of addresses of which the kernel knows only as much as the program pays for. The
 * structure is the truth, as everywhere; behind it are
 *
 *     the STLB       bindings that were used, 128 entries for each of its frames, each at the place that its address says
 *     leaf tables    what the MMU walks, each for 2 MiB; the kernel fills their entries from the STLB by itself
 *
 * A miss in the first is one lookup in the structure and one call. A miss in the second names a table to reuse (leaf.h).
 * So a gigabyte of scattered pages works with eight frames of tables: it is only slower.
 *
 * The pages of the range are mapped, unmapped and protected as everywhere (vm.h). Whether one was written is asked with
 * vm_cache_dirty: when another address takes its place in the STLB, the kernel notes it in a ring of ours first.
 */
#ifndef LIBOS_CACHE_H
#define LIBOS_CACHE_H

#include <libos/vm/leaf.h>
#include <libos/vm/vm.h>

#define VM_CACHE_MOST 0x200000000ul // bytes: 8 GiB

struct vm_cache_options {
    word_t first;                  // at a multiple of 2 MiB, as is
    size_t size;                   // ... this
    size_t tables;                 // frames of page tables, at most: one for each GiB the range touches, the others are leaves
    word_t order;                  // the STLB is 2^order frames, at most STLB_ORDER_MAX
    const struct leaf_ops *policy; // NULL: clock
    bool fill;                     // a page without a mapping gets a frame of zeros when it is touched
};

// Begin one: NULL, or a sentence that says why not. A program has one at a time.
const char *vm_cache_begin(const struct vm_cache_options *options);
// End it. Its pages are unmapped, and freed as when the heap shrinks.
void vm_cache_end(void);

// Was the page written since it was mapped or since vm_clear(VM_DIRTY)? Costs a call while it is bound.
bool vm_cache_dirty(word_t address);

struct vm_cache_counts {
    size_t misses;   // that needed the structure
    size_t placed;   // leaf tables given to a range
    size_t taken;    // ... which served another one before
    size_t recorded; // dirty pages that the kernel displaced
};
const struct vm_cache_counts *vm_cache_counts(void);

#endif
