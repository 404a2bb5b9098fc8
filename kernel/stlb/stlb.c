// SPDX-License-Identifier: BSD-2-Clause
// The software TLB; see stlb.h for what always holds.

#include "stlb.h"

#include "pte/pte.h"

#define LEAF_ENTRIES    512
#define STLB_GROW_BATCH 3  // frames one call makes ready
#define UNBIND_BATCH   16  // frames one call frees
#define FORGET_BUDGET  400 // looks of one piece of stlb_forget

/*
 * What a space without an STLB points to: the trap path of a hart that looked up the space's record before the STLB
 * went, and waited for the lock, finds nothing here.
 */
static const struct stlb_entry stlb_none = {.vpn = STLB_EMPTY};

static word_t entry_count(const struct space *space) { return stlb_is_bound(space) ? space->stlb_mask + 1 : 0; }

static struct stlb_entry *entry_at(const struct space *space, word_t address)
{
    return &space->stlb[address >> PAGE_SHIFT & space->stlb_mask];
}

struct stlb_entry *stlb_find(const struct space *space, word_t address)
{
    if (!stlb_is_bound(space))
        return NULL;
    struct stlb_entry *entry = entry_at(space, address);
    return entry->vpn == address >> PAGE_SHIFT ? entry : NULL;
}

static struct link *entry_link(const struct stlb_entry *entry)
{
    return (struct link *)&entry->next;
}

// Throws the leaf away, keeping what the hardware noted in it; true when there was one to flush.
static bool leaf_drop(struct stlb_entry *entry)
{
    pte_t *leaf = (pte_t *)entry->leaf;
    if (leaf == NULL || *leaf == 0)
        return false;
    entry->pte |= __atomic_exchange_n(leaf, 0, __ATOMIC_SEQ_CST) & PTE_FLAGS; // (5)
    return true;
}

static bool entry_is_dirty(const struct stlb_entry *entry)
{
    const pte_t *leaf = (const pte_t *)entry->leaf;
    return (entry->pte | (leaf != NULL ? *leaf : 0)) & PTE_D;
}

// The application writes to its ring what it likes. Whatever the tail says, it is read once, and only counts.
static bool ring_is_full(const struct space *space)
{
    if (space->ring == 0)
        return true;
    const struct dirty_ring *ring = page_memory(space->ring);
    return space->ring_head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) >= RING_ENTRIES;
}

static void ring_record(struct space *space, word_t address)
{
    struct dirty_ring *ring = page_memory(space->ring);
    ring->entries[space->ring_head % RING_ENTRIES] = address | 1;
    __atomic_store_n(&ring->head, ++space->ring_head, __ATOMIC_RELEASE);
}

void stlb_remove(struct space *space, struct stlb_entry *entry)
{
    if (leaf_drop(entry) && !space->dying) // a dying space was forgotten as a whole
        space_flush(space, entry->vpn << PAGE_SHIFT, 1);
    struct frame *frame = page_frame(pte_page(entry->pte));
    page_lock(frame);
    page_unbind(frame, entry_link(entry));
    page_unlock(frame);
    entry->vpn = STLB_EMPTY;
    entry->pte = 0;
    entry->leaf = 0;
    space->stlb_live--;
}

bool stlb_hide(struct space *space, word_t address)
{
    struct stlb_entry *entry = stlb_find(space, address);
    return entry != NULL && leaf_drop(entry);
}

void stlb_drop(struct space *space, word_t address)
{
    struct stlb_entry *entry = stlb_find(space, address);
    if (entry != NULL)
        stlb_remove(space, entry);
}

enum error stlb_protect(struct space *space, word_t address, word_t rights)
{
    struct stlb_entry *entry = stlb_find(space, address);
    if (entry == NULL)
        return ERR_NOTABLE;
    if (pte_with(entry->pte, rights) == 0)
        return ERR_PERM;
    leaf_drop(entry); // the caller flushes the whole range
    entry->pte = pte_with(entry->pte, rights);
    return ERR_OK;
}

void stlb_forget_begin(struct space *space, page_t table, word_t address)
{
    space->forget_page = table;
    space->forget_address = address;
    space->forget_next = 0;
}

/*
 * Entries of one table stand next to each other, so no more are looked at than the table has leaves. An entry that was
 * entered or refilled since then names the table that took this one's place, or none: it is left alone.
 */
bool stlb_forget(struct space *space)
{
    word_t first = space->forget_address >> PAGE_SHIFT;
    word_t count = entry_count(space) < LEAF_ENTRIES ? entry_count(space) : LEAF_ENTRIES;
    word_t budget = FORGET_BUDGET;
    for (; space->forget_next < count; space->forget_next++) {
        struct stlb_entry *entry = &space->stlb[(first & space->stlb_mask) + space->forget_next];
        bool ours = entry->leaf != 0 && physical((void *)entry->leaf) >> PAGE_SHIFT == space->forget_page;
        word_t cost = ours ? 3 : 1; // in units of a look
        if (budget < cost)
            return false;
        budget -= cost;
        if (ours) {
            leaf_drop(entry);
            entry->leaf = 0;
        }
    }
    space->forget_page = 0;
    return true;
}

bool stlb_refill(struct space *space, pte_t *slot, word_t address, word_t cause)
{
    struct stlb_entry *entry = stlb_find(space, address);
    if (entry == NULL || !pte_allows(entry->pte, cause))
        return false;
    if (entry->leaf != (uint64_t)slot) {
        leaf_drop(entry); // in a table that is being taken back
        entry->leaf = (uint64_t)slot;
    }
    pte_t leaf = entry->pte | pte_noted(cause);
    if (pte_hides)
        *slot = pte_stored(leaf | (*slot & PTE_FLAGS));
    else
        __atomic_fetch_or(slot, leaf, __ATOMIC_RELAXED); // another hart's walker may set D at this moment
    return true;
}

bool stlb_dismantle(struct space *space, word_t budget, struct shootdown *shootdown)
{
    for (; space->stlb_next < entry_count(space); space->stlb_next++) {
        bool live = space->stlb[space->stlb_next].vpn != STLB_EMPTY;
        word_t cost = live ? 8 : 1; // in units of a look
        if (budget < cost)
            return false;
        budget -= cost;
        if (live)
            stlb_remove(space, &space->stlb[space->stlb_next]);
    }
    for (; space->stlb_pages > 0; space->stlb_pages--) {
        page_t page = space->stlb_first + space->stlb_pages - 1;
        if (!pte_unbound(page_frame(page), shootdown))
            return false;
        page_unuse(page, false);
    }
    space->stlb_bound = 0;
    if (space->ring != 0) {
        if (!pte_unbound(page_frame(space->ring), shootdown))
            return false;
        page_unuse(space->ring, false);
        space->ring = 0;
    }
    return true;
}

bool stlb_invariant(const struct space *space)
{
    word_t live = 0;
    for (word_t i = 0; i < entry_count(space); i++) {
        const struct stlb_entry *entry = &space->stlb[i];
        live += entry->vpn != STLB_EMPTY;
        if (entry->vpn == STLB_EMPTY) {
            if (entry->next != 0 || entry->prev != 0 || entry->leaf != 0) // (1)
                return false;
            continue;
        }
        if ((entry->vpn & space->stlb_mask) != i) // (2)
            return false;
        const struct frame *frame = page_frame(pte_page(entry->pte));
        uint32_t name = page_link_name(entry_link(entry));
        if (frame == NULL || (entry->prev != 0 ? page_link(entry->prev)->next != name : frame->links != name)) // (1)
            return false;
        if (entry->leaf == 0)
            continue;
        struct pte_place place = pte_walk(space, entry->vpn << PAGE_SHIFT);
        if (space->forget_page != 0 && physical((void *)entry->leaf) >> PAGE_SHIFT == space->forget_page)
            continue; // a piece of stlb_forget is left
        if (place.slot != (pte_t *)entry->leaf || place.link != NULL) // (3)
            return false;
        if (*place.slot != 0 && (pte_meant(*place.slot) ^ entry->pte) & ~PTE_FLAGS) // (4)
            return false;
    }
    const struct frame *ring = space->ring != 0 ? page_frame(space->ring) : NULL;
    if (ring != NULL && (ring->kind != PAGE_RING || ring->detail != space->root)) // (6)
        return false;
    return live == space->stlb_live;
}

// Makes the next frame of a growing STLB; its entries are all empty.
static enum error stlb_grow(struct space *space, env_t self)
{
    page_t page = space->stlb_first + space->stlb_pages;
    enum error error = page_use(page, self, PAGE_STLB, space->root);
    if (error != ERR_OK)
        return error;
    struct stlb_entry *entries = page_memory(page);
    for (word_t i = 0; i < STLB_PER_PAGE; i++)
        entries[i].vpn = STLB_EMPTY;
    space->stlb_pages++;
    return ERR_OK;
}

static enum error stlb_begin(struct space *space, page_t first, word_t order, env_t self)
{
    space->stlb_first = first;
    space->stlb_order = order;
    return stlb_grow(space, self);
}

sysret_t sys_stlb_bind(space_t name, page_t first, word_t order)
{
    if (order > STLB_ORDER_MAX) return refuse(ERR_RANGE);
    STRUCTURE_LOCKED();
    enum error error;
    struct space *space = space_take(name, &error);
    if (space == NULL)
        return refuse(error);

    env_t self = env_self()->self;
    word_t pages = 1ul << order;
    bool growing = space->stlb_pages != 0 && space->stlb_first == first && space->stlb_order == order;
    if (stlb_is_bound(space) || (space->stlb_pages != 0 && !growing))
        error = ERR_BUSY;
    if (error == ERR_OK && !growing) { // the first piece only looks
        for (word_t i = 0; error == ERR_OK && i < pages; i++)
            error = page_usable(first + i, self);
        if (error == ERR_OK)
            error = stlb_begin(space, first, order, self);
    } else if (error == ERR_OK) {
        word_t before = space->stlb_pages;
        for (word_t batch = 0; error == ERR_OK && batch < STLB_GROW_BATCH && space->stlb_pages < pages; batch++)
            error = stlb_grow(space, self);
        if (space->stlb_pages != before)
            error = ERR_OK; // a piece is done; if a frame is no longer free, the next one says so
    }
    if (error == ERR_OK && space->stlb_pages < pages)
        error = ERR_AGAIN;
    if (error == ERR_OK) {
        space->stlb_mask = pages * STLB_PER_PAGE - 1;
        space->stlb_live = 0;
        space->stlb_next = 0;
        space->stlb = page_memory(first);
        space->stlb_bound = 1;
        for (struct env *env = space->envs; env != NULL; env = env->space_next)
            env->stlb = space;
    }
    lock_drop(&space->lock);
    return (sysret_t){error, space->stlb_pages};
}

sysret_t sys_stlb_unbind(space_t name)
{
    STRUCTURE_LOCKED();
    enum error error;
    struct space *space = space_take(name, &error);
    if (space == NULL)
        return refuse(error);

    if (space->stlb_pages == 0)
        error = ERR_STATE;
    else if (space->stlb_live != 0)
        error = ERR_BUSY;
    for (word_t i = 0; error == ERR_OK && i < space->stlb_pages; i++)
        if (page_frame(space->stlb_first + i)->bindings != 0)
            error = ERR_BUSY; // somebody looks at it
    if (error == ERR_OK) {
        for (struct env *env = space->envs; env != NULL; env = env->space_next)
            env->stlb = NULL;
        space->stlb_bound = 0;
        space->stlb_mask = 0;
        space->stlb = (struct stlb_entry *)&stlb_none;
        for (word_t batch = 0; batch < UNBIND_BATCH && space->stlb_pages > 0; batch++, space->stlb_pages--) {
            page_t page = space->stlb_first + space->stlb_pages - 1;
            if (!page_die_unbound(page_frame(page)))
                break; // another hart came to look at it just now
            page_unuse(page, false);
        }
        if (space->stlb_pages > 0)
            error = ERR_AGAIN;
    }
    lock_drop(&space->lock);
    return (sysret_t){error, 0};
}

sysret_t sys_stlb_ring(space_t name, page_t page)
{
    enum error error;
    struct space *space = space_take(name, &error);
    if (space == NULL)
        return refuse(error);

    if ((page == 0) == (space->ring == 0)) {
        error = ERR_STATE; // there is none to give back, or there is one already
    } else if (page != 0) {
        error = page_use(page, env_self()->self, PAGE_RING, space->root);
        if (error == ERR_OK) {
            space->ring = page;
            space->ring_head = 0;
        }
    } else if (!page_die_unbound(page_frame(space->ring))) {
        error = ERR_BUSY; // somebody looks at it
    } else {
        page_unuse(space->ring, false);
        space->ring = 0;
    }
    lock_drop(&space->lock);
    return (sysret_t){error, 0};
}

// Takes what an entry binds out of it, and records it when it is dirty; *displaced as stlb_enter answers.
static enum error stlb_displace(struct space *space, struct stlb_entry *entry, word_t *displaced)
{
    if (entry_is_dirty(entry) && ring_is_full(space))
        return ERR_FULL;
    if (leaf_drop(entry)) // until it is flushed, another hart may write to the page for the first time
        space_flush(space, entry->vpn << PAGE_SHIFT, 1);
    word_t address = entry->vpn << PAGE_SHIFT;
    *displaced = address | 1;
    if (entry->pte & PTE_D) {
        if (ring_is_full(space))
            return ERR_FULL; // it did; the binding stays, its leaf will be filled again
        ring_record(space, address);
        *displaced |= 2;
    }
    stlb_remove(space, entry);
    return ERR_OK;
}

sysret_t sys_stlb_enter(space_t name, word_t address, page_t page, word_t rights, slot_t slot)
{
    if (!pte_range_is_valid(address, 1))               return refuse(ERR_RANGE);
    if (!pte_rights_can_bind(rights))                  return refuse(ERR_RANGE);
    struct frame *frame = page_frame(page);
    if (frame == NULL)                                 return refuse(ERR_NOENT);
    enum error error;
    struct space *space = space_take(name, &error);
    if (space == NULL)
        return refuse(error);

    word_t displaced = 0;
    struct pte_place place = pte_place(space, address);
    struct pte_place super = pte_place_super(space, address);
    if (!stlb_is_bound(space) || place.link != NULL || (super.slot != NULL && pte_is_super(*super.slot))) {
        error = ERR_STATE; // no STLB, or a pinned table or a superpage covers the address
    } else if (entry_at(space, address)->vpn == address >> PAGE_SHIFT) {
        error = ERR_BUSY;
    } else {
        page_lock(frame);
        error = page_is_joined(frame) ? ERR_KIND : pte_may_bind(frame, rights, slot);
        page_unlock(frame);
    }
    if (error == ERR_OK) {
        struct stlb_entry *entry = entry_at(space, address);
        if (entry->vpn != STLB_EMPTY)
            error = stlb_displace(space, entry, &displaced);
    }
    if (error == ERR_OK) {
        struct stlb_entry *entry = entry_at(space, address);
        page_lock(frame);
        error = pte_may_bind(frame, rights, slot); // it may have changed hands meanwhile
        if (error == ERR_OK) {
            page_bind(frame, entry_link(entry));
            entry->pte = pte_make(page, rights);
            entry->leaf = (uint64_t)place.slot;
            entry->vpn = address >> PAGE_SHIFT;
            space->stlb_live++;
        }
        page_unlock(frame);
    }
    if (error == ERR_OK && rights & RIGHT_EXECUTE)
        space_fetch(space);
    lock_drop(&space->lock);
    return error == ERR_OK ? done(displaced) : refuse(error);
}
