// SPDX-License-Identifier: BSD-2-Clause
/*
 * The range calls as most of them come: one page of the caller's own, in its own space, over a table that was
 * used last. Each decides with as few looks as there can be; when one of them fails nothing has changed, and
 * the general form (pte.c) finds out what is wrong, or how it is done.
 *
 * These functions call nothing, so they need no stack frame, and this file is compiled without.
 */
#include "pte.h"

#define ENTRIES     512
#define LEVEL0_SPAN (PAGE_SIZE * (word_t)ENTRIES)
#define INDEX(address) ((address) >> PAGE_SHIFT & (ENTRIES - 1))

// Code is for the general form, which has it fetched anew.
#define RIGHTS_BIND_MASK  (1ul << 2 | 1ul << 6) // as pte_rights_can_bind, without X
#define RIGHTS_END        (PTE_D << 1)
#define RIGHTS_ARE(mask, rights) ((rights) < RIGHTS_END && (mask) >> ((rights) & 63) & 1) // A and D, bits 6 and 7, beside
// As pte_rights_are_valid with flags beside, and R, which all but the rarest have; without X.
#define RIGHTS_READ_AND(rights) (((rights) & ~(RIGHT_READ | RIGHT_WRITE | PTE_FLAGS)) == 0 && (rights) & RIGHT_READ)

// Page 0 is never bound; every other page under a table that exists is the environment's.
#define ONE_PAGE_VALID(address) ((address) % PAGE_SIZE == 0 && (address) != 0)

static inline bool walk_is(const struct space *space, word_t address)
{
    return space->walk_tag == address / LEVEL0_SPAN;
}

_Static_assert(PTE_MAY_W == RIGHT_WRITE << 6 && PTE_MAY_X == RIGHT_EXECUTE << 6, "what an entry may have stands 6 bits higher");

// Only this hart may remember anything of the space; the stores to its tables come before the look.
static inline bool runs_here_only(struct space *space)
{
    hw_order();
    return __builtin_expect(__atomic_load_n(&space->ran, __ATOMIC_RELAXED) == 1ul << hart_self()->index, 1);
}

sysret_t sys_pte_map(space_t name, word_t address, page_t page, size_t count, word_t rights, slot_t slot)
{
    if (name != 0 || count != 1 || slot != CAP_NONE)
        return pte_map_range(name, address, page, count, rights, slot);
    struct env *self = env_self();
    struct space *space = self->space;
    if (!ONE_PAGE_VALID(address) || page - pages.first >= pages.count || !RIGHTS_ARE(RIGHTS_BIND_MASK, rights))
        return pte_map_range(0, address, page, 1, rights, CAP_NONE); // spelled out, so that nothing need be kept

    struct frame *frame = &pages.table[page - pages.first];
    lock_take(&space->lock);
    pte_t *slot_one = &space->walk_table[INDEX(address)];
    if (walk_is(space, address) && *slot_one == 0 && page_try_lock(frame, PAGE_DATA)) {
        if (frame->owner == self->self) {
            page_bind(frame, &space->walk_links[INDEX(address)]);
            *slot_one = pte_make(page, rights);
            page_unlock(frame);
            hw_fence_page(address, space->asid);
            lock_drop(&space->lock);
            return done(1);
        }
        page_unlock(frame);
    }
    lock_drop(&space->lock);
    return pte_map_range(0, address, page, 1, rights, CAP_NONE);
}

// The entry is changed, and other harts ran the space. Its lock is held.
__attribute__((noinline)) static sysret_t protect_elsewhere(struct space *space, word_t address)
{
    space_flush(space, address, 1);
    lock_drop(&space->lock);
    return done(1);
}

sysret_t sys_pte_protect(space_t name, word_t address, size_t count, word_t rights)
{
    if (name != 0 || count != 1)
        return pte_protect_range(name, address, count, rights);
    struct space *space = env_self()->space;
    if (!ONE_PAGE_VALID(address) || !RIGHTS_READ_AND(rights))
        return pte_protect_range(0, address, 1, rights);

    lock_take(&space->lock);
    if (walk_is(space, address)) {
        pte_t *slot = &space->walk_table[INDEX(address)];
        pte_t pte = *slot;
        // It is live, and was bound with W if that is asked for: all of these bits are set.
        const pte_t need = PTE_U | (rights & RIGHT_WRITE) << 6;
        if ((pte & need) == need) {
            pte_change(slot, pte, (pte & ~(PTE_RIGHTS | (rights & PTE_FLAGS))) | (rights & PTE_RIGHTS) | PTE_V);
            if (!runs_here_only(space))
                return protect_elsewhere(space, address);
            hw_fence_page(address, space->asid);
            lock_drop(&space->lock);
            return done(1);
        }
    }
    lock_drop(&space->lock);
    return pte_protect_range(0, address, 1, rights);
}

static inline sysret_t unmap_finish(struct space *space, word_t address, page_t page)
{
    struct frame *frame = &pages.table[page - pages.first];
    page_lock(frame);
    page_unbind(frame, &space->walk_links[INDEX(address)]);
    page_unlock(frame);
    lock_drop(&space->lock);
    return done(1);
}

__attribute__((noinline)) static sysret_t unmap_elsewhere(struct space *space, word_t address, page_t page)
{
    space_flush(space, address, 1);
    return unmap_finish(space, address, page);
}

sysret_t sys_pte_unmap(space_t name, word_t address, size_t count)
{
    if (name != 0 || count != 1)
        return pte_unmap_range(name, address, count);
    struct space *space = env_self()->space;
    if (!ONE_PAGE_VALID(address))
        return pte_unmap_range(0, address, 1);

    lock_take(&space->lock);
    pte_t *slot = &space->walk_table[INDEX(address)];
    if (!walk_is(space, address) || pte_page(*slot) - pages.first >= pages.count) {
        lock_drop(&space->lock);
        return pte_unmap_range(0, address, 1);
    }
    page_t page = pte_page(*slot);
    *slot = 0;
    if (!runs_here_only(space)) // the flush comes before the frame can become anybody else's
        return unmap_elsewhere(space, address, page);
    hw_fence_page(address, space->asid);
    return unmap_finish(space, address, page);
}
