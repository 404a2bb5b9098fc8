// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the program says: the page it needs the latest leaves, among equals the one that came first. Without a word
 * from the program it is first in, first out; with the truth about every page it is the best there can be (Belady
 * 1966).
 */
#include <libos/vm/replace.h>

static uint64_t needed(const struct replace_page *page)
{
    return page->told == REPLACE_UNTOLD ? REPLACE_NEVER - 1 : page->told;
}

static struct replace_page *told_pick(struct replace_set *set)
{
    struct replace_page *best = NULL;

    for (struct replace_page *page = REPLACE_FIRST(set); page; page = replace_next(set, page))
        if (!page->held && (!best || needed(page) > needed(best)))
            best = page;
    return best;
}

const struct replace_ops replace_told = {
    .name = "told",
    .pick = told_pick,
};
