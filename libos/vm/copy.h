// SPDX-License-Identifier: BSD-2-Clause
/*
 * Copy on write, as far as it is on the way of a page fault; the rest is in copy.c.
 */
#ifndef LIBOS_VM_COPY_H
#define LIBOS_VM_COPY_H

#include <libos/vm/internal.h>

// copy.c: a frame bound in a slot when the pool is empty; the slot's address, 0: no frame.
word_t copy_frame(page_t *page);
// copy.c: when we are the last user of a frame of ours: it is ours alone. False: we are not.
bool copy_spared(word_t address, page_t page, word_t rights, word_t flags);

// 512 loads, 512 stores, and as little else as there can be: from the middle of a page all of it is in reach.
static inline void page_copy(word_t to, word_t from)
{
    volatile word_t *target = (volatile word_t *)(to + PAGE_SIZE / 2);
    const volatile word_t *source = (const volatile word_t *)(from + PAGE_SIZE / 2);
#define COPY_1(at)  target[(at) - 256] = source[(at) - 256]
#define COPY_8(at)  COPY_1(at), COPY_1(at + 1), COPY_1(at + 2), COPY_1(at + 3), COPY_1(at + 4), COPY_1(at + 5), COPY_1(at + 6), COPY_1(at + 7)
#define COPY_64(at) COPY_8(at), COPY_8(at + 8), COPY_8(at + 16), COPY_8(at + 24), COPY_8(at + 32), COPY_8(at + 40), COPY_8(at + 48), COPY_8(at + 56)
    COPY_64(0), COPY_64(64), COPY_64(128), COPY_64(192);
    COPY_64(256), COPY_64(320), COPY_64(384), COPY_64(448);
#undef COPY_64
#undef COPY_8
#undef COPY_1
}

/*
 * A page with VM_COPY that maps this frame and can be read becomes our own with these rights, and with these flags of what
 * it had.
 */
static inline bool copy_made(word_t address, page_t shared, word_t rights, word_t flags)
{
    page_t page;
    word_t slot;
    const volatile struct frame *frame = (const volatile struct frame *)TABLE_FRAMES + (shared - machine()->ram_first);

    if (__builtin_expect(frame->bindings <= 1, 0) && copy_spared(address, shared, rights, flags))
        return true;
    if (__builtin_expect(pool_count == 0, 0)) {
        if (!(slot = copy_frame(&page)))
            return vm_refuse("no free frame is left to copy the page");
    } else {
        slot = pool_take_any(&page);
    }
    page_copy(slot, address);
    sys_pte_unmap(0, address, 1);
    vm_copies--;
    // Its table is there: the page was bound just now. In place of another, an insert needs no memory.
    sys_pte_map(0, address, page, 1, rights, CAP_NONE);
    return vm_structure.insert(address, page << PAGE_SHIFT | flags << 8 | rights);
}

#endif
