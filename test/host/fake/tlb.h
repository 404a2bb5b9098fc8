// SPDX-License-Identifier: BSD-2-Clause
/*
 * A TLB as the architecture allows the worst of them: filled by a walker that may also keep entries of the
 * upper levels and entries that are not valid, tagged with an ASID, and forgetting nothing unless a fence
 * says so.
 *
 * Beside what hardware knows, an entry remembers the root it was filled from: the truth that a test checks.
 */
#ifndef FAKE_TLB_H
#define FAKE_TLB_H

#include <rivet/types.h>

#define TLB_ENTRIES 1024

struct tlb_entry {
    uint64_t root;  // page of the root table it came from; 0: the entry is free
    uint64_t asid;
    uint64_t tag;   // address shifted by 12 + 9 * level
    uint64_t pte;
    uint64_t owner; // leaves: of the frame, when it was filled
    uint8_t level;  // 0: leaf; 1: 2 MiB, leaf or pointer; 2: pointer
};

struct tlb {
    struct tlb_entry entries[TLB_ENTRIES];
    word_t count; // entries that were ever used
};

enum tlb_answer { TLB_OK, TLB_FAULT };

// Does what a load (13), store (15) or fetch (12) from user mode does; *page is where it went.
enum tlb_answer tlb_access(struct tlb *tlb, word_t satp, word_t address, word_t cause, page_t *page);
// sfence.vma: all of it, one ASID, or the leaves of a range of it.
void tlb_fence_all(struct tlb *tlb);
void tlb_fence_asid(struct tlb *tlb, word_t asid);
void tlb_fence_range(struct tlb *tlb, word_t address, word_t size, word_t asid);
/*
 * NULL, or what is wrong: an entry gives a right that the tables of its space no longer give, points to a
 * table that is none any more, or to a frame that changed hands since.
 */
const char *tlb_wrong(const struct tlb *tlb);

extern bool tlb_sets_bits; // the walker sets A and D; otherwise it faults

#endif
