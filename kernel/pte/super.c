// SPDX-License-Identifier: BSD-2-Clause
/*
 * Superpages: the range calls for 512 pages, which one entry of a level-1 table with a twin binds as a whole.
 * The frames were joined before (page_join), so that the one link pair beside the entry is their binding.
 */
#include "pte.h"

#define SUPER_SPAN (SUPER_PAGES * (word_t)PAGE_SIZE)

static bool super_is_valid(word_t address)
{
    return address % SUPER_SPAN == 0 && pte_range_is_valid(address, SUPER_PAGES);
}

sysret_t pte_map_super(space_t name, word_t address, page_t page, word_t rights, slot_t slot)
{
    if (!super_is_valid(address) || !pte_rights_can_bind(rights)) return refuse(ERR_RANGE);
    struct frame *frame = page_frame(page);
    if (frame == NULL)                                            return refuse(ERR_NOENT);
    enum error error;
    struct space *space = space_take(name, &error);
    if (space == NULL)                                            return refuse(error);

    struct pte_place place = pte_place_super(space, address);
    if (place.slot == NULL || place.link == NULL) {
        error = ERR_NOTABLE;
    } else if (*place.slot != 0) {
        error = ERR_BUSY; // another superpage, or a table
    } else {
        page_lock(frame);
        error = pte_may_bind(frame, rights, slot);
        if (error == ERR_OK && !page_is_joined(frame))
            error = ERR_KIND;
        if (error == ERR_OK) {
            page_bind(frame, place.link);
            *place.slot = pte_stored(pte_make(page, rights));
        }
        page_unlock(frame);
    }
    if (error == ERR_OK)
        space_flush(space, address, SUPER_PAGES); // walkers may keep that there was nothing at the upper level
    if (error == ERR_OK && rights & RIGHT_EXECUTE)
        space_fetch(space);
    lock_drop(&space->lock);
    return error == ERR_OK ? done(SUPER_PAGES) : refuse(error);
}

// The superpage at an address, NULL when there is none.
static pte_t *super_find(const struct space *space, word_t address)
{
    struct pte_place place = pte_place_super(space, address);
    return place.slot != NULL && pte_is_super(*place.slot) ? place.slot : NULL;
}

sysret_t pte_protect_super(space_t name, word_t address, word_t rights)
{
    if (!super_is_valid(address) || !pte_rights_are_valid(rights)) return refuse(ERR_RANGE);
    enum error error;
    struct space *space = space_take(name, &error);
    if (space == NULL)                                             return refuse(error);

    pte_t *slot = super_find(space, address);
    pte_t pte = slot != NULL ? *slot : 0;
    pte_t next = slot != NULL ? pte_with(pte_meant(pte), rights) : 0;
    if (slot == NULL) {
        error = ERR_NOTABLE;
    } else if (next == 0) {
        error = ERR_PERM;
    } else {
        pte_change(slot, pte, pte_stored(next));
        space_flush(space, address, SUPER_PAGES);
        if (rights & RIGHT_EXECUTE)
            space_fetch(space);
    }
    lock_drop(&space->lock);
    return error == ERR_OK ? done(SUPER_PAGES) : refuse(error);
}

sysret_t pte_unmap_super(space_t name, word_t address)
{
    if (!super_is_valid(address)) return refuse(ERR_RANGE);
    enum error error;
    struct space *space = space_take(name, &error);
    if (space == NULL)            return refuse(error);

    pte_t *slot = super_find(space, address);
    if (slot != NULL) {
        struct frame *frame = page_frame(pte_page(*slot));
        struct link *link = pte_place_super(space, address).link;
        *slot = 0;
        space_flush(space, address, SUPER_PAGES); // before the frames can become anybody else's
        page_lock(frame);
        page_unbind(frame, link);
        page_unlock(frame);
    }
    lock_drop(&space->lock);
    return slot != NULL ? done(SUPER_PAGES) : refuse(ERR_NOTABLE);
}
