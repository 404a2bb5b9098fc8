// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 5. A page-table structure as libos/vm/structure.h describes it, of a kind that Talluri, Hill and Khalidi
 * proposed (A New Page Table for 64-bit Address Spaces, SOSP 1995): a clustered page table. It is a hash table, but
 * an entry is for a block of 16 neighbouring pages instead of one, so programs whose pages have neighbours, as most
 * have, need little more than a word a page; and pages that have none cost no whole table, as in a tree.
 */
#ifndef EXERCISE_STRUCTURE_H
#define EXERCISE_STRUCTURE_H

#include <libos/vm/structure.h>

#define BLOCK_PAGES 16
#define BLOCK_SPAN  (BLOCK_PAGES * PAGE_SIZE)

struct cluster {
    word_t block;  // address / BLOCK_SPAN, plus 1; 0: the cluster is not in use
    uint32_t next; // number of the next cluster of the same chain, 0: none
    uint32_t used; // how many of its pages are mapped
    word_t mapping[BLOCK_PAGES]; // packed; without a page: nothing is mapped there
};

extern const struct structure_ops structure_yours;

#endif
