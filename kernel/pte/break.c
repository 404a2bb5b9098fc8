// SPDX-License-Identifier: BSD-2-Clause
/*
 * Breaking the bindings of a frame, wherever they are: what a revocation costs, in proportion to their number.
 *
 * The order of locks is space before frame, and here the frame is known first. So the frame is locked, and the spaces
 * that its list leads to are only tried: when one is busy the frame is let go, the space waited for, and the
 * list looked at again. While the frame is locked its list stays as it is, and a pair that is on a list lies in a
 * twin or an STLB of a living space: whoever takes these apart takes the pair off first.
 */
#include "pte.h"

#include "stlb/stlb.h"

#define PAIRS 512 // link pairs a frame has room for; names count pairs from the start of memory

// A twin's detail is its table and, in the high half, the root; that of a frame of an STLB is the root.
static inline struct space *holder_space(word_t detail, bool cached, const struct frame *frames, word_t first)
{
    space_t root = cached ? (uint32_t)detail : detail_root(detail);
    return page_memory(frames[root - first].detail);
}

static inline void pair_clear(struct link *link) { *(uint64_t *)__builtin_assume_aligned(link, 8) = 0; }

// Lets a space go, which lost something if `lost` says so; what that cost, in bindings.
static inline word_t space_part(struct space *space, bool lost, word_t self, struct shootdown *shootdown)
{
    word_t cost = 0;
    if (lost) {
        hw_order(); // the stores to the tables come before the look
        word_t ran = __atomic_load_n(&space->ran, __ATOMIC_RELAXED);
        if (ran != 0)
            cost = shootdown_add(shootdown, space, ran, self);
    }
    lock_drop(&space->lock);
    return cost;
}

/*
 * Breaks bindings of a frame that is locked, and unlocks it, until the list or the budget ends, or the next one's space is
 * busy: that space is the value. `space`: one whose lock is held, or NULL; it is let go.
 */
static inline __attribute__((always_inline)) struct space *links_break(struct frame *frame, struct space *space,
                                                                       struct shootdown *shootdown)
{
    const word_t self = 1ul << hart_self()->index;
    struct link *const links = pages.links; // read once: what follows has a figure
    struct frame *const frames = pages.table;
    const word_t first = pages.first;
    struct space *busy = NULL;
    struct frame *holder = NULL;
    pte_t *table = NULL; // NULL: the holder is part of an STLB
    bool lost = false;
    word_t broken = 0;
    long left = shootdown->budget;
    word_t name = frame->links;
    while (name != 0 && left > 0) {
        struct frame *at = &frames[name / PAIRS];
        if (at != holder) {
            holder = at;
            word_t detail = at->detail;
            bool cached = at->kind == PAGE_STLB;
            table = cached ? NULL : page_memory((uint32_t)detail);
            struct space *needed = holder_space(detail, cached, frames, first);
            if (needed != space) {
                if (space != NULL)
                    left -= (long)space_part(space, lost, self, shootdown);
                lost = false;
                space = needed;
                if (__builtin_expect(!lock_try(&needed->lock), 0)) {
                    busy = needed;
                    space = NULL;
                    break;
                }
            }
        }
        struct link *link = &links[name];
        word_t index = name % PAIRS;
        name = link->next;
        broken++;
        left--;
        if (__builtin_expect(table != NULL, 1)) {
            table[index] = 0;
            pair_clear(link);
            lost = true;
        } else {
            lost |= stlb_break(space, (struct stlb_entry *)((char *)link - offsetof(struct stlb_entry, next)));
        }
    }
    frame->links = (uint32_t)name;
    if (name != 0)
        links[name].prev = 0;
    frame->bindings -= (uint32_t)broken;
    page_unlock(frame);
    if (space != NULL)
        left -= (long)space_part(space, lost, self, shootdown);
    shootdown->budget = left;
    return busy;
}

// The same; a busy space is waited for.
static inline __attribute__((always_inline)) bool list_break(struct frame *frame, struct shootdown *shootdown)
{
    struct space *busy = links_break(frame, NULL, shootdown);
    while (__builtin_expect(busy != NULL, 0)) {
        lock_take(&busy->lock); // it lives: the structure lock is held
        page_lock(frame);
        busy = links_break(frame, busy, shootdown);
    }
    return frame->links == 0;
}

bool pte_break_into(struct frame *frame, struct shootdown *shootdown)
{
    page_lock(frame);
    return list_break(frame, shootdown);
}

__attribute__((noinline)) static bool break_many(struct frame *frame, long budget)
{
    struct shootdown shootdown = {.budget = budget};
    bool unbound = list_break(frame, &shootdown);
    shootdown_send(&shootdown);
    return unbound;
}

// Other harts ran the space that just lost a binding. Its lock is held.
__attribute__((noinline)) static bool break_elsewhere(struct space *space)
{
    struct shootdown shootdown = {0};
    space_part(space, true, 1ul << hart_self()->index, &shootdown);
    shootdown_send(&shootdown);
    return true;
}

bool pte_break(struct frame *frame, long budget)
{
    page_lock(frame);
    return pte_break_locked(frame, budget);
}

// One binding in a space that nobody has locked is the frequent case: spelled out, it needs no stack.
bool pte_break_locked(struct frame *frame, long budget)
{
    if (frame->bindings != 1)
        return break_many(frame, budget);
    word_t name = frame->links;
    const struct frame *holder = &pages.table[name / PAIRS];
    word_t detail = holder->detail;
    bool cached = holder->kind == PAGE_STLB, lost = true;
    struct space *space = holder_space(detail, cached, pages.table, pages.first);
    if (!lock_try(&space->lock))
        return break_many(frame, budget);
    struct link *link = page_link((uint32_t)name);
    if (cached) {
        lost = stlb_break(space, (struct stlb_entry *)((char *)link - offsetof(struct stlb_entry, next)));
    } else {
        pte_t *table = page_memory((uint32_t)detail);
        table[name % PAIRS] = 0;
        pair_clear(link);
    }
    frame->links = 0;
    frame->bindings = 0;
    page_unlock(frame);
    hw_order(); // the store to the table comes before the look
    word_t ran = __atomic_load_n(&space->ran, __ATOMIC_RELAXED);
    word_t asid = space->asid;
    if (lost && ran != 0) {
        if (ran != 1ul << hart_self()->index)
            return break_elsewhere(space);
        hw_fence_space(asid);
    }
    lock_drop(&space->lock);
    return true;
}

bool pte_unbound(struct frame *frame, struct shootdown *shootdown)
{
    page_die(frame);
    if (__atomic_load_n(&frame->bindings, __ATOMIC_ACQUIRE) == 0)
        return true;
    pte_break_into(frame, shootdown);
    return false;
}
