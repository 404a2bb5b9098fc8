// SPDX-License-Identifier: BSD-2-Clause
/*
 * Making links: whoever built two environments binds both sides' frames in both spaces and gives each a capability to
 * the other. The frames of a side are its environment's before they are bound, so they go with it.
 */
#include <libos/ipc/internal.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>

struct side {
    env_t env;      // 0: ourselves
    space_t space;
    size_t number, pages; // of the link there; besides the first
    page_t first;
};

static word_t link_at(size_t number)
{
    return VM_LINKS + number * LINK_SPAN;
}

static env_t side_name(const struct side *side)
{
    return side->env ? side->env : self();
}

static bool is_ring_size(size_t pages)
{
    return pages <= LINK_DATA_MAX && (pages & (pages - 1)) == 0;
}

// The frames of a side: made, described in the first of them, and its environment's.
static long frames_make(struct side *side)
{
    size_t made = 0;

    upcall_hold();
    side->first = frame_find(side->pages + 1);
    long error = side->first == FRAME_NONE ? ERR_NOENT : ERR_OK;
    while (error == ERR_OK && made <= side->pages) {
        error = sys_page_alloc(side->first + made).error;
        made += error == ERR_OK;
        error = error == ERR_AGAIN ? ERR_OK : error;
    }
    upcall_release();
    while (error != ERR_OK && made > 0)
        frame_free(side->first + --made);
    if (error != ERR_OK)
        side->first = FRAME_NONE;
    return error;
}

static long frames_describe(const struct side *side)
{
    word_t window = vm_window_open(1);
    long error = window ? vm_bind(0, window, side->first, 1, RIGHT_READ | RIGHT_WRITE) : ERR_NOENT;

    if (error == ERR_OK) {
        struct link_page *page = (struct link_page *)window;
        page->magic = LINK_MAGIC;
        page->env = side_name(side);
        page->pages = side->pages;
    }
    if (window)
        vm_window_close(window, 1);
    for (size_t i = 0; side->env && error == ERR_OK && i <= side->pages; i++)
        error = sys_page_give(side->first + i, 1, side->env).error;
    return error;
}

static long side_bind(const struct side *side, const struct side *other)
{
    word_t address = link_at(side->number);
    long error = vm_bind(side->space, address, side->first, side->pages + 1, RIGHT_READ | RIGHT_WRITE);

    if (error == ERR_OK)
        error = vm_bind(side->space, address + LINK_THEIRS, other->first, other->pages + 1, RIGHT_READ);
    return error;
}

// A side gets its capability to the other.
static long side_grant(const struct side *side, const struct side *other)
{
    if (side->env == 0)
        return sys_cap_mint(LINK_SLOT(side->number), side_name(other), RIGHTS_PEER).error;
    long error = sys_cap_mint(SLOT_SCRATCH, side_name(other), RIGHTS_PEER).error;
    if (error != ERR_OK)
        return error;
    error = sys_cap_grant(SLOT_SCRATCH, side->env, LINK_SLOT(side->number), RIGHTS_PEER).error;
    (void)sys_cap_drop(SLOT_SCRATCH);
    return error;
}

static long sides_make(struct side *one, struct side *other)
{
    struct side *const sides[] = {one, other};
    long error = ERR_OK;

    if (one->number >= LINKS_MAX || other->number >= LINKS_MAX || !is_ring_size(one->pages) || !is_ring_size(other->pages))
        return ERR_RANGE;
    for (int i = 0; i < 2 && error == ERR_OK; i++)
        if ((error = frames_make(sides[i])) == ERR_OK)
            error = frames_describe(sides[i]);
    for (int i = 0; i < 2 && error == ERR_OK; i++)
        if ((error = side_bind(sides[i], sides[1 - i])) == ERR_OK)
            error = side_grant(sides[i], sides[1 - i]);
    return error;
}

// The pages at an address, as far as they are still bound there: unbound, and ours are free again.
static void pages_release(word_t address, size_t count, bool ours)
{
    for (size_t i = 0; i < count; i++) {
        page_t page = vm_pte_page(vm_pte(address + i * PAGE_SIZE));
        if (page == 0)
            continue;
        vm_unbind(0, address + i * PAGE_SIZE, 1);
        if (frame_entry(page) == NULL || frame_entry(page)->owner != self())
            continue;
        while (ours && sys_cap_revoke(page).error == ERR_AGAIN) // the other side has it bound
            continue;
        frame_free(page);
    }
}

static void side_release(size_t number)
{
    pages_release(link_at(number), LINK_DATA_MAX + 1, true);
    pages_release(link_at(number) + LINK_THEIRS, LINK_DATA_MAX + 1, false);
    (void)sys_cap_drop(LINK_SLOT(number));
}

// What this side finds where its link lies. The pages' numbers are read once: what the other side says later does not
// count.
static long link_read(struct link *link, size_t number)
{
    word_t address = link_at(number);

    *link = (struct link){.number = number, .slot = LINK_SLOT(number)};
    link->mine = (volatile struct link_page *)address;
    link->theirs = (const volatile struct link_page *)(address + LINK_THEIRS);
    link->out = (uint8_t *)address + PAGE_SIZE;
    link->in = (const uint8_t *)address + LINK_THEIRS + PAGE_SIZE;
    links[number] = link;
    word_t out = link->mine->pages, in = link->theirs->pages;
    if (link->mine->magic == LINK_MAGIC && link->theirs->magic == LINK_MAGIC && is_ring_size(out) && is_ring_size(in)) {
        link->env = link->theirs->env;
        link->out_size = out * PAGE_SIZE;
        link->in_size = in * PAGE_SIZE;
        return ERR_OK;
    }
    link_close(link);
    return ERR_NOENT;
}

long link_open(struct link *link, size_t number)
{
    if (number >= LINKS_MAX)
        return ERR_NOENT;
    return links[number] ? ERR_BUSY : link_read(link, number);
}

long link_child(struct link *link, const struct child *child, size_t number, size_t out, size_t in)
{
    struct side ours = {.pages = out}, theirs = {child->env, child->space, number, in, 0};

    while (ours.number < LINKS_MAX && links[ours.number])
        ours.number++;
    if (ours.number == LINKS_MAX)
        return ERR_BUSY;
    long error = sides_make(&ours, &theirs);
    if (error == ERR_OK)
        return link_read(link, ours.number);
    side_release(ours.number); // what the child has goes with it
    for (size_t i = 0; ours.first != FRAME_NONE && i <= ours.pages; i++)
        frame_free(ours.first + i); // those that were not bound yet
    return error;
}

long link_children(const struct child *one, size_t number_one, const struct child *other, size_t number_other,
                   size_t out, size_t in)
{
    struct side first = {one->env, one->space, number_one, out, 0}, second = {other->env, other->space, number_other, in, 0};
    return sides_make(&first, &second);
}

void link_close(struct link *link)
{
    link_wake(link);
    links[link->number] = NULL;
    side_release(link->number);
}
