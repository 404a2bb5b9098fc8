// SPDX-License-Identifier: BSD-2-Clause
/*
 * Policies that name the leaf table to reuse. The leaf tables of a cache (cache.h) are a cache themselves: each serves
 * 2 MiB of addresses, and there are fewer of them than the program touches. When an address has none, one that serves
 * others is taken; what it held is still in the STLB, so a wrong choice costs time and nothing else.
 *
 *     leaf.used = true                   at each miss in its 2 MiB; refills by the kernel are not seen
 *     pick(set)                          only when every table serves; then leaf.address and leaf.used are new
 *
 * To add one: a file leaf/NAME.c that ends in `const struct leaf_ops leaf_NAME`. The build makes the table of all of them.
 */
#ifndef LIBOS_LEAF_H
#define LIBOS_LEAF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEAVES_MAX 255

struct leaf {
    uint64_t address; // the first that it serves
    uint64_t table;   // its frame; 0: none was supplied yet
    uint64_t word;    // the policy's
    bool used;
};

struct leaf_set {
    size_t count;
    size_t hand; // the policy's
    struct leaf leaves[LEAVES_MAX];
};

struct leaf_ops {
    const char *name;                      // mandatory: that of the file
    size_t (*pick)(struct leaf_set *set);  // mandatory: a number below set->count
};

// Every policy that is linked in, in alphabetical order, ended by NULL.
extern const struct leaf_ops *const leaf_table[];
extern const struct leaf_ops leaf_fifo, leaf_clock;

#endif
