// SPDX-License-Identifier: BSD-2-Clause
/*
 * A file of the program's bundle, page by page; zeros behind its end. The bundle is read-only, so what the program
 * writes is its own: such a page stays until it is discarded, and comes again as it is in the file.
 */
#include <libos/loader/bundle.h>
#include <libos/vm/contents.h>
#include <libos/vm/pager.h>
#include <rivet/layout.h>
#include <rivet/types.h>
#include <stdlib.h>
#include <string.h>

struct bundle_pager {
    struct pager pager; // first
    struct bundle_file file;
};

static struct pager *bundle_open(const char *argument, size_t pages, const char **why)
{
    const struct bundle *bundle = bundle_own(why);
    struct bundle_file file;

    (void)pages;
    if (!bundle || !bundle_find(bundle, argument ? argument : "", &file, why))
        return NULL;
    *why = "there is no memory for the pager of a file";
    struct bundle_pager *pager = malloc(sizeof(*pager));
    if (!pager)
        return NULL;
    *pager = (struct bundle_pager){.pager = {&pager_bundle}, .file = file};
    return &pager->pager;
}

static long bundle_in(struct pager *pager, size_t index, void *bytes, bool clear)
{
    const struct bundle_file *file = &((struct bundle_pager *)pager)->file;
    size_t offset = index * PAGE_SIZE;
    size_t size = offset < file->size ? file->size - offset : 0;

    if (size > PAGE_SIZE)
        size = PAGE_SIZE;
    if (size == PAGE_SIZE && ((uintptr_t)file->bytes + offset) % sizeof(word_t) == 0)
        contents_copy(bytes, file->bytes + offset);
    else
        memcpy(bytes, file->bytes + offset, size);
    if (!clear)
        memset((char *)bytes + size, 0, PAGE_SIZE - size);
    return ERR_OK;
}

static void bundle_close(struct pager *pager)
{
    free(pager);
}

const struct pager_ops pager_bundle = {
    .name = "bundle",
    .open = bundle_open,
    .in = bundle_in,
    .close = bundle_close,
};
