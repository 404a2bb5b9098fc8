// SPDX-License-Identifier: BSD-2-Clause
// Exercise 5, solved: a clustered page table.
#include "structure.h"

#define CLUSTERS_PER_PAGE (PAGE_SIZE / sizeof(struct cluster))
#define HEADS             1024
#define HEADS_SHIFT       22 // of a hash of 32 bits

static uint32_t heads[HEADS];
static uint32_t made, free_first;
static size_t node_count;

static struct cluster *cluster_of(uint32_t number)
{
    return (struct cluster *)(VM_NODES + (number - 1) / CLUSTERS_PER_PAGE * PAGE_SIZE) +
           (number - 1) % CLUSTERS_PER_PAGE;
}

static uint32_t cluster_make(void)
{
    uint32_t number = free_first;

    if (number) {
        free_first = cluster_of(number)->next;
        *cluster_of(number) = (struct cluster){0};
        return number;
    }
    if (made == node_count * CLUSTERS_PER_PAGE) {
        if (node_count == NODES_MAX || !node_make(node_count, 1))
            return 0;
        node_count++;
    }
    return ++made;
}

static void cluster_free(uint32_t number)
{
    *cluster_of(number) = (struct cluster){.next = free_first};
    free_first = number;
}

static word_t block_of(word_t address)
{
    return address / BLOCK_SPAN + 1;
}

static uint32_t *head_of(word_t block)
{
    return &heads[(uint32_t)(block * 0x9e3779b1u) >> HEADS_SHIFT];
}

static word_t *mapping_of(struct cluster *cluster, word_t address)
{
    return &cluster->mapping[address / PAGE_SIZE % BLOCK_PAGES];
}

// The word that holds the number of a block's cluster; 0 stands there: it has none.
static uint32_t *place_find(word_t block)
{
    uint32_t *place = head_of(block);

    while (*place && cluster_of(*place)->block != block)
        place = &cluster_of(*place)->next;
    return place;
}

static word_t yours_find(word_t address)
{
    uint32_t number = *place_find(block_of(address));
    return number ? *mapping_of(cluster_of(number), address) : 0;
}

static bool yours_insert(word_t address, word_t mapping)
{
    uint32_t *place = place_find(block_of(address)), number = *place;

    if (!number) {
        if (!(number = cluster_make()))
            return false;
        cluster_of(number)->block = block_of(address);
        *place = number;
    }
    word_t *word = mapping_of(cluster_of(number), address);
    cluster_of(number)->used += *word == 0;
    *word = mapping;
    return true;
}

static word_t yours_remove(word_t address)
{
    uint32_t *place = place_find(block_of(address)), number = *place;

    if (!number)
        return 0;
    struct cluster *cluster = cluster_of(number);
    word_t was = *mapping_of(cluster, address);
    *mapping_of(cluster, address) = 0;
    cluster->used -= was != 0;
    if (cluster->used == 0) {
        *place = cluster->next;
        cluster_free(number);
    }
    return was;
}

// The first block from this one on that has a cluster; 0: there is none.
static word_t block_next(word_t block)
{
    word_t least = 0;

    for (uint32_t number = 1; number <= made; number++) {
        word_t other = cluster_of(number)->block;
        if (other >= block && (!least || other < least))
            least = other;
    }
    return least;
}

static word_t yours_next(word_t address)
{
    for (word_t block = block_of(address); block; block = block_next(block + 1)) {
        word_t end = block * BLOCK_SPAN, at = end - BLOCK_SPAN;
        for (at = at < address ? address : at; at < end; at += PAGE_SIZE)
            if (yours_find(at))
                return at;
    }
    return STRUCTURE_END;
}

static void yours_protect(word_t address, size_t count, word_t rights)
{
    for (word_t end = address + count * PAGE_SIZE; address < end;) {
        word_t stop = (address / BLOCK_SPAN + 1) * BLOCK_SPAN;
        uint32_t number = *place_find(block_of(address));
        for (; address < end && address < stop; address += PAGE_SIZE)
            if (number && *mapping_of(cluster_of(number), address))
                mapping_protect(mapping_of(cluster_of(number), address), rights);
    }
}

const struct structure_ops structure_yours = {
    .name = "yours",
    .find = yours_find,
    .insert = yours_insert,
    .remove = yours_remove,
    .next = yours_next,
    .protect = yours_protect,
};
