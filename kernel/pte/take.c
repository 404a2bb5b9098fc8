// SPDX-License-Identifier: BSD-2-Clause
/*
 * Taking a page table by force. It leaves the tree first, with one flush: from then on nobody reaches anything through it,
 * no call finds it, and its bindings can go in as many pieces as it takes.
 */
#include "pte.h"

#include "kernel.h"
#include "stlb/stlb.h"

#define ENTRIES     512
#define TAKE_LOOKS  560 // of one piece, at 4 entries each; one that binds something counts as TAKE_BOUND looks
#define TAKE_BOUND  7
#define LEVEL0_SPAN (PAGE_SIZE * (word_t)ENTRIES)
#define LOOKERS     8   // bindings of the table's own frames that one piece breaks

// A frame of a table's is free, and `to`'s if it was `from`'s.
static void frame_take(page_t page, env_t from, env_t to)
{
    struct frame *frame = page_frame(page);
    page_take(frame, frame->owner == from ? to : frame->owner);
}

// Unbinds one entry; what it cost, in looks.
static word_t entry_end(pte_t *entry, struct link *link)
{
    if (*entry == 0)
        return 0;
    struct frame *frame = page_frame(pte_page(*entry));
    *entry = 0;
    page_lock(frame);
    page_unbind(frame, link);
    page_unlock(frame);
    return TAKE_BOUND;
}

static bool bindings_end(struct space *space)
{
    page_t twin = detail_partner(page_frame(space->taken_page)->detail);
    pte_t *table = page_memory(space->taken_page);
    struct link *links = page_memory(twin);
    word_t looks = TAKE_LOOKS;
    word_t next = space->taken_next;
    for (; next < ENTRIES && looks >= 4 * TAKE_BOUND; next += 4) {
        if ((table[next] | table[next + 1] | table[next + 2] | table[next + 3]) == 0)
            continue;
        for (word_t i = next; i < next + 4; i++)
            looks -= entry_end(&table[i], &links[i]);
    }
    space->taken_next = next;
    return next == ENTRIES;
}

bool pte_taken_finish(struct space *space, env_t from, env_t to)
{
    if (space->taken_page == 0)
        return true;
    if (!bindings_end(space))
        return false;
    page_t page = space->taken_page;
    page_t twin = detail_partner(page_frame(page)->detail);
    space->taken_page = 0;
    frame_take(page, from, to);
    if (twin != 0)
        frame_take(twin, from, to);
    return true;
}

static bool forgotten_finish(struct space *space, env_t from, env_t to)
{
    page_t page = space->forget_page;
    if (page == 0)
        return true;
    if (!stlb_forget(space))
        return false;
    frame_take(page, from, to);
    return true;
}

static word_t table_region(const struct frame *table)
{
    return table->detail & DETAIL_REGION ? table->detail & (DETAIL_REGION - 1) : table->detail >> 32;
}

// The entry that leads to a table, NULL when none does: it is out of the tree.
static pte_t *entry_of(const struct space *space, const struct frame *table)
{
    word_t region = table_region(table);
    pte_t *entry = &space_root(space)[region / ENTRIES];
    if (table->order == 0 && *entry != 0)
        entry = (pte_t *)page_memory(pte_page(*entry)) + region % ENTRIES;
    return *entry != 0 && !pte_is_super(*entry) && pte_page(*entry) == page_name(table) ? entry : NULL;
}

static bool is_held(const struct frame *frame) { return frame->flags & PAGE_DYING && frame->bindings == 0; }

// The table may have been taken back, and be one of another place, since it was looked at without the lock.
static enum error table_check(const struct space *space, const struct frame *table)
{
    if (table->kind != PAGE_TABLE || pte_root(table) != space->root)
        return ERR_KIND;
    pte_t *entry = entry_of(space, table);
    return entry != NULL && table->order == 1 && !pte_table_is_empty(page_memory(page_name(table))) ? ERR_BUSY : ERR_OK;
}

static void table_detach(struct space *space, struct frame *table)
{
    page_t page = page_name(table), twin = detail_partner(table->detail);
    *entry_of(space, table) = 0;
    space->walk_tag = SPACE_NO_WALK;
    space->tables--;
    space_flush(space, 0, ~0ul);
    if (table->order == 0 && twin == 0 && stlb_is_bound(space)) {
        stlb_forget_begin(space, page, table_region(table) * LEVEL0_SPAN);
    } else {
        space->taken_page = page;
        space->taken_next = table->order == 0 && twin != 0 ? 0 : ENTRIES; // nothing else has bindings in it
    }
}

// Goes on with the table that is out of the tree, whoever took it out; true when none is left.
static bool detached_finish(struct space *space, page_t page, env_t from, env_t to)
{
    if (!pte_taken_finish(space, space->taken_page == page ? from : 0, to))
        return false;
    return forgotten_finish(space, space->forget_page == page ? from : 0, to);
}

// No new binding of the table's frames; those that there are end outside of the lock.
static enum error table_hold(struct space *space, struct frame *table, page_t *twin)
{
    CLEANUP_LOCK(&space->lock);
    enum error error = table_check(space, table);
    if (error != ERR_OK)
        return error;
    *twin = detail_partner(table->detail);
    page_die(table);
    if (*twin != 0)
        page_die(page_frame(*twin));
    return ERR_OK;
}

static enum error table_take(struct space *space, struct frame *table, env_t from, env_t to)
{
    CLEANUP_LOCK(&space->lock);
    page_t page = page_name(table);
    if (!detached_finish(space, page, from, to))
        return ERR_AGAIN;
    if (table->owner == to)
        return ERR_OK; // it was this one
    enum error error = table_check(space, table);
    page_t twin = error != ERR_OK ? 0 : detail_partner(table->detail);
    if (error == ERR_BUSY)
        page_live(table); // it was filled while nobody looked
    if (error != ERR_OK)
        return error;
    if (!is_held(table) || (twin != 0 && !is_held(page_frame(twin))))
        return ERR_AGAIN;
    table_detach(space, table);
    return detached_finish(space, page, from, to) ? ERR_OK : ERR_AGAIN;
}

enum error pte_take(page_t page, env_t from, env_t to)
{
    struct frame *table = page_frame(page);
    struct space *space = space_named(pte_root(table));
    page_t twin = 0;
    enum error error = space == NULL ? ERR_KIND : table_hold(space, table, &twin);
    if (error != ERR_OK)
        return error;
    struct shootdown shootdown = {.budget = LOOKERS};
    bool unbound = pte_unbound(table, &shootdown) && (twin == 0 || pte_unbound(page_frame(twin), &shootdown));
    shootdown_send(&shootdown);
    if (!unbound)
        return ERR_AGAIN;
    return table_take(space, table, from, to);
}
