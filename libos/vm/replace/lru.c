// SPDX-License-Identifier: BSD-2-Clause
/*
 * Least recently used, as far as A bits can tell: at each tick every page's age takes in whether it was used since the
 * last one, and the page whose age says it is the longest ago leaves; among equals the one that came first. With a tick
 * at each use this is the real thing, over the last 64 uses.
 */
#include <libos/vm/replace.h>

static struct replace_page *lru_pick(struct replace_set *set)
{
    struct replace_page *best = NULL;

    for (struct replace_page *page = REPLACE_FIRST(set); page; page = replace_next(set, page))
        if (!page->held && (!best || page->word < best->word))
            best = page;
    return best;
}

const struct replace_ops replace_lru = {
    .name = "lru",
    .pick = lru_pick,
    .enter = replace_age_enter,
    .tick = replace_age_tick,
};
