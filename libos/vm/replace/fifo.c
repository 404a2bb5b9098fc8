// SPDX-License-Identifier: BSD-2-Clause
/*
 * First in, first out: the page that came first leaves first, used or not. It asks nothing, so it costs nothing; and
 * it is the policy with which more frames can mean more faults (Belady, Nelson and Shedler 1969).
 */
#include <libos/vm/replace.h>

static struct replace_page *fifo_pick(struct replace_set *set)
{
    struct replace_page *page = REPLACE_FIRST(set);

    while (page && page->held)
        page = replace_next(set, page);
    return page;
}

const struct replace_ops replace_fifo = {
    .name = "fifo",
    .pick = fifo_pick,
};
