// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between region.c (life, faults) and region_evict.c (who leaves).
 *
 * Invariants, when no function of the room is running:
 *   (1) a page has a frame, and is in the set, and vm says the frame is mapped there; or none of the three
 *   (2) `resident` pages have a frame; never more than `limit`, unless pages could not leave
 *   (3) a page whose D bit is 0 is what the pager has, or would make again
 *   (4) no page is noted
 */
#ifndef LIBOS_REGION_INTERNAL_H
#define LIBOS_REGION_INTERNAL_H

#include <libos/vm/region.h>
#include <libos/vm/vm.h>

struct region_page {
    struct replace_page replace; // first
    uint32_t frame;              // 0: the page is not here
    bool pinned;                 // region_hold
    bool noted;                  // the policy was told of a use; A is to be cleared
    bool unsaved;                // it was written, and its binding does not tell
    bool lost;                   // what was written to it is gone: the page is no more
    struct region_page *next;    // another one that is noted
};

struct region {
    word_t first;   // of what is kept per page; 0: no region
    word_t address; // of the pages
    size_t pages;
    word_t rights;
    size_t limit;
    struct region_page *page; // each page's, at `first`; it appears when touched
    struct pager *pager;
    struct replace_set set;
    struct region_counts counts;
    size_t ticks;                // evictions until the policy's next tick
    size_t last_in, last_out;    // pages, for region_take
    struct region_page *noted;   // a list
};

static inline size_t region_index(const struct region *region, const struct replace_page *page)
{
    return (size_t)((const struct region_page *)page - region->page);
}

static inline word_t region_address(const struct region *region, size_t index)
{
    return region->address + index * PAGE_SIZE;
}

// Whether a page was written since its pager has it. One that is not bound says nothing, so it may have been.
static inline bool region_written(word_t address)
{
    word_t pte = vm_pte(address);
    return pte == 0 || pte & VM_DIRTY;
}

// region.c: all regions.
extern struct region regions[REGIONS_MAX];

// region_evict.c. Take a page out of its place; its frame is unbound, and ours.
page_t region_remove(struct region *region, size_t index);
// The frame of a page that the policy chose and the pager took; FRAME_NONE when none can leave. `wanted` is the page
// that shall come, `pages` when there is none.
page_t region_take(struct region *region, size_t wanted);
long region_save(struct region *region, size_t index);
// A page that just was mapped becomes one of the set.
void region_place(struct region *region, size_t index, page_t frame);
bool region_owns(page_t frame);
// The page's frame may have been taken by force: true when it was, and the page has been dealt with.
bool region_check(struct region *region, size_t index);
bool region_used(struct replace_set *set, struct replace_page *page);

#endif
