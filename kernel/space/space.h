// SPDX-License-Identifier: BSD-2-Clause
/*
 * space: addressing contexts. A space is two frames that its creator owns: the root of its Sv39 tables, after
 * which it is named, and this record.
 *
 * Invariants
 *   (1) The upper half of the root is the kernel's, the same in every space.
 *   (2) No two spaces have the same ASID; where the machine has none all have 0, and every switch flushes.
 *   (3) `ran` has the bit of each hart whose TLB may hold translations of this space, in its low half, or in its high half
 *       when a fence that will end this is on its way. Bits are taken away with `lock` held (shootdown.c says why that
 *       is right), and set by whoever enters.
 *   (4) Page table entries, STLB entries and `tables` change only with `lock` held.
 */
#ifndef KERNEL_SPACE_H
#define KERNEL_SPACE_H

#include "env/env.h"
#include "kernel.h"
#include "page/page.h"
#include <rivet/stlb.h>

typedef uint64_t pte_t;

struct space {
    uint32_t lock;            // assembly: offset 0
    uint32_t padding_;
    word_t stlb_mask;         // assembly: offset 8; entries - 1
    struct stlb_entry *stlb;  // assembly: offset 16; when an environment points here, there is at least one entry
    word_t ran;               // harts; from SPACE_FENCING on, those that a fence on its way makes forget the space
    space_t root;
    word_t asid;
    struct env *envs;
    word_t env_count;
    word_t tables;            // frames in use as tables, twins not counted
    page_t stlb_first;
    word_t stlb_order;
    word_t stlb_pages;        // frames of it that are ready
    word_t stlb_bound;        // all of them are, and environments use it
    word_t stlb_live;         // entries that bind something
    word_t stlb_next;         // destruction: next entry to look at
    word_t walk_tag;          // 2 MiB number whose level-0 table with a twin was walked to last; SPACE_NO_WALK: none
    pte_t *walk_table;
    struct link *walk_links;  // of its twin
    page_t forget_page;       // leaf table that is being taken back from the STLB, 0: none
    word_t forget_address;    // of its first entry
    word_t forget_next;       // next STLB entry to look at
    page_t taken_page;        // pinned table that an abort took out of the tree, 0: none
    word_t taken_next;        // its next entry to unbind
    word_t destroy_next;      // destruction: next address to look at
    word_t dying;
    page_t record;
    page_t ring;              // of displaced dirty pages, 0: none
    word_t ring_head;         // how many were ever recorded in it
    struct space *fence_next; // of the spaces that wait for the same fence
    word_t fence_waits;       // it is one of them
};

#define SPACE_FENCING 32
#define SPACE_HARTS   0xfffffffful

#define SPACE_NO_WALK (~0ul)

// The root table that harts without an environment run on; every space's upper half is a copy of its.
extern pte_t *space_kernel_root;
extern word_t space_kernel_satp;

void space_boot(pte_t *kernel_root, word_t satp, word_t asid_bits);
// The space a call means: 0 the caller's own, else one whose root the caller owns. NULL with the reason.
struct space *space_meant(space_t name, enum error *error);
// The same with its lock held, or NULL.
struct space *space_take_other(space_t name, enum error *error);
static inline struct space *space_take(space_t name, enum error *error)
{
    if (name != 0)
        return space_take_other(name, error);
    struct space *space = env_self()->space; // which lives as long as its environments
    *error = ERR_OK;
    lock_take(&space->lock);
    return space;
}
struct space *space_named(space_t name);
static inline word_t space_satp(const struct space *space)
{
    return SATP_SV39 | space->asid << SATP_ASID_SHIFT | space->root;
}
static inline pte_t *space_root(const struct space *space) { return page_memory(space->root); }
// Makes one for the first environment.
struct space *space_make(page_t root, page_t record, env_t actor, enum error *error);

// The space is about to run on this hart; env->hart of whoever runs in it says so already.
void space_enter(struct space *space, word_t hart_index);
/*
 * Every hart that may hold translations of the space forgets those of `count` pages from `address` on. Returns when it
 * is so. One remote fence for all harts, none for those that have not run the space since they last forgot it. With the
 * space's lock held.
 */
void space_flush(struct space *space, word_t address, word_t count);
/*
 * Code was bound: every hart that may have fetched from the space, and this one, sees what the pages hold now (fence.i).
 * One that comes to the space later executes its own (space_enter). What is written afterwards is the writer's to fence; when
 * an environment goes to another hart, that is done there, too (slice_enter).
 */
void space_fetch(struct space *space);

/*
 * The same for several spaces with one remote fence at the end: what is taken away is added, and forgotten everywhere
 * when shootdown_send returns. Frames that it was taken from must not become anybody else's before. Begins as {0};
 * from the first add to the send the structure lock is held.
 */
struct shootdown {
    long budget;         // bindings that may still be broken in this piece
    word_t asid;         // of the last space, 0: none yet
    word_t here;         // this hart has to forget something
    word_t several;      // of more than one space
    word_t harts;        // others that have to
    struct space *first; // spaces that other harts ran
};

// Other harts ran the space, too. The value is what the look at its environments cost, in bindings.
word_t shootdown_add_others(struct shootdown *shootdown, struct space *space, word_t others);
// This space lost something, and `ran`, not 0, was read after a fence. With its lock held.
static inline word_t shootdown_add(struct shootdown *shootdown, struct space *space, word_t ran, word_t self)
{
    shootdown->here |= ran & self;
    shootdown->several |= shootdown->asid != 0 && shootdown->asid != space->asid;
    shootdown->asid = space->asid;
    return __builtin_expect(ran != self, 0) ? shootdown_add_others(shootdown, space, ran & ~self) : 0;
}
void shootdown_send_others(struct shootdown *shootdown);
static inline void shootdown_send(struct shootdown *shootdown)
{
    if (shootdown->here)
        hw_fence_space(shootdown->several ? 0 : shootdown->asid);
    if (__builtin_expect(shootdown->harts != 0, 0))
        shootdown_send_others(shootdown);
}

bool space_invariant(const struct space *space);

#endif
