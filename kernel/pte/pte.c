// SPDX-License-Identifier: BSD-2-Clause
// Page tables and pinned bindings; see pte.h for what always holds.

#include "pte.h"

#include "cap/cap.h"
#include "stlb/stlb.h"

#define ENTRIES     512
#define MAP_BATCH   32 // pages one piece binds or unbinds; changing rights is cheaper, PTE_BATCH fit a piece
#define CACHE_BATCH 16 // ... or changes in the STLB
#define TABLE_LOOK  40 // what looking through a whole table costs a destruction, in bindings
#define LEVEL0_SPAN (PAGE_SIZE * (word_t)ENTRIES)      // 2 MiB
#define LEVEL1_SPAN (LEVEL0_SPAN * ENTRIES)            // 1 GiB
#define INDEX(address, level) ((address) >> (PAGE_SHIFT + 9 * (level)) & (ENTRIES - 1))

bool pte_hides;

pte_t pte_hidden(pte_t pte)
{
    if (pte & PTE_W && !(pte & PTE_D))
        pte ^= PTE_W | PTE_HIDDEN_W;
    return pte & PTE_A ? pte : pte & ~PTE_V;
}

pte_t pte_seen(pte_t pte)
{
    if (pte & PTE_HIDDEN_W)
        pte ^= PTE_W | PTE_HIDDEN_W;
    return pte & PTE_RIGHTS ? pte | PTE_V : pte;
}

static pte_t *table_of(pte_t pte) { return page_memory(pte_page(pte)); }

// The entry that leads to the table of this level over an address, NULL when the level above is missing.
static pte_t *table_slot(const struct space *space, word_t address, word_t level)
{
    pte_t *entry = &space_root(space)[INDEX(address, 2)];
    if (level == 1 || *entry == 0)
        return level == 1 ? entry : NULL;
    return &table_of(*entry)[INDEX(address, 1)];
}

struct pte_place pte_walk(const struct space *space, word_t address)
{
    pte_t *entry = table_slot(space, address, 0);
    if (entry == NULL || *entry == 0 || pte_is_super(*entry))
        return (struct pte_place){NULL, NULL};
    word_t index = INDEX(address, 0);
    page_t twin = detail_partner(page_frame(pte_page(*entry))->detail);
    struct link *links = twin != 0 ? page_memory(twin) : NULL;
    return (struct pte_place){&table_of(*entry)[index], links != NULL ? &links[index] : NULL};
}

struct pte_place pte_place(struct space *space, word_t address)
{
    struct pte_place place = pte_walk(space, address);
    if (place.link != NULL) {
        word_t index = INDEX(address, 0);
        space->walk_tag = pte_hides ? SPACE_NO_WALK : address / LEVEL0_SPAN; // one.c hides nothing
        space->walk_table = place.slot - index;
        space->walk_links = place.link - index;
    }
    return place;
}

struct pte_place pte_place_super(const struct space *space, word_t address)
{
    pte_t upper = space_root(space)[INDEX(address, 2)];
    if (upper == 0)
        return (struct pte_place){NULL, NULL};
    page_t twin = detail_partner(page_frame(pte_page(upper))->detail);
    struct link *links = twin != 0 ? page_memory(twin) : NULL;
    word_t index = INDEX(address, 1);
    return (struct pte_place){&table_of(upper)[index], links != NULL ? &links[index] : NULL};
}

bool pte_range_is_valid(word_t address, size_t count)
{
    return address % PAGE_SIZE == 0 && address >= USER_FIRST && address < USER_END && count != 0 &&
           count <= (USER_END - address) / PAGE_SIZE;
}

bool pte_rights_are_valid(word_t rights)
{
    rights &= ~PTE_FLAGS;
    if (rights & ~(word_t)RIGHTS_FRAME)
        return false;
    return !(rights & RIGHT_WRITE) || (rights & RIGHT_READ); // Sv39 has no write-only pages
}

bool pte_rights_can_bind(word_t rights)
{
    return pte_rights_are_valid(rights) && rights & RIGHT_READ;
}

bool pte_allows(pte_t pte, word_t cause)
{
    switch (cause) {
    case 12: return pte & PTE_X;
    case 13: return pte & PTE_R;
    case 15: return pte & PTE_W;
    default: return false;
    }
}

// Notes an access in a pinned entry that allows it.
static bool pinned_fault(pte_t *slot, word_t cause)
{
    pte_t pte = pte_meant(*slot);
    if (!pte_allows(pte, cause))
        return false;
    if (pte_hides)
        *slot = pte_stored(pte | pte_noted(cause));
    else
        __atomic_fetch_or(slot, pte_noted(cause), __ATOMIC_RELAXED); // (6)
    return true;
}

bool pte_fault(struct space *space, word_t address, word_t cause)
{
    if (address >= USER_END)
        return false;
    lock_take(&space->lock);
    struct pte_place place = pte_place_super(space, address);
    if (place.slot == NULL || !pte_is_super(*place.slot))
        place = pte_walk(space, address);
    bool noted = false;
    if (place.slot != NULL)
        noted = place.link != NULL ? pinned_fault(place.slot, cause) : stlb_refill(space, place.slot, address, cause);
    if (noted)
        hw_fence_page(address & ~(word_t)(PAGE_SIZE - 1), space->asid);
    lock_drop(&space->lock);
    return noted;
}

enum error pte_may_bind(struct frame *frame, word_t rights, slot_t slot)
{
    struct env *self = env_self();
    rights &= ~PTE_FLAGS;
    if (frame->kind == PAGE_NONE)   return ERR_NOENT;
    if (frame->flags & PAGE_DYING)  return ERR_DYING;
    if (slot != CAP_NONE) {
        enum error error;
        const struct cap *cap = cap_alive(self, slot, &error);
        if (cap == NULL)             return error;
        if (cap->frame != frame)     return ERR_PERM;
        if (rights & ~cap->rights)   return ERR_PERM;
        return ERR_OK; // capabilities are only ever made to data and device frames
    }
    if (frame->kind == PAGE_SAVE && frame->detail == self->self) return ERR_OK;
    if (!env_acts_for(self->self, frame->owner))                 return ERR_PERM;
    if (frame->kind == PAGE_FREE || frame->kind == PAGE_PART)    return ERR_KIND;
    if (frame->kind == PAGE_DATA || frame->kind == PAGE_DEVICE || frame->kind == PAGE_SAVE) return ERR_OK;
    if (frame->kind == PAGE_RING && !(rights & RIGHT_EXECUTE))   return ERR_OK;
    return rights == RIGHT_READ ? ERR_OK : ERR_KIND; // invariant (5)
}

space_t pte_root(const struct frame *table)
{
    if (table->kind != PAGE_TABLE)
        return 0;
    page_t twin = detail_partner(table->detail);
    return detail_root(twin != 0 ? page_frame(twin)->detail : table->detail);
}

// Empties one pinned level-0 table; true when no entry is left. The space is dying: nothing to flush.
static bool table_empty(pte_t *table, struct link *links, word_t *budget)
{
    for (word_t i = 0; i < ENTRIES; i++) {
        if (table[i] == 0)
            continue;
        if (*budget == 0)
            return false;
        --*budget;
        struct frame *frame = page_frame(pte_page(table[i]));
        table[i] = 0;
        page_lock(frame);
        page_unbind(frame, &links[i]);
        page_unlock(frame);
    }
    return true;
}

// Takes the frames of a table out of the tree; false when somebody looked at them.
static bool table_free(struct space *space, pte_t *entry, struct shootdown *shootdown)
{
    struct frame *table = page_frame(pte_page(*entry));
    page_t twin = detail_partner(table->detail);
    if (!pte_unbound(table, shootdown) || (twin != 0 && !pte_unbound(page_frame(twin), shootdown)))
        return false;
    *entry = 0;
    space->walk_tag = SPACE_NO_WALK;
    page_unuse(page_name(table), false);
    if (twin != 0)
        page_unuse(twin, false);
    return true;
}

// Most of a level-1 table is empty: eight entries without a table cost what one with a table does.
static bool is_bare(const pte_t *entry, word_t address)
{
    return INDEX(address, 1) + 8 < ENTRIES && (entry[0] | entry[1] | entry[2] | entry[3] | entry[4] | entry[5] | entry[6] | entry[7]) == 0;
}

bool pte_dismantle(struct space *space, word_t budget, struct shootdown *shootdown)
{
    word_t address = space->destroy_next;
    while (address < USER_END) {
        if (budget-- == 0)
            break;
        pte_t *upper = table_slot(space, address, 1);
        if (*upper == 0) {
            address = (address | (LEVEL1_SPAN - 1)) + 1;
            continue;
        }
        pte_t *lower = table_slot(space, address, 0);
        if (is_bare(lower, address)) {
            address += 8 * LEVEL0_SPAN;
            continue;
        }
        if (*lower != 0 && pte_is_super(*lower)) {
            struct frame *frame = page_frame(pte_page(*lower));
            *lower = 0;
            page_lock(frame);
            page_unbind(frame, pte_place_super(space, address).link);
            page_unlock(frame);
        } else if (*lower != 0) {
            page_t twin = detail_partner(page_frame(pte_page(*lower))->detail);
            if (budget < TABLE_LOOK)
                break;
            budget -= TABLE_LOOK;
            if (twin != 0 && !table_empty(table_of(*lower), page_memory(twin), &budget))
                break;
            if (!table_free(space, lower, shootdown))
                break;
            space->tables--;
        }
        word_t next = (address | (LEVEL0_SPAN - 1)) + 1;
        if (next % LEVEL1_SPAN == 0) {
            if (!table_free(space, upper, shootdown))
                break;
            space->tables--;
        }
        address = next;
    }
    space->destroy_next = address;
    if (address < USER_END || !pte_taken_finish(space, 0, 0))
        return false;
    if (space->forget_page != 0)
        page_unuse(space->forget_page, false);
    space->forget_page = 0;
    return true;
}

// (7)
static bool flags_invariant(pte_t pte)
{
    if (!pte_hides)
        return !(pte & PTE_HIDDEN_W);
    return (pte & PTE_A || !(pte & PTE_V)) && (pte & PTE_D || !(pte & PTE_W)) && (!(pte & PTE_HIDDEN_W) || pte & PTE_MAY_W);
}

static bool table_invariant(const struct space *space, word_t address, const struct frame *frame)
{
    page_t twin = detail_partner(frame->detail);
    const pte_t *table = page_memory(page_name(frame));
    for (word_t i = 0; i < ENTRIES; i++) {
        if (table[i] == 0)
            continue;
        const struct frame *bound = page_frame(pte_page(table[i]));
        if (bound == NULL || bound->bindings == 0)
            return false;
        if (twin == 0) { // (2)
            const struct stlb_entry *entry = stlb_find(space, address + i * PAGE_SIZE);
            if (entry == NULL || pte_page(entry->pte) != pte_page(table[i]) || !flags_invariant(table[i]))
                return false;
            continue;
        }
        uint32_t name = page_link_name((struct link *)page_memory(twin) + i); // (1)
        const struct link *link = page_link(name);
        if (link->prev != 0 ? page_link(link->prev)->next != name : bound->links != name)
            return false;
        if (!flags_invariant(table[i]))
            return false;
        if ((table[i] & PTE_W && !(table[i] & PTE_MAY_W)) || (table[i] & PTE_X && !(table[i] & PTE_MAY_X))) // (3)
            return false;
        bool writable_kind = bound->kind == PAGE_DATA || bound->kind == PAGE_DEVICE || bound->kind == PAGE_SAVE;
        writable_kind |= bound->kind == PAGE_RING && !(table[i] & PTE_X);
        if (!writable_kind && table[i] & (PTE_W | PTE_X | PTE_HIDDEN_W)) // (5)
            return false;
    }
    return true;
}

static bool super_invariant(const struct space *space, word_t address)
{
    struct pte_place place = pte_place_super(space, address);
    const struct frame *bound = page_frame(pte_page(*place.slot));
    if (place.link == NULL || !page_is_joined(bound) || !flags_invariant(*place.slot))
        return false;
    uint32_t name = page_link_name(place.link); // (1)
    return place.link->prev != 0 ? page_link(place.link->prev)->next == name : bound->links == name;
}

bool pte_invariant(const struct space *space)
{
    word_t count = 0;
    for (word_t i = 0; i < ENTRIES / 2; i++) {
        pte_t upper = space_root(space)[i];
        if (upper == 0)
            continue;
        count++;
        if (page_frame(pte_page(upper))->kind != PAGE_TABLE)
            return false;
        for (word_t j = 0; j < ENTRIES; j++) {
            pte_t lower = table_of(upper)[j];
            if (lower == 0)
                continue;
            if (pte_is_super(lower)) {
                if (!super_invariant(space, i * LEVEL1_SPAN + j * LEVEL0_SPAN))
                    return false;
                continue;
            }
            count++;
            const struct frame *frame = page_frame(pte_page(lower));
            if (frame->kind != PAGE_TABLE || pte_root(frame) != space->root)
                return false;
            if (!table_invariant(space, i * LEVEL1_SPAN + j * LEVEL0_SPAN, frame))
                return false;
        }
    }
    return count == space->tables;
}

sysret_t sys_pte_table(space_t name, word_t address, word_t level, page_t page, page_t twin)
{
    if (address >= USER_END || level > 1 || page == twin) return refuse(ERR_RANGE);
    enum error error;
    struct space *space = space_take(name, &error);
    if (space == NULL)
        return refuse(error);

    env_t self = env_self()->self;
    word_t region = (address & ~((level == 0 ? LEVEL0_SPAN : LEVEL1_SPAN) - 1)) / LEVEL0_SPAN;
    pte_t *entry = table_slot(space, address, level);
    if (entry == NULL)
        error = ERR_NOTABLE;
    else if (*entry != 0)
        error = ERR_BUSY;
    else if (twin == 0 || (error = page_usable(twin, self)) == ERR_OK)
        error = page_use(page, self, PAGE_TABLE, twin != 0 ? detail_make(twin, region) : detail_make(region | DETAIL_REGION, space->root));
    if (error == ERR_OK && twin != 0 && (error = page_use(twin, self, PAGE_TWIN, detail_make(page, space->root))) != ERR_OK)
        page_unuse(page, false); // another hart took the twin in between
    if (error == ERR_OK) {
        page_frame(page)->order = (uint8_t)level;
        *entry = page << PTE_PPN_SHIFT | PTE_V;
        space->tables++;
        space_flush(space, 0, ~0ul); // walkers may keep that there was none, and no fault would end that
    }
    lock_drop(&space->lock);
    return error == ERR_OK ? done(0) : refuse(error);
}

bool pte_table_is_empty(const pte_t *table)
{
    pte_t any = 0;
    for (word_t i = 0; i < ENTRIES; i += 4)
        any |= table[i] | table[i + 1] | table[i + 2] | table[i + 3];
    return any == 0;
}

static enum error forget_continue(struct space *space)
{
    page_t table = space->forget_page;
    if (!stlb_forget(space))
        return ERR_AGAIN;
    page_unuse(table, false);
    return ERR_OK;
}

// False when a table or its twin is bound somewhere; then nothing has changed.
static bool tables_die(struct frame *table, page_t twin)
{
    if (!page_die_unbound(table))
        return false;
    if (twin == 0 || page_die_unbound(page_frame(twin)))
        return true;
    page_live(table);
    return false;
}

sysret_t sys_pte_untable(space_t name, word_t address, word_t level)
{
    if (address >= USER_END || level > 1) return refuse(ERR_RANGE);
    enum error error;
    struct space *space = space_take(name, &error);
    if (space == NULL)
        return refuse(error);

    address &= level == 0 ? ~(LEVEL0_SPAN - 1) : ~(LEVEL1_SPAN - 1);
    if (level == 0 && space->forget_page != 0) { // one at a time
        error = space->forget_address == address ? forget_continue(space) : ERR_BUSY;
        lock_drop(&space->lock);
        return (sysret_t){error, 0};
    }
    if (!pte_taken_finish(space, 0, 0)) { // what an abort left
        lock_drop(&space->lock);
        return again(0);
    }
    pte_t *entry = table_slot(space, address, level);
    struct frame *table = entry != NULL && *entry != 0 && !pte_is_super(*entry) ? page_frame(pte_page(*entry)) : NULL;
    page_t twin = table != NULL ? detail_partner(table->detail) : 0;
    bool cache = level == 0 && twin == 0;
    if (table == NULL)
        error = ERR_NOTABLE;
    else if (!cache && !pte_table_is_empty(table_of(*entry)))
        error = ERR_BUSY;
    else if (!tables_die(table, twin))
        error = ERR_BUSY; // somebody looks at them
    if (error == ERR_OK) {
        *entry = 0;
        space->walk_tag = SPACE_NO_WALK;
        space_flush(space, 0, ~0ul); // walkers may keep upper levels, too
        space->tables--;
        if (cache && stlb_is_bound(space)) {
            stlb_forget_begin(space, page_name(table), address);
            error = forget_continue(space);
        } else {
            page_unuse(page_name(table), false);
            if (twin != 0)
                page_unuse(twin, false);
        }
    }
    lock_drop(&space->lock);
    return (sysret_t){error, 0};
}

// How many pages behind an address, at most `count`, lie under one table.
static word_t table_run(word_t address, word_t count)
{
    word_t run = ENTRIES - INDEX(address, 0);
    return count < run ? count : run;
}

/*
 * The frequent run: data frames of the caller's own, pinned under one table. Stops in front of the first that is anything
 * else, which is for the general form to bind or to refuse. 36 instructions a page.
 */
static word_t map_run(struct pte_place place, page_t page, word_t count, pte_t pte)
{
    const env_t self = env_self()->self;
    word_t mapped = 0;

    if (place.link == NULL || page - pages.first >= pages.count || count > pages.count - (page - pages.first))
        return 0;
    struct frame *frame = &pages.table[page - pages.first];
    for (; mapped < count && *place.slot == 0 && page_try_lock(frame, PAGE_DATA); mapped++, frame++) {
        bool own = frame->owner == self;
        if (own) {
            page_bind(frame, place.link++);
            *place.slot++ = pte;
            pte += 1ul << PTE_PPN_SHIFT;
        }
        page_unlock(frame);
        if (!own)
            break;
    }
    return mapped;
}

sysret_t pte_map_range(space_t name, word_t address, page_t page, size_t count, word_t rights, slot_t slot)
{
    if (count == SUPER_PAGES)
        return pte_map_super(name, address, page, rights, slot);
    if (!pte_range_is_valid(address, count) || count > PTE_BATCH) return refuse(ERR_RANGE);
    if (!pte_rights_can_bind(rights))                             return refuse(ERR_RANGE);
    enum error error;
    struct space *space = space_take(name, &error);
    if (space == NULL)
        return refuse(error);

    struct pte_place place = {0};
    pte_t pte = pte_stored(pte_make(page, rights));
    word_t mapped = 0;
    if (count > MAP_BATCH)
        count = MAP_BATCH;
    if (slot == CAP_NONE && count > 1)
        mapped = map_run(pte_place(space, address), page, table_run(address, count), pte);
    pte += mapped << PTE_PPN_SHIFT;
    for (; mapped < count; mapped++, pte += 1ul << PTE_PPN_SHIFT) {
        word_t at = address + mapped * PAGE_SIZE;
        if (place.slot == NULL || at % LEVEL0_SPAN == 0)
            place = pte_place(space, at);
        else
            place.slot++, place.link++;
        struct frame *frame = page_frame(page + mapped);
        if (place.slot == NULL || place.link == NULL) { error = ERR_NOTABLE; break; }
        if (frame == NULL)                            { error = ERR_NOENT; break; }
        if (*place.slot != 0)                         { error = ERR_BUSY; break; }
        page_lock(frame);
        error = page_is_joined(frame) ? ERR_KIND : pte_may_bind(frame, rights, slot);
        if (error == ERR_OK) {
            page_bind(frame, place.link);
            *place.slot = pte;
        }
        page_unlock(frame);
        if (error != ERR_OK)
            break;
    }
    // Another hart may have bound the page first, while this one still remembers that there was none.
    if (mapped == 1 || error == ERR_BUSY)
        hw_fence_page(address, space->asid);
    if (mapped > 1)
        hw_fence_space(space->asid);
    if (mapped != 0 && rights & RIGHT_EXECUTE)
        space_fetch(space);
    lock_drop(&space->lock);
    return mapped != 0 ? done(mapped) : refuse(error);
}

// Gives entries other bits, where `mask` is set, until one lacks what it needs; where it stopped. 8 instructions a page.
static inline pte_t *protect_run(pte_t *slot, pte_t *end, pte_t need, pte_t mask, pte_t bits)
{
    for (; slot < end; slot++) {
        pte_t pte = *slot;
        if ((pte & need) != need)
            break;
        __atomic_fetch_xor(slot, (pte ^ bits) & mask, __ATOMIC_RELAXED); // (6)
    }
    return slot;
}

static pte_t *protect_hidden(pte_t *slot, pte_t *end, pte_t need, pte_t mask, pte_t bits)
{
    for (; slot < end && (*slot & need) == need; slot++)
        *slot = pte_hidden((pte_seen(*slot) & ~mask) | bits); // (7)
    return slot;
}

sysret_t pte_protect_range(space_t name, word_t address, size_t count, word_t rights)
{
    if (count == SUPER_PAGES)
        return pte_protect_super(name, address, rights);
    if (!pte_range_is_valid(address, count) || count > PTE_BATCH) return refuse(ERR_RANGE);
    if (!pte_rights_are_valid(rights))                            return refuse(ERR_RANGE);
    enum error error;
    struct space *space = space_take(name, &error);
    if (space == NULL)
        return refuse(error);

    // An entry that is live and may have these rights has all bits of `need`.
    const pte_t mask = PTE_V | PTE_RIGHTS | (rights & PTE_FLAGS);
    const pte_t bits = (rights & PTE_RIGHTS) | (rights & PTE_RIGHTS ? PTE_V : 0);
    const pte_t need = PTE_U | (rights & RIGHT_WRITE ? PTE_MAY_W : 0) | (rights & RIGHT_EXECUTE ? PTE_MAY_X : 0);
    word_t changed = 0, cached = 0;
    while (changed < count && cached < CACHE_BATCH) {
        word_t at = address + changed * PAGE_SIZE;
        struct pte_place place = pte_place(space, at);
        if (place.link == NULL) { // not pinned: in the STLB, or nowhere
            error = stlb_protect(space, at, rights);
            if (error != ERR_OK)
                break;
            changed++;
            cached++;
            continue;
        }
        word_t run = ENTRIES - INDEX(at, 0);
        pte_t *end = place.slot + (run < count - changed ? run : count - changed);
        pte_t *slot = place.slot;
        if (__builtin_expect(pte_hides, 0))
            slot = protect_hidden(slot, end, need, mask, bits);
        else
            slot = protect_run(slot, end, need, mask, bits);
        changed += (word_t)(slot - place.slot);
        if (slot != end) {
            error = *slot == 0 ? ERR_NOTABLE : ERR_PERM;
            break;
        }
    }
    if (changed != 0)
        space_flush(space, address, changed);
    if (changed != 0 && rights & RIGHT_EXECUTE)
        space_fetch(space);
    lock_drop(&space->lock);
    return changed != 0 ? done(changed) : refuse(error);
}

// From the place of one page to that of the next.
static struct pte_place place_next(struct space *space, struct pte_place place, word_t address, bool first)
{
    if (first || address % LEVEL0_SPAN == 0)
        return pte_place(space, address);
    if (place.slot != NULL)
        place.slot++;
    if (place.link != NULL)
        place.link++;
    return place;
}

// Pinned pages under one table: first nobody reaches them any more, ...
static bool run_hide(pte_t *slot, word_t count)
{
    pte_t any = 0;
    for (pte_t *end = slot + count; slot < end; slot++) {
        any |= *slot;
        *slot &= ~PTE_V;
    }
    return any != 0;
}

// ... and when no hart remembers them, they are unbound.
static void run_unbind(struct pte_place place, word_t count)
{
    struct frame *const table = pages.table; // kept, though locks lie between
    const word_t ram_first = pages.first, ram_count = pages.count;

    for (pte_t *end = place.slot + count; place.slot < end; place.slot++, place.link++) {
        pte_t pte = *place.slot;
        if (pte == 0)
            continue;
        word_t number = pte_page(pte) - ram_first;
        struct frame *frame = number < ram_count ? &table[number] : page_frame(pte_page(pte));
        *place.slot = 0;
        page_lock(frame);
        page_unbind(frame, place.link);
        page_unlock(frame);
    }
}

sysret_t pte_unmap_range(space_t name, word_t address, size_t count)
{
    if (count == SUPER_PAGES)
        return pte_unmap_super(name, address);
    if (!pte_range_is_valid(address, count) || count > PTE_BATCH) return refuse(ERR_RANGE);
    enum error error;
    struct space *space = space_take(name, &error);
    if (space == NULL)
        return refuse(error);

    if (count > MAP_BATCH)
        count = MAP_BATCH;
    // First nobody can reach the frames any more, on any hart; only then are they unbound and anybody's.
    struct pte_place place = pte_place(space, address);
    if (place.link != NULL && table_run(address, count) == count) {
        if (run_hide(place.slot, count))
            space_flush(space, address, count);
        run_unbind(place, count);
        lock_drop(&space->lock);
        return done(count);
    }
    bool flush = false;
    for (word_t i = 0; i < count; i++) {
        word_t at = address + i * PAGE_SIZE;
        place = place_next(space, place, at, i == 0);
        if (place.link != NULL) {
            flush |= *place.slot != 0;
            *place.slot &= ~PTE_V;
        } else {
            flush |= stlb_hide(space, at);
        }
    }
    if (flush)
        space_flush(space, address, count);
    for (word_t i = 0; i < count; i++) {
        word_t at = address + i * PAGE_SIZE;
        place = place_next(space, place, at, i == 0);
        if (place.link == NULL)
            stlb_drop(space, at);
        if (place.link == NULL || *place.slot == 0)
            continue;
        struct frame *frame = page_frame(pte_page(*place.slot));
        *place.slot = 0;
        page_lock(frame);
        page_unbind(frame, place.link);
        page_unlock(frame);
    }
    lock_drop(&space->lock);
    return done(count);
}
