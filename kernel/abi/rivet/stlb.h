// SPDX-License-Identifier: BSD-2-Clause
/*
 * The STLB: a direct-mapped software TLB of a space. Each entry is a binding.
 * Entry of virtual page v: number v modulo the number of entries (128 per frame).
 */
#ifndef RIVET_STLB_H
#define RIVET_STLB_H

#include <rivet/types.h>

struct stlb_entry {
    uint64_t vpn;   // virtual page number; STLB_EMPTY: nothing bound here
    uint64_t pte;   // as it is written into the leaf; D is sticky
    uint64_t leaf;  // kernel's address of the leaf PTE, 0: no table there, or not looked up yet
    uint32_t next;  // reverse links of the frame's bindings
    uint32_t prev;
};
#define STLB_EMPTY (~0ul)
#define STLB_PER_PAGE 128
#define STLB_ORDER_MAX 6

#endif
