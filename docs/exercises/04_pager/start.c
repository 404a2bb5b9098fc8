// SPDX-License-Identifier: BSD-2-Clause
// Exercise 4: a pager that keeps no page for what a word can say. What stands here keeps nothing at all.
#include "pager.h"

#include <string.h>

static struct pager yours = {&pager_yours};

// YOURS: what is known of each page, and of each page of the store.

// A region begins with this: all its pages are zeros.
static struct pager *yours_open(const char *argument, size_t pages, const char **why)
{
    *why = "a region of this pager has at most 64 pages";
    if (pages > PAGER_PAGES)
        return NULL;
    // YOURS: nothing is known of any page, and the store is empty.
    return &yours;
}

// YOURS: fill the page. `clear`: its bytes are zeros already.
static long yours_in(struct pager *pager, size_t index, void *bytes, bool clear)
{
    if (!clear)
        memset(bytes, 0, PAGE_SIZE);
    return ERR_OK;
}

// YOURS: take the page's new contents. ERR_OK, or ERR_BUSY when there is no place for them: then nothing has changed.
static long yours_out(struct pager *pager, size_t index, const void *bytes)
{
    return ERR_BUSY;
}

// YOURS: nobody will ask for the contents any more.
static void yours_forget(struct pager *pager, size_t index)
{
}

const struct pager_ops pager_yours = {
    .name = "yours",
    .open = yours_open,
    .in = yours_in,
    .out = yours_out,
    .forget = yours_forget,
};
