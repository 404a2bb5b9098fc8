// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between the files of this room.
 */
#ifndef LIBOS_VM_INTERNAL_H
#define LIBOS_VM_INTERNAL_H

#include <libos/start/start.h>
#include <libos/vm/vm.h>

#define BASE(address) ((address) & ~(word_t)(PAGE_SIZE - 1))

// bind.c: supply a space with the tables that an address lacks. ERR_OK when there is one more than before.
long vm_tables(space_t space, word_t address);

// heap.c: what lies between these has been given out by vm_sbrk.
extern struct vm_heap {
    word_t first, end;
} vm_heap;
static inline bool vm_heap_holds(word_t address)
{
    return address - vm_heap.first < vm_heap.end - vm_heap.first;
}

/*
 * cache.c: the range of the cache of mappings, empty when there is none, and what differs there.
 *   cache_fault  a page fault in it
 *   cache_bind   enter a page in the STLB, with a leaf table over it; false after vm_refuse
 *   cache_clear  clear bits (VM_ACCESSED, VM_DIRTY) of a page
 */
extern struct vm_heap vm_cached;
static inline bool vm_cache_holds(word_t address)
{
    return address - vm_cached.first < vm_cached.end - vm_cached.first;
}
bool cache_fault(word_t address, word_t need);
bool cache_bind(word_t address, word_t mapping);
void cache_clear(word_t address, word_t bits);
void cache_forget(void); // in a duplicate: there is none

// vm.c: the rights that a page with this mapping is bound with.
word_t vm_rights_bound(struct vm_mapping mapping);

// vm.c: bind a page again that has this mapping, after unbinding what is there. An error of pte_map.
long vm_rebind(word_t address, struct vm_mapping mapping);

// copy.c: give a page that has VM_COPY a frame of its own, with these rights. False, after vm_refuse: no frame.
bool vm_copy(word_t address, word_t rights);
extern size_t vm_copies; // how many pages have VM_COPY
// The frame of a page that gets VM_COPY; one that is ours alone again, or not ours to remember.
void vm_left_add(page_t page);
void vm_left_remove(page_t page);
// Frees the frames that copies on write left to others, and that nobody uses any more: how many.
size_t vm_left_reap(void);
void vm_left_forget(void); // in a duplicate: what was left is the other one's business
bool vm_left_begin(void); // before the first page gets VM_COPY; false: no frames

/*
 * pool.c. A frame of the pool is bound in its slot. One that was taken stays bound there until the slot is needed:
 * pool_take answers the slot's address and the frame; 0: the pool is empty. `clear` makes it all zeros.
 *   pool_lend    a slot for a frame that comes from elsewhere, as if it had been taken out of it; 0: none
 *   pool_put     keep an unmapped frame; false: the pool is full, or wants none
 *   pool_forget  unbind a frame that was taken from its slot; false: it is in none
 *   pool_drain   make all frames of the pool free, and forget all that were taken: how many became free
 */
extern size_t pool_count; // how many there are
extern page_t pool_slots[POOL_MAX];
static inline word_t pool_take_any(page_t *page)
{
    if (pool_count == 0)
        return 0;
    *page = pool_slots[--pool_count];
    return VM_POOL + pool_count * PAGE_SIZE;
}
word_t pool_take(page_t *page, bool clear);
word_t pool_lend(page_t page);
bool pool_put(page_t page);
bool pool_forget(page_t page);
size_t pool_drain(void);

// vm.c: unmap the pages from `address` to `end` and free their frames.
void vm_release(word_t address, word_t end);

// fault.c: the reason that vm_why tells from now on. Always false.
bool vm_refuse(const char *reason);

// fault.c: in a duplicate: the page of zeros is the other one's.
void zeros_forget(void);

// stack.c: every window is closed, and nothing is bound in them.
void window_forget_all(void);

// stack.c: whether the address lies in a stack that is in use, above its guard page. If not, *why says so.
bool stack_contains(word_t address, const char **why);

/*
 * region.c, in programs that have regions; without it these are NULL. Called with upcalls held, from the
 * page-fault handler or from whoever needs a frame.
 *   region_fault   a page fault at an address that is neither heap nor stack and that has no mapping, or one that
 *                  does not allow the access. True when the program can go on; false after vm_refuse
 *   region_evict   no free frame is left: make at least one free, by unmapping a page with vm_unmap and frame_free.
 *                  False when there is nothing to give
 */
bool region_fault(word_t address, word_t need);
bool region_evict(void);
/*
 *   region_lost    a frame was taken by force, and its contents are in `saved_in` (FRAME_NONE: in none). False: no page
 *                  of a region had it
 */
bool region_lost(page_t frame, page_t saved_in);
// link.c of the room ipc, in programs that have links: a page of one is bound no more.
bool link_fault(word_t address, word_t need);
#pragma weak link_fault
#pragma weak region_lost
#pragma weak region_fault
#pragma weak region_evict

#endif
