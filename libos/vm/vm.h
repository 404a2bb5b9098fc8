// SPDX-License-Identifier: BSD-2-Clause
/*
 * The program's address space.
 *
 *   0x0000010000   the program as linked (start/app.ld): code, constants, data; mapped by the loader
 *   behind it      heap, grows with vm_sbrk, pages appear when touched
 *   0x3fc0000000   nodes of the page-table structure (VM_NODES)
 *   0x3fd0000000   the bundle, read-only, when the program has one (VM_BUNDLE)
 *   0x3fdff00000   windows: pages mapped for a while, such as a child's while it is built (VM_WINDOWS)
 *   0x3fe0000000   stacks, STACK_SIZE each with a guard page below; pages appear when touched (VM_STACKS)
 *   0x3ffffff000   save area
 *
 * The structure that maps addresses to frames is the program's own and is the truth (struct vm_ops); the
 * kernel's tables hold what the MMU needs. Table frames for the kernel are supplied when an address
 * needs them.
 */
#ifndef LIBOS_VM_H
#define LIBOS_VM_H

#include <libos/sys/sys.h>

#define VM_NODES    0x3fc0000000ul
#define VM_BUNDLE   0x3fd0000000ul
#define VM_WINDOWS  0x3fdff00000ul
#define VM_STACKS   0x3fe0000000ul
#define WINDOWS_MAX 256        // pages
#define STACK_SIZE  0x100000ul // with its guard page
#define STACKS_MAX  64
#define HEAP_MAX    0x30000000ul

struct vm_mapping {
    page_t page;   // 0: nothing mapped
    word_t rights; // enum page_right
};

/*
 * A page-table structure: what maps page addresses to frames. One is linked in, see vm_structure in vm.c.
 * All members are mandatory.
 */
struct vm_ops {
    const char *name;
    struct vm_mapping (*find)(word_t address);
    bool (*insert)(word_t address, struct vm_mapping mapping); // false: no frame left for a node
    struct vm_mapping (*remove)(word_t address);               // what was there
};
extern const struct vm_ops vm_radix;

// Called once by start-up; `image_end` is the first free address behind the program.
void vm_start(word_t image_end);

// Bind a frame at an address of this program. An error of pte_map, or ERR_BUSY when something is there.
long vm_map(word_t address, page_t page, word_t rights);

// Unbind; the frame that was there, or 0. The frame stays ours and keeps its contents.
page_t vm_unmap(word_t address);

/*
 * The page-fault handler: gives a page that belongs to the heap or to a stack a frame. `need` is the
 * right that the access wanted. False when the address belongs to neither, is a guard page, or no frame
 * is left; then `vm_why` says which, for the crash report.
 */
bool vm_fault(word_t address, word_t need);
const char *vm_why(void);

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
