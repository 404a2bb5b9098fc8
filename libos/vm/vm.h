// SPDX-License-Identifier: BSD-2-Clause
/*
 * The program's address space.
 *
 *   0x0000010000   the program as linked (start/app.ld): code, constants, data; mapped by the loader
 *   behind it      heap, grows with vm_sbrk, pages appear when touched
 *   0x2000000000   regions, whose pages a pager brings (vm/region.h)
 *   0x3000000000   stacks beyond the first STACKS_NEAR (VM_STACKS_FAR): only who has so many needs page tables for them
 *   0x3fc0000000   the program's own page tables, read-only (VM_PTES)
 *   0x3fe0000000   stacks, STACK_SIZE each with a guard page below; pages appear when touched (VM_STACKS)
 *   0x3fe4000000   memory of the page-table structure (VM_NODES)
 *   0x3fe6000000   windows: pages mapped for a while, such as a child's while it is built (VM_WINDOWS)
 *   0x3fe6100000   frames of the pool (VM_POOL)
 *   0x3fe6800000   links to other environments (VM_LINKS; ipc/link.h)
 *   0x3fe7000000   a bit for each frame that a copy on write left to others (VM_LEFT)
 *   0x3fe7800000   the ring and the STLB of a cache of mappings (VM_RING, VM_STLB; vm/cache.h)
 *   0x3fe8000000   the bundle, read-only, when the program has one (VM_BUNDLE)
 *   0x3ffffff000   save area
 *
 * The structure that maps addresses to frames is the program's own and is the truth (vm/structure.h); the
 * kernel's tables hold what the MMU needs. Table frames for the kernel are supplied when an address
 * needs them.
 */
#ifndef LIBOS_VM_H
#define LIBOS_VM_H

#include <libos/start/start.h>
#include <libos/vm/structure.h>

#define VM_STACKS_FAR 0x3000000000ul
#define VM_PTES     0x3fc0000000ul
#define VM_LEAF_SPAN 0x200000ul // what one leaf table covers
#define VM_STACKS   0x3fe0000000ul
#define VM_WINDOWS  0x3fe6000000ul
#define VM_POOL     0x3fe6100000ul
#define VM_LINKS    0x3fe6800000ul
#define VM_LEFT     0x3fe7000000ul
#define VM_RING     0x3fe7800000ul
#define VM_STLB     0x3fe7801000ul
#define VM_BUNDLE   0x3fe8000000ul
#define WINDOWS_MAX 256        // pages
#define STACK_SIZE  0x100000ul // with its guard page
#define STACKS_NEAR 64
#define STACKS_MAX  1024
#define HEAP_MAX    0x30000000ul

// Called once by start-up; `image_end` is the first free address behind the program.
void vm_start(word_t image_end);

// Bind a frame at an address of this program. An error of pte_map, or ERR_BUSY when something is there.
long vm_map(word_t address, page_t page, word_t rights);
// The same with flags (enum vm_flag).
long vm_enter(word_t address, struct vm_mapping mapping);
// What is mapped at an address (page 0: nothing), and the first address from here on where something is.
struct vm_mapping vm_find(word_t address);
word_t vm_next(word_t address);

// Unbind; the frame that was there, or 0. The frame stays ours and keeps its contents. 0, too, when the page is to be
// copied on write and there is no frame to copy it to.
page_t vm_unmap(word_t address);

/*
 * The page-fault handler: gives a page that belongs to the heap, to a stack or to a region a frame. `need` is the
 * right that the access wanted. False when the address belongs to none, is a guard page, or no frame
 * is left; then `vm_why` says which, for the crash report.
 */
bool vm_fault(word_t address, word_t need);
const char *vm_why(void);

/*
 * A frame of ours for a page, kind DATA; cleared when `clear`, else with anything in it that was this program's.
 * When no free frame is left, what replaces pages is asked for one. FRAME_NONE: there is none.
 */
page_t vm_frame(bool clear);

/*
 * The pool: up to so many frames (below POOL_MAX) that the program keeps when it unmaps them, instead of making them
 * free. They are used again without the kernel: a page that is copied on write needs nothing more, one that must
 * begin as zeros is cleared here. 0, as it is at the beginning: no pool. vm_pool_fill puts new frames in: how many
 * there are then.
 */
#define POOL_MAX 256
void vm_pool(size_t most);
size_t vm_pool_fill(size_t count);

// What has happened so far, for whoever decides what to replace, and for tests.
struct vm_counts {
    size_t again;  // bindings that were missing although the structure has them
};
const struct vm_counts *vm_counts(void);

// Move the end of the heap by `change` bytes; the old end, or (void *)-1 when it would leave its bounds.
void *vm_sbrk(intptr_t change);

/*
 * Protection, for programs that use it to learn what is read and written: garbage collectors, checkpoints,
 * distributed memory (the primitives of Appel and Li, "Virtual memory primitives for user programs", 1991).
 *
 *     vm_handle(heap, size, on_fault)          TRAP: who is called
 *     vm_protect(heap, pages, RIGHT_READ)      PROTN: one call for the whole range, one fence
 *     ... a store faults: on_fault(frame) ...
 *         vm_allow(address, RIGHT_READ | RIGHT_WRITE)       UNPROT, in the handler
 *     vm_dirty(address)                        DIRTY: a load and a mask, no call
 *     vm_alias(address, other, rights)         MAP2: the same frame at a second address, with other rights
 *
 * vm_protect gives the pages of a range these rights (0: none). ERR_OK, or the first refusal of pte_protect. Pages of
 * the range that have no mapping have none afterwards either: what appears there later has all rights. When it is asked
 * about a single page, that page is bound afterwards, so an access that the rights allow does not fault again.
 */
long vm_protect(word_t address, size_t count, word_t rights);
// For handlers of faults: the same for the page around an address, where upcalls are held. True: try the access again.
bool vm_allow(word_t address, word_t rights);

/*
 * Has a page been accessed, written, since it was mapped or the bit was cleared? Read from the program's own page table
 * without a call. For pages that are mapped and pinned: heap, stacks, the program, vm_map, vm_bind.
 */
#define VM_ACCESSED 0x40ul
#define VM_DIRTY    0x80ul
static inline word_t vm_pte(word_t address)
{
    return ((const volatile word_t *)VM_PTES)[address >> PAGE_SHIFT];
}
// The rights it was given. On a machine that is told to hide accesses (boot argument no_ad), W stands in the bit of
// global pages until the first store.
static inline word_t vm_pte_rights(word_t pte)
{
    return (pte & (RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE)) | (pte & 0x20 ? RIGHT_WRITE : 0);
}
static inline page_t vm_pte_page(word_t pte)
{
    return pte >> 10 & 0xffffffffffful;
}
static inline bool vm_accessed(word_t address)
{
    return vm_pte(address) & VM_ACCESSED;
}
static inline bool vm_dirty(word_t address)
{
    return vm_pte(address) & VM_DIRTY;
}

// Clear VM_ACCESSED, VM_DIRTY, or both, of the pages of a range that are bound. One call for each run of pages with the
// same rights. A page's contents are looked at afterwards: what is written until then may be noted or not.
void vm_clear(word_t address, size_t count, word_t bits);

/*
 * Have a function called for page faults at addresses of a range: it is told the address and the right that the access
 * wanted, and returns true to go on with the frame, or false when it has nothing to do with it; then other handlers and
 * the library follow. NULL removes the handler of exactly this range. False: too many.
 *
 * This is the short way to a program's handler (start.h has a shorter one, fault_handle, for those who need neither
 * frame nor ranges). The frame holds pc, cause, address and the registers that a C function may change; s0 to s11 and tp
 * are still where they were. The handler runs on the upcall stack with interrupt upcalls deferred, and may itself
 * take page faults. The range that was set last is asked first.
 */
typedef bool (*vm_handler_t)(word_t address, word_t need, struct trap_frame *frame);
bool vm_handle(word_t first, size_t size, vm_handler_t handler);
#define VM_HANDLERS_MAX 16

// Map the frame of an address at another one, too. Whoever unmaps last frees the frame.
long vm_alias(word_t address, word_t other, word_t rights);

// A stack: the address behind its last byte, 0 when all are used. Freeing returns its frames.
word_t vm_stack_alloc(void);
void vm_stack_free(word_t top);

/*
 * A window of `count` (at most 64) neighbouring pages to map frames into for a while; 0 when there is none.
 * Closing it unbinds what is still in it.
 */
word_t vm_window_open(size_t count);
void vm_window_close(word_t address, size_t count);

/*
 * Bind a run of frames at a run of addresses in a space (0: our own), supplying the kernel with the
 * table frames it needs, and the opposite. These do not touch the structure: they are for pages that it
 * does not cover, such as a child's. ERR_OK, or the first refusal; then nothing of the run stays bound.
 */
long vm_bind(space_t space, word_t address, page_t page, size_t count, word_t rights);
void vm_unbind(space_t space, word_t address, size_t count);
// The same for frames of somebody else's, by the capability in a slot.
long vm_bind_shared(space_t space, word_t address, page_t page, size_t count, word_t rights, slot_t slot);

#endif
