// SPDX-License-Identifier: BSD-2-Clause
/*
 * page: physical frames. Who owns each, what it is, what binds it.
 *
 *   FREE --alloc (cleared)--> DATA --free (epoch raised)--> FREE        kernel objects are made of FREE frames
 *   FREE --page_use--> ENV, ROOT, TABLE, ... --page_unuse--> FREE       by the other rooms
 *
 * Invariants
 *   (1) A frame has an owner, except those of kind NONE; the owner is an environment.
 *   (2) `bindings` counts the link pairs on the frame's list; a FREE frame has none.
 *   (3) Only DATA, DEVICE and RING frames (and save areas; tables and boards for reading) are ever bound.
 *   (4) No capability to a FREE frame is alive, and its contents are cleared before anybody sees them.
 *   (5) A frame leaves FREE only when every hart has crossed a trap boundary since it left its last kind,
 *       where assembly may have held a pointer to it.
 *   (6) A frame that its owner marked as guaranteed has the mark until it changes hands, joins or is parted.
 *   (7) The frames of a joined run have the owner of its first one, and nothing binds those behind it.
 */
#ifndef KERNEL_PAGE_H
#define KERNEL_PAGE_H

#include "env/env.h"
#include "kernel.h"
#include <rivet/page.h>

/*
 * Link pairs: one per binding, in a TWIN frame (beside the PTE it belongs to) or inside an STLB entry.
 * A name is the pair's physical address less the start of RAM, divided by 8; 0 names none.
 */
struct link {
    uint32_t next;
    uint32_t prev;
};

// All RAM: one frame each from page `first` on. In one struct, because paths with a figure load all of it.
extern struct page_room {
    struct frame *table;
    word_t first;
    word_t count;
    struct link *links;  // link pair 0: the start of RAM in the direct map
    word_t boundaries;   // the boundary of an environment whose record were frame 0
    /*
     * The epoch in which the last frame that assembly may still know became free; 0: nobody to wait for. One word for
     * all: a frame that was freed earlier waits for nobody longer than a hart takes to leave the kernel.
     */
    word_t quiesce;
} pages;
// For assembly: a boundary less the address of its environment's struct frame times 128, modulo 2^64.
extern word_t page_boundaries;

void page_boot(struct frame *table, word_t first, word_t count);
void page_boot_device(page_t page, env_t owner);

static inline void *page_memory(page_t page) { return direct(page << PAGE_SHIFT); }
struct frame *page_device(page_t page);
// The frame of a page number, NULL where there is none. A name from a caller goes through here.
static inline struct frame *page_frame(page_t page)
{
    word_t number = page - pages.first;
    return __builtin_expect(number < pages.count, 1) ? &pages.table[number] : page_device(page);
}
// The record that a frame of kind ENV holds.
static inline struct env *page_env(const struct frame *frame)
{
    return env_at(pages.boundaries + (word_t)(frame - pages.table) * PAGE_SIZE);
}
page_t page_name(const struct frame *frame);
// All frames by number, 0 to page_count() - 1: RAM first, then device pages.
word_t page_count(void);
struct frame *page_device_number(word_t number);
static inline struct frame *page_number(word_t number)
{
    return number < pages.count ? &pages.table[number] : page_device_number(number - pages.count);
}

// The lock is a byte, but RISC-V's atomics take words: the one from kind to lock, whose top byte it is.
static inline void page_lock(struct frame *frame)
{
    const uint32_t bit = 1u << 24;
    while (__atomic_fetch_or((uint32_t *)&frame->kind, bit, __ATOMIC_ACQUIRE) & bit)
        hw_pause();
}

// Locks a frame if it is of this kind, has no flags and no order, and nobody else has it locked at this moment.
static inline bool page_try_lock(struct frame *frame, enum page_kind kind)
{
    const uint32_t bit = 1u << 24;
    uint32_t old = __atomic_fetch_or((uint32_t *)&frame->kind, bit, __ATOMIC_ACQUIRE);
    if (__builtin_expect(old == (uint32_t)kind, 1))
        return true;
    if (!(old & bit))
        __atomic_store_n(&frame->lock, 0, __ATOMIC_RELEASE);
    return false;
}

static inline void page_unlock(struct frame *frame) { __atomic_store_n(&frame->lock, 0, __ATOMIC_RELEASE); }

// Takes a free frame of `owner`'s for a kernel object: locked check and change in one. It is cleared.
enum error page_use(page_t page, env_t actor, enum page_kind kind, word_t detail);
// Is the frame one that page_use would take?
enum error page_usable(page_t page, env_t actor);
// A run of SUPER_PAGES frames that was joined, by its first one; also one whose join is unfinished.
static inline bool page_is_joined(const struct frame *frame) { return frame->kind == PAGE_DATA && frame->order == SUPER_ORDER; }
bool page_is_joining(const struct frame *frame);
// Makes them free again; unbound, their first one locked.
void page_part(struct frame *first);

// The object is gone: the frame is free again, with its owner. `quiesce` when assembly may hold a pointer.
void page_unuse(page_t page, bool quiesce);
void page_clear(page_t page);
// The same in line, for the path with a figure: 520 instructions.
static inline void page_wipe(page_t page)
{
    word_t *word = page_memory(page);
#define WIPE_8(at) word[at] = word[at + 1] = word[at + 2] = word[at + 3] = word[at + 4] = word[at + 5] = word[at + 6] = word[at + 7] = 0
    const word_t *end = word + PAGE_SIZE / sizeof(word_t);
    do {
        WIPE_8(0), WIPE_8(8), WIPE_8(16), WIPE_8(24);
        WIPE_8(32), WIPE_8(40), WIPE_8(48), WIPE_8(56);
        WIPE_8(64), WIPE_8(72), WIPE_8(80), WIPE_8(88);
        WIPE_8(96), WIPE_8(104), WIPE_8(112), WIPE_8(120);
        word += 128;
    } while (word != end);
#undef WIPE_8
}
// page_alloc in general; the call itself is in one.c.
sysret_t page_alloc_any(page_t page);
void page_copy(page_t to, page_t from);
// A free frame, or a dying one that nothing binds any more, becomes a free frame of another owner's; a joined run as a
// whole. False when it is neither. Structure lock held.
bool page_take(struct frame *frame, env_t to);
// The owner's mark on a frame ends. Structure lock held.
void page_mark_end(struct frame *frame);
// Can capabilities to it be made, and be bound?
static inline bool page_is_bindable(const struct frame *frame) { return frame->kind == PAGE_DATA || frame->kind == PAGE_DEVICE; }
// From now on nothing can be bound to the frame; what is bound stays until pte_break.
void page_die(struct frame *frame);
void page_live(struct frame *frame); // ... no longer
// The same if nothing is bound; false when something is, and nothing has changed.
bool page_die_unbound(struct frame *frame);

static inline struct link *page_link(uint32_t name)
{
    return &pages.links[name];
}

static inline uint32_t page_link_name(const struct link *link)
{
    return (uint32_t)(link - pages.links);
}

// Puts a pair on a frame's list, or takes it off. Both with the frame locked.
static inline void page_bind(struct frame *frame, struct link *link)
{
    uint32_t name = page_link_name(link);
    link->next = frame->links;
    link->prev = 0;
    if (frame->links != 0)
        page_link(frame->links)->prev = name;
    frame->links = name;
    frame->bindings++;
}

static inline void page_unbind(struct frame *frame, struct link *link)
{
    if (link->prev != 0)
        page_link(link->prev)->next = link->next;
    else
        frame->links = link->next;
    if (link->next != 0)
        page_link(link->next)->prev = link->prev;
    link->next = link->prev = 0;
    frame->bindings--;
}

bool page_invariant(void);

#endif
