// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 3, solved: a page that was used in two ticks belongs to the working set, the others are on trial. The ring
 * is in the order of last uses. The first on trial leaves; when the working set has more than three quarters of the
 * pages, its own first does, so what was hot once does not stay for ever.
 */
#include "replace.h"

#define PROVEN 2 // the first tick sees the touch that brought the page

static void yours_enter(struct replace_set *set, struct replace_page *page)
{
    page->word = 0;
}

static void last_put(struct replace_set *set, struct replace_page *page)
{
    page->previous->next = page->next;
    page->next->previous = page->previous;
    page->next = &set->ring;
    page->previous = set->ring.previous;
    page->previous->next = page;
    set->ring.previous = page;
}

static void yours_tick(struct replace_set *set)
{
    struct replace_page *last = set->ring.previous, *page = REPLACE_FIRST(set), *next;

    for (bool more = page != NULL; more; page = next) {
        next = page->next;
        more = page != last;
        if (set->used(set, page)) {
            page->word++;
            last_put(set, page);
        }
    }
}

static struct replace_page *first_of(struct replace_set *set, bool proven)
{
    struct replace_page *page = REPLACE_FIRST(set);

    while (page && (page->held || (page->word >= PROVEN) != proven))
        page = replace_next(set, page);
    return page;
}

static struct replace_page *yours_pick(struct replace_set *set)
{
    size_t all = 0, proven = 0;

    for (struct replace_page *page = REPLACE_FIRST(set); page; page = replace_next(set, page), all++)
        proven += page->word >= PROVEN;
    bool many = proven * 4 > all * 3;
    struct replace_page *page = first_of(set, many);
    return page ? page : first_of(set, !many);
}

const struct replace_ops replace_yours = {
    .name = "yours",
    .pick = yours_pick,
    .enter = yours_enter,
    .tick = yours_tick,
};
