// SPDX-License-Identifier: BSD-2-Clause
// Exercise 3: a replacement policy that a scan does not flush. What stands here is FIFO.
#include "replace.h"

// YOURS: a page that came, has a word of its own. It will be touched at once, for a touch is why it came.
static void yours_enter(struct replace_set *set, struct replace_page *page)
{
    page->word = 0;
}

// YOURS: called every few faults. set->used(set, page) tells a use once: ask each page here, and note the answer.
static void yours_tick(struct replace_set *set)
{
}

// YOURS: which page leaves? One that is not held; NULL when all are.
static struct replace_page *yours_pick(struct replace_set *set)
{
    struct replace_page *page = REPLACE_FIRST(set);

    while (page && page->held)
        page = replace_next(set, page);
    return page;
}

const struct replace_ops replace_yours = {
    .name = "yours",
    .pick = yours_pick,
    .enter = yours_enter,
    .tick = yours_tick,
};
