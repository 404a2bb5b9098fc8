// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pagers: where the pages of a region (region.h) come from, and where they go when their frames are needed.
 *
 * The life of a page's contents, as a region drives it:
 *
 *     pager = ops.open(argument, pages, &why)     NULL: it cannot be had
 *     while (the region lives) {
 *         ops.in(pager, index, bytes, clear)      a page that is away was touched
 *         ... it is read, or written ...
 *         ops.out(pager, index, bytes)            only when it was written since: then it is away again
 *         ops.forget(pager, index)                its contents will not be asked for again
 *     }
 *     ops.close(pager)
 *
 * `in` and `out` run inside the page-fault handler: they take no memory from malloc and wait for no event. They may
 * touch pages that appear when touched, but no page of a region that uses them.
 *
 * To add a pager: one file pager/NAME.c that ends in `const struct pager_ops pager_NAME`. The build makes the table
 * of all of them.
 */
#ifndef LIBOS_PAGER_H
#define LIBOS_PAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// First member of whatever a pager keeps.
struct pager {
    const struct pager_ops *ops;
};

struct pager_ops {
    const char *name; // mandatory: that of the file
    /*
     * Mandatory. `pages` is how many pages the region has; what `argument` means is the pager's:
     *     zero        nothing
     *     bundle      the name of a file in the program's bundle
     *     memory      nothing
     *     compressed  how many frames its store takes
     *     env         the capability slot (RIGHT_CALL) of a pager server (pager_server.h)
     * NULL with a sentence in *why.
     */
    struct pager *(*open)(const char *argument, size_t pages, const char **why);
    /*
     * Mandatory. Fill the page `index`: all PAGE_SIZE bytes, which are zeros already when `clear`. ERR_OK, or why
     * not.
     */
    long (*in)(struct pager *pager, size_t index, void *bytes, bool clear);
    /*
     * Take the page's new contents. ERR_OK, or why not: then the page stays where it is. NULL: a page that was
     * written never leaves.
     */
    long (*out)(struct pager *pager, size_t index, const void *bytes);
    void (*forget)(struct pager *pager, size_t index); // NULL: nothing to forget. The next `in` may say anything
    void (*close)(struct pager *pager);                // NULL: nothing was taken
};

extern const struct pager_ops pager_zero, pager_bundle, pager_env;

// Every pager that is linked in, by name in alphabetical order, ended by NULL; and one of them, or NULL. The one called
// compressed is there when the sources of zlib were when this was built.
extern const struct pager_ops *const pager_table[];
const struct pager_ops *pager_find(const char *name);

#endif
