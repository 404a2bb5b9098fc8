// SPDX-License-Identifier: BSD-2-Clause
/*
 * Clock, or second chance (Corbato 1968): a hand goes round the ring; a page that was used since the hand passed it
 * last is passed once more, the first that was not leaves. It asks only about the pages that the hand passes.
 *
 * The hand names the page it looks at next, NULL: the first one. Whoever comes is put behind the hand, so it is the
 * last one the hand reaches.
 */
#include <libos/vm/replace.h>

static struct replace_page *after(struct replace_set *set, struct replace_page *page)
{
    struct replace_page *next = replace_next(set, page);
    return next ? next : REPLACE_FIRST(set);
}

static struct replace_page *clock_pick(struct replace_set *set)
{
    struct replace_page *page = set->hand ? set->hand : REPLACE_FIRST(set), *start = page;
    size_t rounds = 0;

    // After one round nothing is used any more, so the second finds a page unless all are held; a third is for those
    // that are used again while the hand goes.
    while (page && (page->held || set->used(set, page))) {
        page = after(set, page);
        if (page == start && ++rounds == 3)
            return NULL;
    }
    set->hand = page;
    return page;
}

static void clock_enter(struct replace_set *set, struct replace_page *page)
{
    struct replace_page *hand = set->hand;

    if (!hand)
        return; // the hand stands at the start of the ring: its end is right
    page->previous->next = page->next;
    page->next->previous = page->previous;
    page->next = hand;
    page->previous = hand->previous;
    hand->previous->next = page;
    hand->previous = page;
}

static void clock_leave(struct replace_set *set, struct replace_page *page)
{
    if (set->hand == page)
        set->hand = replace_next(set, page);
}

const struct replace_ops replace_clock = {
    .name = "clock",
    .pick = clock_pick,
    .enter = clock_enter,
    .leave = clock_leave,
};
