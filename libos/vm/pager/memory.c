// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory beside the region's: a page that leaves is copied there as it is. Alone this wins no frame; it is what an
 * environment that has frames to lend serves to others (apps/pager.c), and the plainest pager that keeps anything.
 *
 * What was never given to it is zeros, and costs nothing.
 */
#include <libos/vm/contents.h>
#include <libos/vm/pager.h>
#include <rivet/layout.h>
#include <rivet/types.h>
#include <stdlib.h>

extern const struct pager_ops pager_memory;

struct memory {
    struct pager pager; // first
    char (*page)[PAGE_SIZE];
    bool kept[]; // of each page: its contents are here
};

static struct pager *memory_open(const char *argument, size_t pages, const char **why)
{
    (void)argument;
    struct memory *memory = calloc(1, sizeof(*memory) + pages * sizeof(memory->kept[0]));
    *why = "there is no memory for the pager";
    if (!memory || !(memory->page = malloc(pages * PAGE_SIZE))) {
        free(memory);
        return NULL;
    }
    memory->pager.ops = &pager_memory;
    return &memory->pager;
}

static long memory_in(struct pager *pager, size_t index, void *bytes, bool clear)
{
    const struct memory *memory = (const struct memory *)pager;

    if (memory->kept[index])
        contents_copy(bytes, memory->page[index]);
    else if (!clear)
        contents_clear(bytes);
    return ERR_OK;
}

static long memory_out(struct pager *pager, size_t index, const void *bytes)
{
    struct memory *memory = (struct memory *)pager;

    contents_copy(memory->page[index], bytes);
    memory->kept[index] = true;
    return ERR_OK;
}

static void memory_forget(struct pager *pager, size_t index)
{
    ((struct memory *)pager)->kept[index] = false;
}

static void memory_close(struct pager *pager)
{
    free(((struct memory *)pager)->page);
    free(pager);
}

const struct pager_ops pager_memory = {
    .name = "memory",
    .open = memory_open,
    .in = memory_in,
    .out = memory_out,
    .forget = memory_forget,
    .close = memory_close,
};
