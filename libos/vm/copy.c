// SPDX-License-Identifier: BSD-2-Clause
/*
 * Copy on write. A page with VM_COPY is bound without W, whatever the structure says; its frame is bound elsewhere, too,
 * where the same holds. The first store to it gets a frame of its own. Nobody counts the users of a frame: the kernel's
 * frame table says how often it is bound.
 *
 * A frame of ours that is left to others stays ours, although nothing of ours maps it. So each frame that gets a second user
 * gets a bit at VM_LEFT, which it loses when it is unmapped here by anything but a copy; when its last binding has gone
 * it is freed. Setting the bit beforehand keeps it out of the way of the page fault.
 */
#include <libos/vm/copy.h>
#include <libos/vm/frame.h>

size_t vm_copies;

static bool left_ready;

// The bits, all of them at once: the frames that may need one are known only when it is too late for a new page.
bool vm_left_begin(void)
{
    size_t pages = (machine()->ram_count + 8 * PAGE_SIZE - 1) / (8 * PAGE_SIZE);

    for (size_t i = 0; i < pages && !left_ready; i++) {
        page_t page = frame_alloc();
        if (page == FRAME_NONE)
            return false;
        long error = vm_bind(0, VM_LEFT + i * PAGE_SIZE, page, 1, RIGHT_READ | RIGHT_WRITE);
        if (error != ERR_OK)
            frame_free(page);
        if (error != ERR_OK && error != ERR_BUSY) // bound by an earlier try
            return false;
    }
    return left_ready = true;
}

static word_t *left_word(page_t page)
{
    return (word_t *)VM_LEFT + (page - machine()->ram_first) / 64;
}

static word_t left_bit(page_t page)
{
    return 1ul << (page - machine()->ram_first) % 64;
}

void vm_left_add(page_t page)
{
    *left_word(page) |= left_bit(page);
}

void vm_left_remove(page_t page)
{
    if (left_ready && frame_entry(page))
        *left_word(page) &= ~left_bit(page);
}

void vm_left_forget(void)
{
    left_ready = false;
}

static bool left_look(page_t page)
{
    const volatile struct frame *frame = frame_entry(page);

    if (frame->owner == self() && frame->kind == PAGE_DATA && frame->bindings != 0)
        return false;
    vm_left_remove(page);
    return frame_free(page); // refused when it is not ours any more
}

size_t vm_left_reap(void)
{
    size_t freed = 0;

    for (size_t i = 0; left_ready && i < machine()->ram_count; i++) {
        page_t page = machine()->ram_first + i;
        if (*left_word(page) == 0)
            i |= 63;
        else if (*left_word(page) & left_bit(page))
            freed += left_look(page);
    }
    return freed;
}

word_t copy_frame(page_t *page)
{
    *page = vm_frame(false);
    if (*page == FRAME_NONE)
        return 0;
    word_t slot = pool_lend(*page);
    if (!slot)
        frame_free(*page);
    return slot;
}

bool copy_spared(word_t address, page_t page, word_t rights, word_t flags)
{
    word_t mapping = page << PAGE_SHIFT | flags << 8 | rights;
    word_t pte = vm_pte(address);

    if (frame_entry(page)->owner != self() || vm_pte_page(pte) != page || pte == 0)
        return false;
    vm_structure.insert(address, mapping);
    vm_left_remove(page);
    vm_copies--;
    if (sys_pte_protect(0, address, 1, rights).error != ERR_OK)
        vm_rebind(address, mapping_unpack(mapping));
    return true;
}

bool vm_copy(word_t address, word_t rights)
{
    struct vm_mapping mapping = mapping_unpack(vm_structure.find(address));

    if (!(mapping.rights & RIGHT_READ)) // to be copied it must be read
        vm_rebind(address, (struct vm_mapping){mapping.page, RIGHT_READ, 0});
    return copy_made(address, mapping.page, rights, mapping.flags & ~(word_t)VM_COPY);
}
