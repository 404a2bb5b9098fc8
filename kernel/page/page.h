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
 *   (3) Only DATA and DEVICE frames (and tables and save areas, for reading) are ever bound.
 *   (4) A frame that became FREE is not CLEAN, and no capability to it is alive.
 *   (5) A frame leaves FREE only when every hart has crossed a trap boundary since it left its last kind,
 *       where assembly may have held a pointer to it.
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

extern struct frame *frame_table;
extern word_t ram_first, ram_count;

void page_boot(struct frame *table, word_t first, word_t count);
void page_boot_device(page_t page, env_t owner);

static inline void *page_memory(page_t page) { return direct(page << PAGE_SHIFT); }
// The frame of a page number, NULL where there is none. A name from a caller goes through here.
struct frame *page_frame(page_t page);
page_t page_name(const struct frame *frame);
// All frames by number, 0 to page_count() - 1: RAM first, then device pages.
word_t page_count(void);
struct frame *page_number(word_t number);

void page_lock(struct frame *frame);
void page_unlock(struct frame *frame);

// Takes a free frame of `owner`'s for a kernel object: locked check and change in one. It is cleared.
enum error page_use(page_t page, env_t actor, enum page_kind kind, word_t detail);
// Is the frame one that page_use would take?
enum error page_usable(page_t page, env_t actor);
// The object is gone: the frame is free again, with its owner. `quiesce` when assembly may hold a pointer.
void page_unuse(page_t page, bool quiesce);
void page_clear(page_t page);

// Both with the frame locked.
void page_bind(struct frame *frame, uint32_t link);
void page_unbind(struct frame *frame, uint32_t link);
struct link *page_link(uint32_t name);
uint32_t page_link_name(const struct link *link);

bool page_invariant(void);

#endif
