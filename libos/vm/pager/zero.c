// SPDX-License-Identifier: BSD-2-Clause
/*
 * Zeros: memory that is nobody's contents yet. It keeps nothing, so a page that was written stays until the program
 * discards it; one that was only read may go and come again.
 */
#include <libos/vm/contents.h>
#include <libos/vm/pager.h>
#include <rivet/layout.h>
#include <rivet/types.h>

static struct pager zero = {&pager_zero};

static struct pager *zero_open(const char *argument, size_t pages, const char **why)
{
    (void)argument, (void)pages, (void)why;
    return &zero;
}

static long zero_in(struct pager *pager, size_t index, void *bytes, bool clear)
{
    (void)pager, (void)index;
    if (!clear)
        contents_clear(bytes);
    return ERR_OK;
}

const struct pager_ops pager_zero = {
    .name = "zero",
    .open = zero_open,
    .in = zero_in,
};
