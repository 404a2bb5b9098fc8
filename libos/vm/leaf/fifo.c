// SPDX-License-Identifier: BSD-2-Clause
// The table that was given to its 2 MiB first.
#include <libos/vm/leaf.h>

static size_t fifo_pick(struct leaf_set *set)
{
    size_t oldest = set->hand % set->count;
    set->hand = oldest + 1;
    return oldest;
}

const struct leaf_ops leaf_fifo = {.name = "fifo", .pick = fifo_pick};
