// SPDX-License-Identifier: BSD-2-Clause
/*
 * The first table, in turn, that no miss has used since the hand passed it last. One that is given out anew counts as
 * used: the miss that it serves.
 */
#include <libos/vm/leaf.h>

static size_t clock_pick(struct leaf_set *set)
{
    // Once round at most: then all of them are unused.
    for (;;) {
        size_t at = set->hand % set->count;
        set->hand = at + 1;
        if (!set->leaves[at].used)
            return at;
        set->leaves[at].used = false;
    }
}

const struct leaf_ops leaf_clock = {.name = "clock", .pick = clock_pick};
