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
    uint64_t pte;   // as it is written into the leaf; A and D are those of leaves that are gone
    uint64_t leaf;  // kernel's address of the leaf PTE, 0: no table there, or not looked up yet
    uint32_t next;  // reverse links of the frame's bindings
    uint32_t prev;
};
#define STLB_EMPTY (~0ul)
#define STLB_PER_PAGE 128
#define STLB_ORDER_MAX 6

/*
 * The ring of a space (stlb_ring): one page that the kernel records displaced dirty pages in. It writes
 * entries[head % RING_ENTRIES] = address | 1 and then raises head; the application reads, then raises tail.
 * head - tail are unread; when there are RING_ENTRIES, stlb_enter refuses to displace a dirty page.
 */
#define RING_ENTRIES 510
struct dirty_ring {
    uint64_t head;  // the kernel's: how many it ever wrote; it keeps a copy of its own
    uint64_t tail;  // the application's: how many it has read
    uint64_t entries[RING_ENTRIES];
};

#endif
