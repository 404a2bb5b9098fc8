// SPDX-License-Identifier: BSD-2-Clause
/*
 * Most recently used, for scans: who reads through more than there is room for, again and again, needs what it read
 * last the latest. The page whose age says it was used last leaves; among equals the one that came last.
 */
#include <libos/vm/replace.h>

static struct replace_page *mru_pick(struct replace_set *set)
{
    struct replace_page *best = NULL;

    for (struct replace_page *page = REPLACE_FIRST(set); page; page = replace_next(set, page))
        if (!page->held && (!best || page->word >= best->word))
            best = page;
    return best;
}

const struct replace_ops replace_mru = {
    .name = "mru",
    .pick = mru_pick,
    .enter = replace_age_enter,
    .tick = replace_age_tick,
};
