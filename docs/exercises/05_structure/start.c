// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 5: a clustered page table. Clusters are made and freed here; finding them, and what is in them, is yours.
 *
 * Clusters have numbers from 1 on. Those that were freed are a chain that begins with free_first.
 */
#include "structure.h"

#define CLUSTERS_PER_PAGE (PAGE_SIZE / sizeof(struct cluster))
#define HEADS             1024

static uint32_t heads[HEADS]; // the first cluster of each chain, 0: none
static uint32_t made, free_first;
static size_t node_count;

static struct cluster *cluster_of(uint32_t number)
{
    return (struct cluster *)(VM_NODES + (number - 1) / CLUSTERS_PER_PAGE * PAGE_SIZE) +
           (number - 1) % CLUSTERS_PER_PAGE;
}

// The number of a cluster that nobody uses, all zeros; 0: there is no memory.
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

// YOURS: which chain a block belongs to. Blocks of a program are neighbours, and they are multiples of something large.
static uint32_t *head_of(word_t block)
{
    return &heads[0];
}

// YOURS: what is mapped at an address, as a packed word; 0: nothing.
static word_t yours_find(word_t address)
{
    (void)head_of, (void)cluster_of;
    return 0;
}

// YOURS: also in place of another mapping. False when there is no memory for a cluster; then nothing has changed.
static bool yours_insert(word_t address, word_t mapping)
{
    (void)cluster_make;
    return false;
}

// YOURS: what was mapped there. A cluster in which nothing is mapped any more goes.
static word_t yours_remove(word_t address)
{
    (void)cluster_free;
    return 0;
}

// YOURS: the first mapped address from here on; STRUCTURE_END when there is none. It may look at every cluster.
static word_t yours_next(word_t address)
{
    return STRUCTURE_END;
}

// YOURS: new rights for those pages of a run that are mapped (mapping_protect).
static void yours_protect(word_t address, size_t count, word_t rights)
{
}

const struct structure_ops structure_yours = {
    .name = "yours",
    .find = yours_find,
    .insert = yours_insert,
    .remove = yours_remove,
    .next = yours_next,
    .protect = yours_protect,
};
