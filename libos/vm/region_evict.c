// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who leaves a region: the policy is asked, the pager takes what was written, the frame is unbound. A and D bits are
 * read where the MMU writes them; a page whose A bit the policy has seen is noted, and the bits of all noted pages are
 * cleared together, a call for each run of neighbours, when the policy is done.
 */
#include <libos/start/start.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>
#include <libos/vm/region_internal.h>
#include <libos/vm/revoke.h>
#include <libos/vm/vm.h>

#define TICKS_PER_ROUND 8 // the policy has this many ticks while a whole region's worth of pages leaves

bool region_used(struct replace_set *set, struct replace_page *replace)
{
    struct region *region = (struct region *)((char *)set - offsetof(struct region, set));
    struct region_page *page = (struct region_page *)replace;
    size_t index = region_index(region, replace);

    if (page->noted || !vm_accessed(region_address(region, index)))
        return false;
    page->noted = true;
    page->next = region->noted;
    region->noted = page;
    return true;
}

// Clear the A bits that the policy has seen.
static void noted_settle(struct region *region)
{
    for (; region->noted; region->noted = region->noted->next) {
        size_t index = (size_t)(region->noted - region->page), first = index, end = index;
        if (!region->page[index].noted)
            continue; // a neighbour's run had it, or it has left
        while (first > 0 && region->page[first - 1].noted)
            first--;
        for (end = first; end < region->pages && region->page[end].noted; end++)
            region->page[end].noted = false;
        vm_clear(region_address(region, first), end - first, VM_ACCESSED);
    }
}

// The frame is data of ours: nobody took it by force.
bool region_owns(page_t frame)
{
    const volatile struct frame *entry = frame_entry(frame);
    return entry && entry->owner == self() && entry->kind == PAGE_DATA && !(entry->flags & PAGE_DYING);
}

page_t region_remove(struct region *region, size_t index)
{
    struct region_page *page = &region->page[index];

    page_t frame = vm_unmap(region_address(region, index));
    replace_remove(&region->set, &page->replace);
    page->frame = 0;
    page->noted = page->unsaved = false;
    region->counts.resident--;
    return frame;
}

long region_save(struct region *region, size_t index)
{
    word_t address = region_address(region, index);

    if (!region->page[index].unsaved && !region_written(address))
        return ERR_OK;
    if (!region->pager->ops->out)
        return ERR_STATE;
    word_t rights = vm_find(address).rights;
    if (!(rights & RIGHT_READ)) // the program took its own right to read
        sys_pte_protect(0, address, 1, RIGHT_READ);
    long error = region->pager->ops->out(region->pager, index, (const void *)address);
    if (!(rights & RIGHT_READ))
        sys_pte_protect(0, address, 1, rights);
    if (error == ERR_OK) {
        region->page[index].unsaved = false;
        region->counts.written++;
    }
    return error;
}

static void held_restore(struct region *region)
{
    struct replace_set *set = &region->set;

    for (struct replace_page *page = REPLACE_FIRST(set); page; page = replace_next(set, page))
        page->held = ((struct region_page *)page)->pinned;
}

// A tick of the policy's now and then: often enough that uses are told apart, seldom enough to be cheap.
static void policy_tick(struct region *region)
{
    if (!region->set.ops->tick || region->ticks-- > 0)
        return;
    region->ticks = region->counts.resident / TICKS_PER_ROUND;
    region->set.ops->tick(&region->set);
}

/*
 * An access that needs two pages at once must not have one of them sent away for the other for ever, as the policy mru
 * would: when the page that left last is wanted again, the one that came last stays.
 */
static bool last_hold(struct region *region, size_t wanted)
{
    bool hold = wanted == region->last_out && wanted < region->pages && region->page[region->last_in].frame;
    if (hold)
        region->page[region->last_in].replace.held = true;
    return hold;
}

page_t region_take(struct region *region, size_t wanted)
{
    page_t frame = FRAME_NONE;
    struct replace_page *victim;

    policy_tick(region);
    bool restore = last_hold(region, wanted);
    while (frame == FRAME_NONE && (victim = region->set.ops->pick(&region->set))) {
        size_t index = region_index(region, victim);
        if (region_check(region, index))
            continue; // somebody took it already
        if (region_save(region, index) == ERR_OK) {
            frame = region_remove(region, index);
            if (!region_owns(frame))
                frame = FRAME_NONE; // its contents are with the pager: nothing is lost with it
            region->last_out = index;
            region->counts.evicted++;
        } else {
            victim->held = restore = true; // it stays; another one
        }
    }
    if (restore)
        held_restore(region);
    noted_settle(region);
    return frame;
}

// The region whose pages go first: the largest of those that were not found empty-handed in this round.
static struct region *largest(const bool *spent)
{
    struct region *best = NULL;

    for (size_t i = 0; i < REGIONS_MAX; i++)
        if (regions[i].first && !spent[i] && regions[i].counts.resident > 0 &&
            (!best || regions[i].counts.resident > best->counts.resident))
            best = &regions[i];
    return best;
}

page_t region_reclaim_one(void)
{
    static bool running; // a pager that wants a frame itself does not start this again
    bool spent[REGIONS_MAX] = {false};
    struct region *region;
    page_t frame = FRAME_NONE;

    if (running)
        return FRAME_NONE;
    upcall_hold();
    running = true;
    while (frame == FRAME_NONE && (region = largest(spent))) {
        frame = region_take(region, region->pages);
        spent[region - regions] = true;
    }
    if (frame != FRAME_NONE)
        frame_free(frame);
    running = false;
    upcall_release();
    return frame;
}

size_t region_reclaim(size_t count)
{
    size_t freed = 0;

    while (freed < count && region_reclaim_one() != FRAME_NONE)
        freed++;
    return freed;
}

bool region_evict(void)
{
    return region_reclaim_one() != FRAME_NONE;
}

// What was done by force

/*
 * The frame of a page was taken. Its contents go on in `saved_in`; or the pager still has them, when nobody could write
 * the page; or they are gone, which whoever touches the page must be told.
 */
static void page_lost(struct region *region, size_t index, page_t saved_in)
{
    struct region_page *page = &region->page[index];
    word_t address = region_address(region, index);

    region_remove(region, index);
    page->lost = region->rights & RIGHT_WRITE && saved_in == FRAME_NONE;
    if (saved_in == FRAME_NONE)
        return;
    if (vm_enter(address, (struct vm_mapping){saved_in, (uint32_t)region->rights, VM_REGION}) != ERR_OK) {
        page->lost = true;
        frame_free(saved_in);
        return;
    }
    page->unsaved = true; // its new binding says nothing of what the old one noted
    region_place(region, index, saved_in);
}

bool region_lost(page_t frame, page_t saved_in)
{
    for (struct region *region = regions; region < regions + REGIONS_MAX; region++) {
        if (!region->first)
            continue;
        for (struct replace_page *page = REPLACE_FIRST(&region->set); page; page = replace_next(&region->set, page))
            if (((struct region_page *)page)->frame == frame) {
                page_lost(region, region_index(region, page), saved_in);
                return true;
            }
    }
    return false;
}

bool region_check(struct region *region, size_t index)
{
    struct region_page *page = &region->page[index];
    page_t frame = page->frame;

    if (frame == 0 || region_owns(frame))
        return false;
    revoke_losses();
    if (page->frame == frame)
        page_lost(region, index, FRAME_NONE); // the vector had no room for it, or there is none
    return true;
}
