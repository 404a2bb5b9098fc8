// SPDX-License-Identifier: BSD-2-Clause
/*
 * The program's address space.
 *
 *   0x0000010000   the program as linked (start/app.ld): code, constants, data; mapped by the loader
 *   behind it      heap, grows with vm_sbrk, pages appear when touched
 *   0x3fc0000000   the program's own page tables, read-only (VM_PTES)
 *   0x3fe0000000   stacks, STACK_SIZE each with a guard page below; pages appear when touched (VM_STACKS)
 *   0x3fe4000000   memory of the page-table structure (VM_NODES)
 *   0x3fe6000000   windows: pages mapped for a while, such as a child's while it is built (VM_WINDOWS)
 *   0x3fe8000000   the bundle, read-only, when the program has one (VM_BUNDLE)
 *   0x3ffffff000   save area
 *
 * The structure that maps addresses to frames is the program's own and is the truth (vm/structure.h); the
 * kernel's tables hold what the MMU needs. Table frames for the kernel are supplied when an address
 * needs them.
 */
#ifndef LIBOS_VM_H
#define LIBOS_VM_H

#include <libos/sys/sys.h>
#include <libos/vm/structure.h>

#define VM_PTES     0x3fc0000000ul
#define VM_STACKS   0x3fe0000000ul
#define VM_WINDOWS  0x3fe6000000ul
#define VM_BUNDLE   0x3fe8000000ul
#define WINDOWS_MAX 256        // pages
#define STACK_SIZE  0x100000ul // with its guard page
#define STACKS_MAX  64
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

// Unbind; the frame that was there, or 0. The frame stays ours and keeps its contents.
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

// What has happened so far, for whoever decides what to replace, and for tests.
struct vm_counts {
    size_t faults; // that vm_fault was asked about
    size_t filled; // pages that got a frame because they were touched
    size_t again;  // bindings that were missing although the structure has them
    size_t copied; // pages copied because they were written
    size_t mapped; // pages in the structure now
};
const struct vm_counts *vm_counts(void);

// Move the end of the heap by `change` bytes; the old end, or (void *)-1 when it would leave its bounds.
void *vm_sbrk(intptr_t change);

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

#endif
