// SPDX-License-Identifier: BSD-2-Clause
/*
 * Page-table structures: what remembers which frame a program mapped where. The structure is the program's own
 * and is the truth; the kernel's tables only hold what the MMU needs. Each is one file in libos/vm/structure/
 * that ends in its table of operations; which one a program has is chosen when it is linked:
 *
 *     rivet_app(NAME source.c STRUCTURE inverted)        radix, when nothing is said
 *
 * A structure named NAME defines `const struct structure_ops structure_NAME`. It computes and asks nobody but
 * node_make for memory, so the same file is tested on the host, too. Callers hold upcalls: no operation is
 * interrupted by another.
 *
 * Invariants
 *   (1) an address is mapped by what was inserted last, until it is removed
 *   (2) a refused insert has changed nothing; nothing needs memory but an insert where nothing was mapped
 */
#ifndef LIBOS_STRUCTURE_H
#define LIBOS_STRUCTURE_H

#include <rivet/layout.h>
#include <rivet/page.h>
#include <rivet/types.h>

#ifndef VM_NODES // the host's tests have them at another address
#define VM_NODES 0x3fe4000000ul
#endif
#define NODES_MAX 8192 // pages

/*
 * A mapping in one word: page << 12 | flags << 8 | rights. The rights are the lowest byte, so a byte store changes them;
 * only a word with a page is a mapping.
 */
struct vm_mapping {
    page_t page;     // 0: nothing mapped
    uint32_t rights; // enum page_right
    uint32_t flags;  // enum vm_flag
};

enum vm_flag {
    VM_COPY = 1,   // copy on write: the frame has other users; a store gets a copy of its own
    VM_REGION = 2, // the page belongs to a region, whose pager answers for it
    VM_KEEP = 4,   // the frame is not freed with the mapping: it is somebody else's, or mapped elsewhere, too
    VM_NOTED = 8,  // a page of a cache: it was dirty when its binding was displaced
};
#define VM_FLAGS 15

static inline word_t mapping_pack(struct vm_mapping mapping)
{
    return mapping.page << PAGE_SHIFT | (word_t)mapping.flags << 8 | mapping.rights;
}
static inline struct vm_mapping mapping_unpack(word_t word)
{
    return (struct vm_mapping){word >> PAGE_SHIFT, word & 0xff, word >> 8 & VM_FLAGS};
}
static inline void mapping_protect(word_t *word, word_t rights)
{
    *(volatile uint8_t *)word = (uint8_t)rights;
}

#define STRUCTURE_END USER_END // what `next` answers when nothing is mapped from there on

// All members are mandatory. Addresses are multiples of PAGE_SIZE below USER_END; mappings are packed.
struct structure_ops {
    const char *name;
    word_t (*find)(word_t address);                 // without a page: nothing is mapped there
    bool (*insert)(word_t address, word_t mapping); // also in place of another; false: no memory
    word_t (*remove)(word_t address);               // what was there
    word_t (*next)(word_t address);                 // the first mapped address from here on
    // New rights for those pages of a run that are mapped.
    void (*protect)(word_t address, size_t count, word_t rights);
};
extern const struct structure_ops vm_structure; // the one that was linked in

/*
 * Memory for structures: pages VM_NODES + number * PAGE_SIZE, pinned. node_make makes a run of them, all zeros;
 * false, and nothing made, when no frames are left. node_free takes a run back.
 */
bool node_make(size_t number, size_t count);
void node_free(size_t number, size_t count);

#endif
