// SPDX-License-Identifier: BSD-2-Clause
/*
 * A radix tree of three levels, nine bits of the address each, like the MMU's own. It costs one page per 2 MiB
 * that is used, and a lookup is three loads.
 *
 * Pages are taken in the order in which they are needed; the first is the root. An entry of the upper levels is the
 * address of the page below, 0 when there is none; an entry of the lowest is a mapping. Pages are never given
 * back: an address range that was used once is used again.
 */
#include <libos/vm/structure.h>

#define RADIX_BITS    9
#define RADIX_ENTRIES (1u << RADIX_BITS)
#define LEVELS        3

static word_t *root; // NULL: nothing was ever inserted
static size_t node_count;
// The lowest page that was looked up last: pages of one are mostly asked for in a row.
static struct {
    word_t number; // of the 2 MiB it covers
    word_t *leaf;
} last = {~0ul, NULL};

static word_t *entry_in(word_t *node, word_t address, int level)
{
    return &node[address >> (PAGE_SHIFT + RADIX_BITS * level) & (RADIX_ENTRIES - 1)];
}

// A new page, all zeros, NULL when there is none.
static word_t *node_new(void)
{
    if (node_count == NODES_MAX || !node_make(node_count, 1))
        return NULL;
    return (word_t *)(VM_NODES + node_count++ * PAGE_SIZE);
}

// Each operation first tries the page that was looked up last. The others are functions of their own, so that this costs
// no registers.
#define SLOW __attribute__((noinline))

static inline bool is_last(word_t address)
{
    return __builtin_expect(last.number == address >> (PAGE_SHIFT + RADIX_BITS), 1);
}

// The lowest page over an address, NULL when there is none.
static SLOW word_t *leaf_walk(word_t address)
{
    word_t *middle = root ? (word_t *)*entry_in(root, address, 2) : NULL;
    word_t *leaf = middle ? (word_t *)*entry_in(middle, address, 1) : NULL;
    if (leaf) {
        last.number = address >> (PAGE_SHIFT + RADIX_BITS);
        last.leaf = leaf;
    }
    return leaf;
}

static inline word_t *leaf_find(word_t address)
{
    return is_last(address) ? last.leaf : leaf_walk(address);
}

static SLOW word_t find_slowly(word_t address)
{
    word_t *leaf = leaf_walk(address);
    return leaf ? *entry_in(leaf, address, 0) : 0;
}

static word_t radix_find(word_t address)
{
    return is_last(address) ? *entry_in(last.leaf, address, 0) : find_slowly(address);
}

static SLOW bool insert_slowly(word_t address, word_t mapping)
{
    if (!root && !(root = node_new()))
        return false;
    word_t *node = root;
    for (int level = LEVELS - 1; level > 0 && node; level--) {
        word_t *entry = entry_in(node, address, level);
        if (*entry == 0)
            *entry = (word_t)node_new();
        node = (word_t *)*entry;
    }
    if (node)
        *entry_in(node, address, 0) = mapping;
    return node != NULL;
}

static bool radix_insert(word_t address, word_t mapping)
{
    if (!is_last(address))
        return insert_slowly(address, mapping);
    *entry_in(last.leaf, address, 0) = mapping;
    return true;
}

static word_t radix_remove(word_t address)
{
    word_t *leaf = leaf_find(address);
    word_t was = 0;
    if (leaf) {
        word_t *entry = entry_in(leaf, address, 0);
        was = *entry;
        *entry = 0;
    }
    return was;
}

static word_t radix_next(word_t address)
{
    while (address < STRUCTURE_END && root) {
        word_t *node = root, *entry;
        int level = LEVELS - 1;
        for (; *(entry = entry_in(node, address, level)) >> PAGE_SHIFT && level > 0; level--)
            node = (word_t *)*entry;
        // In a lowest page the next one is not far: it is found without another walk.
        for (; level == 0 && !(*entry >> PAGE_SHIFT) && (address >> PAGE_SHIFT & (RADIX_ENTRIES - 1)) < RADIX_ENTRIES - 1; entry++)
            address += PAGE_SIZE;
        if (*entry >> PAGE_SHIFT)
            return address;
        word_t span = 1ul << (PAGE_SHIFT + RADIX_BITS * level);
        address = (address & ~(span - 1)) + span;
    }
    return STRUCTURE_END;
}

static void run_protect(word_t *entry, const word_t *end, word_t rights)
{
    for (; end - entry >= 4; entry += 4) {
        mapping_protect(entry, rights);
        mapping_protect(entry + 1, rights);
        mapping_protect(entry + 2, rights);
        mapping_protect(entry + 3, rights);
    }
    for (; entry < end; entry++)
        mapping_protect(entry, rights);
}

static SLOW void protect_many(word_t address, size_t count, word_t rights)
{
    while (count > 0) {
        size_t first = address >> PAGE_SHIFT & (RADIX_ENTRIES - 1);
        size_t run = RADIX_ENTRIES - first < count ? RADIX_ENTRIES - first : count;
        word_t *leaf = leaf_find(address);
        if (leaf)
            run_protect(&leaf[first], &leaf[first + run], rights);
        address += run * PAGE_SIZE;
        count -= run;
    }
}

// An entry without a page is none, whatever its rights say.
static void radix_protect(word_t address, size_t count, word_t rights)
{
    if (count == 1 && is_last(address))
        mapping_protect(entry_in(last.leaf, address, 0), rights);
    else
        protect_many(address, count, rights);
}

const struct structure_ops structure_radix = {
    .name = "radix",
    .find = radix_find,
    .insert = radix_insert,
    .remove = radix_remove,
    .next = radix_next,
    .protect = radix_protect,
};
