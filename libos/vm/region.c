// SPDX-License-Identifier: BSD-2-Clause
/*
 * The life of a region, and its page faults.
 *
 * What is kept per page lies in front of a region's pages and appears when touched, as zeros: a large sparse region
 * costs what is used of it. Those pages belong to no replacement.
 */
#include <libos/start/start.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>
#include <libos/vm/region_internal.h>
#include <libos/vm/vm.h>
#include <string.h>

#define PAGES_OF(bytes) (((bytes) + PAGE_SIZE - 1) / PAGE_SIZE)
#define PAGES_MAX       ((VM_REGIONS_END - VM_REGIONS) / PAGE_SIZE)

struct region regions[REGIONS_MAX];

const struct pager_ops *pager_find(const char *name)
{
    for (const struct pager_ops *const *ops = pager_table; *ops; ops++)
        if (strcmp((*ops)->name, name) == 0)
            return *ops;
    return NULL;
}

static word_t region_end(const struct region *region)
{
    return region->address + region->pages * PAGE_SIZE;
}

static struct region *region_at(word_t address)
{
    for (struct region *region = regions; region < regions + REGIONS_MAX; region++)
        if (region->first && address >= region->first && address < region_end(region))
            return region;
    return NULL;
}

// The first place in front of which all pages of the window are taken by regions, and `pages` behind it are not.
static word_t place_find(size_t pages)
{
    word_t place = VM_REGIONS;

    for (size_t i = 0; i < REGIONS_MAX; i++) { // each region can move it on once
        const struct region *next = NULL;
        for (const struct region *region = regions; region < regions + REGIONS_MAX; region++)
            if (region->first && region_end(region) > place && region->first < place + pages * PAGE_SIZE)
                next = region;
        if (!next)
            return place + pages * PAGE_SIZE <= VM_REGIONS_END ? place : 0;
        place = region_end(next);
    }
    return 0;
}

static struct region *slot_find(void)
{
    for (struct region *region = regions; region < regions + REGIONS_MAX; region++)
        if (!region->first)
            return region;
    return NULL;
}

static size_t limit_of(size_t frames)
{
    return frames == 0 ? PAGES_MAX : frames < REGION_LEAST ? REGION_LEAST : frames;
}

static struct region *refuse(const char **why, const char *reason)
{
    *why = reason;
    return NULL;
}

struct region *region_create(const struct region_options *options, const char **why)
{
    const struct pager_ops *ops = options->pager ? options->pager : &pager_zero;
    word_t rights = options->rights ? options->rights : RIGHT_READ | RIGHT_WRITE;

    if (options->pages == 0 || options->pages >= PAGES_MAX / 2)
        return refuse(why, "a region has at least one page and at most 32 GiB");
    if (!(rights & RIGHT_READ) || rights & ~(word_t)RIGHTS_FRAME)
        return refuse(why, "a region can be read, and beyond that written or executed");
    size_t kept = PAGES_OF(options->pages * sizeof(struct region_page));

    upcall_hold();
    struct region *region = slot_find();
    word_t first = place_find(kept + options->pages);
    struct pager *pager = NULL;
    if (!region || !first)
        region = refuse(why, "there is no room for one more region");
    else if (!(pager = ops->open(options->argument, options->pages, why)))
        region = NULL;
    if (region) {
        *region = (struct region){.first = first, .pages = options->pages, .rights = rights, .pager = pager};
        region->address = first + kept * PAGE_SIZE;
        region->page = (struct region_page *)first;
        region->limit = limit_of(options->limit);
        region->last_out = region->pages;
        replace_begin(&region->set, options->policy ? options->policy : &replace_clock, region_used);
    }
    upcall_release();
    return region;
}

void region_destroy(struct region *region)
{
    upcall_hold();
    for (struct replace_page *page; (page = REPLACE_FIRST(&region->set));)
        frame_free(region_remove(region, region_index(region, page)));
    if (region->pager->ops->close)
        region->pager->ops->close(region->pager);
    word_t first = region->first;
    region->first = 0; // from here on a fault there is one
    vm_release(first, region->address);
    upcall_release();
}

void *region_base(const struct region *region)
{
    return (void *)region->address;
}

struct region *region_of(const void *address)
{
    struct region *region = region_at((word_t)address);
    return region && (word_t)address >= region->address ? region : NULL;
}

struct region_counts region_counts(const struct region *region)
{
    return region->counts;
}

bool region_limit(struct region *region, size_t frames)
{
    bool kept = true;

    upcall_hold();
    region->limit = limit_of(frames);
    while (kept && region->counts.resident > region->limit) {
        page_t frame = region_take(region, region->pages);
        kept = frame != FRAME_NONE;
        if (kept)
            frame_free(frame);
    }
    upcall_release();
    return kept;
}

void region_policy(struct region *region, const struct replace_ops *policy)
{
    struct replace_page *page;
    struct replace_set old;

    upcall_hold();
    old = region->set;
    old.ring.next->previous = old.ring.previous->next = &old.ring; // also when it is empty
    replace_begin(&region->set, policy, region_used);
    old.ops = policy;
    while ((page = REPLACE_FIRST(&old))) {
        page->previous->next = page->next;
        page->next->previous = page->previous;
        replace_add(&region->set, page);
    }
    region->ticks = 0;
    upcall_release();
}

// The pages of a range that lie in the region: all that it touches, or, `whole`, those that it covers.
static void range_cut(const struct region *region, const void *start, size_t size, bool whole, size_t *first,
                      size_t *end)
{
    word_t low = (word_t)start, high = size > ~low ? ~0ul : low + size, bytes = region->pages * PAGE_SIZE;

    low = low < region->address ? 0 : low - region->address;
    high = high < region->address ? 0 : high - region->address;
    low = low < bytes ? low : bytes;
    high = high < bytes ? high : bytes;
    *first = whole ? PAGES_OF(low) : low / PAGE_SIZE;
    *end = whole ? high / PAGE_SIZE : PAGES_OF(high);
}

void region_tell(struct region *region, const void *address, size_t size, uint64_t when)
{
    size_t first, end;

    range_cut(region, address, size, false, &first, &end);
    for (size_t i = first; i < end; i++)
        region->page[i].replace.told = when;
}

void region_hold(struct region *region, const void *address, size_t size, bool hold)
{
    size_t first, end;

    range_cut(region, address, size, false, &first, &end);
    for (size_t i = first; i < end; i++)
        region->page[i].pinned = region->page[i].replace.held = hold;
}

// Whether what is kept of a page was ever written; looking at it would make it.
static bool kept_is_there(const struct region *region, size_t index)
{
    return vm_find((word_t)&region->page[index]).page != 0;
}

void region_discard(struct region *region, const void *address, size_t size)
{
    size_t first, end;

    range_cut(region, address, size, true, &first, &end);
    upcall_hold();
    for (size_t i = first; i < end; i++) {
        if (!kept_is_there(region, i))
            continue; // the page was never touched
        if (region->page[i].frame)
            frame_free(region_remove(region, i));
        region->page[i].lost = false;
        if (region->pager->ops->forget)
            region->pager->ops->forget(region->pager, i);
    }
    upcall_release();
}

long region_sync(struct region *region)
{
    long error = ERR_OK;

    upcall_hold();
    for (struct replace_page *page = REPLACE_FIRST(&region->set); page; page = replace_next(&region->set, page)) {
        size_t index = region_index(region, page);
        word_t address = region_address(region, index);
        if (!region->page[index].unsaved && !region_written(address))
            continue;
        long refused = region_save(region, index);
        if (refused == ERR_OK)
            vm_clear(address, 1, VM_DIRTY);
        else if (error == ERR_OK)
            error = refused;
    }
    upcall_release();
    return error;
}

// What is kept per page: a frame of its own, zeros, for as long as the region lives.
static bool kept_fault(word_t address)
{
    page_t frame = vm_frame(true);

    if (frame == FRAME_NONE)
        return vm_refuse("no free frame is left for what a region keeps per page");
    if (vm_map(address, frame, RIGHT_READ | RIGHT_WRITE) == ERR_OK)
        return true;
    frame_free(frame);
    return vm_refuse("no free frame is left for a page table");
}

/*
 * Finding out that no frame is free means looking at all there are. When it was so, the next faults do not look again:
 * they take a page's, as if the limit were reached. Frames that come meanwhile are noticed a little later.
 */
#define DRY_FAULTS 256
static size_t dry;

static page_t frame_fresh(void)
{
    page_t frame = dry == 0 ? frame_own() : FRAME_NONE;

    dry = dry > 0 ? dry - 1 : frame == FRAME_NONE ? DRY_FAULTS : 0;
    return frame;
}

/*
 * A frame for page `index`, and whether it is clear: a free one below the limit, else that of another page of the
 * region. Where no page can leave, the limit gives way before the program does; where no frame is free, other regions
 * give one.
 */
static page_t frame_take(struct region *region, size_t index, bool *clear)
{
    bool below = region->counts.resident < region->limit;
    page_t frame = below ? frame_fresh() : region_take(region, index);

    *clear = below;
    if (frame != FRAME_NONE)
        return frame;
    frame = below ? region_take(region, index) : frame_alloc();
    *clear = !below;
    if (frame != FRAME_NONE || region_reclaim(1) == 0)
        return frame;
    *clear = true;
    return frame_alloc();
}

void region_place(struct region *region, size_t index, page_t frame)
{
    struct region_page *page = &region->page[index];

    page->frame = (uint32_t)frame;
    page->replace.held = page->pinned;
    replace_add(&region->set, &page->replace);
    region->counts.resident++;
}

static bool page_in(struct region *region, size_t index)
{
    const word_t writable = RIGHT_READ | RIGHT_WRITE;
    word_t address = region_address(region, index);
    bool clear;
    page_t frame = frame_take(region, index, &clear);

    if (frame == FRAME_NONE)
        return vm_refuse("no frame is left for the region, and none of its pages can leave");
    if (vm_enter(address, (struct vm_mapping){frame, writable, VM_REGION}) != ERR_OK) {
        if (!region_owns(frame))
            return true; // it was taken by force just now: the access faults once more
        frame_free(frame);
        return vm_refuse("no free frame is left for a page table");
    }
    if (region->pager->ops->in(region->pager, index, (void *)address, clear) != ERR_OK) {
        frame_free(vm_unmap(address));
        return vm_refuse("the pager has no contents for the page");
    }
    // What was done to the page so far was the pager's doing.
    sys_pte_protect(0, address, 1, region->rights | CLEAR_ACCESSED | CLEAR_DIRTY);
    region_place(region, index, frame);
    region->last_in = index;
    region->counts.faults++;
    return true;
}

bool region_fault(word_t address, word_t need)
{
    struct region *region = region_at(address);

    if (!region)
        return vm_refuse("the address belongs to no region");
    if (address < region->address)
        return kept_fault(BASE(address));
    if ((region->rights & need) != need)
        return vm_refuse("the region does not allow this access");
    size_t index = (address - region->address) / PAGE_SIZE;
    if (region->page[index].frame && !region_check(region, index))
        return vm_refuse("the page does not allow this access");
    if (region->page[index].lost)
        return vm_refuse("the page's frame was taken by force, and with it what was written");
    return region->page[index].frame || page_in(region, index);
}
