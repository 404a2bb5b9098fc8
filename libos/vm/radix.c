// SPDX-License-Identifier: BSD-2-Clause
/*
 * The page-table structure as a radix tree of three levels, nine bits of the address each, like the
 * MMU's own. It costs one frame per 2 MiB that is used, and a lookup is three loads.
 *
 * Nodes are pages at VM_NODES, in the order they were made; node 0 is the root. An entry of the upper
 * levels is the number of the node below (0: none, the root is below nobody); an entry of the lowest is
 * page << 12 | rights. Nodes are never given back: an address range that was used once is used again.
 */
#include <libos/vm/frame.h>
#include <libos/vm/vm.h>

#define RADIX_BITS    9
#define RADIX_ENTRIES (1u << RADIX_BITS)
#define NODES_MAX     4096

typedef word_t node_t[RADIX_ENTRIES];
static node_t *const nodes = (node_t *)VM_NODES;
static size_t node_count;

static size_t index_at(word_t address, int level)
{
    return address >> (PAGE_SHIFT + RADIX_BITS * level) & (RADIX_ENTRIES - 1);
}

// The number of a new node, all zeros; 0 for the first, which is the root, and SIZE_MAX when there is no
// frame.
static size_t node_make(void)
{
    page_t page = node_count < NODES_MAX ? frame_alloc() : FRAME_NONE;
    if (page == FRAME_NONE)
        return SIZE_MAX;
    if (vm_bind(0, (word_t)nodes[node_count], page, 1, RIGHT_READ | RIGHT_WRITE) != ERR_OK) {
        frame_free(page);
        return SIZE_MAX;
    }
    return node_count++;
}

// The entry of the lowest level; NULL when there is none, or `make` is set and no frame was left for a node.
static word_t *entry_at(word_t address, bool make)
{
    if (node_count == 0 && (!make || node_make() == SIZE_MAX))
        return NULL;

    size_t node = 0;
    for (int level = 2; level > 0; level--) {
        word_t *entry = &nodes[node][index_at(address, level)];
        if (*entry == 0) {
            size_t below = make ? node_make() : SIZE_MAX;
            if (below == SIZE_MAX)
                return NULL;
            *entry = below;
        }
        node = *entry;
    }
    return &nodes[node][index_at(address, 0)];
}

static struct vm_mapping mapping_of(word_t entry)
{
    return (struct vm_mapping){.page = entry >> PAGE_SHIFT, .rights = entry & (PAGE_SIZE - 1)};
}

static struct vm_mapping radix_find(word_t address)
{
    const word_t *entry = entry_at(address, false);
    return mapping_of(entry ? *entry : 0);
}

static bool radix_insert(word_t address, struct vm_mapping mapping)
{
    word_t *entry = entry_at(address, true);
    if (!entry)
        return false;
    *entry = mapping.page << PAGE_SHIFT | mapping.rights;
    return true;
}

static struct vm_mapping radix_remove(word_t address)
{
    word_t *entry = entry_at(address, false);
    struct vm_mapping was = mapping_of(entry ? *entry : 0);
    if (entry)
        *entry = 0;
    return was;
}

const struct vm_ops vm_radix = {
    .name = "radix",
    .find = radix_find,
    .insert = radix_insert,
    .remove = radix_remove,
};
