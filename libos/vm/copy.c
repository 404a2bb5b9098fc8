// SPDX-License-Identifier: BSD-2-Clause
/*
 * Copy on write. A page with VM_COPY is bound without W, whatever the structure says; its frame is bound elsewhere, too,
 * where the same holds. The first store to it gets a frame of its own. Nobody counts the users of a frame: the kernel's
 * frame table says how often it is bound.
 *
 * A frame of ours that is left to others stays ours. Nothing of ours maps it any more, so a bit at VM_LEFT remembers
 * it until its last binding has gone.
 */
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>

size_t vm_copies;

static word_t *const left = (word_t *)VM_LEFT;
static size_t left_count;
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

static void left_add(page_t page)
{
    size_t index = page - machine()->ram_first;
    left[index / 64] |= 1ul << index % 64;
    left_count++;
}

void copy_leave(page_t page)
{
    if (frame_entry(page)->owner == self() && sys_page_free(page).error == ERR_BUSY)
        left_add(page);
}

void vm_left_forget(void)
{
    left_ready = false;
    left_count = 0;
}

size_t vm_left_reap(void)
{
    size_t reaped = 0;

    for (size_t i = 0; left_count > 0 && i < machine()->ram_count; i++) {
        if (i % 64 == 0 && left[i / 64] == 0) {
            i += 63;
            continue;
        }
        page_t page = machine()->ram_first + i;
        if (left[i / 64] >> i % 64 & 1 && frame_entry(page)->bindings == 0) {
            left[i / 64] &= ~(1ul << i % 64);
            left_count--;
            reaped++;
            frame_free(page);
        }
    }
    return reaped;
}

// 512 loads, 512 stores, and as little else as there can be.
static inline void page_copy(word_t to, word_t from)
{
    volatile word_t *target = (volatile word_t *)to;
    const volatile word_t *source = (const volatile word_t *)from;
#define COPY_1(at) target[at] = source[at]
#define COPY_8(at)                                                                                           \
    COPY_1(at), COPY_1(at + 1), COPY_1(at + 2), COPY_1(at + 3), COPY_1(at + 4), COPY_1(at + 5),              \
    COPY_1(at + 6), COPY_1(at + 7)
    for (const volatile word_t *end = source + PAGE_SIZE / sizeof(word_t); source < end; source += 32, target += 32)
        COPY_8(0), COPY_8(8), COPY_8(16), COPY_8(24);
#undef COPY_8
#undef COPY_1
}

// A frame of ours, bound in a slot of the pool; the slot's address.
static word_t frame_to_copy_to(page_t *page)
{
    word_t slot = pool_take(page, false);
    if (slot)
        return slot;
    *page = vm_frame(false);
    if (*page == FRAME_NONE)
        return 0;
    slot = pool_lend(*page);
    if (!slot)
        frame_free(*page);
    return slot;
}

static bool copy_made(word_t address, struct vm_mapping mapping, word_t rights)
{
    page_t page;
    word_t slot = frame_to_copy_to(&page);
    if (!slot)
        return vm_refuse("no free frame is left to copy the page");

    if (!(vm_pte(address) & RIGHT_READ))
        vm_rebind(address, (struct vm_mapping){mapping.page, RIGHT_READ, 0});
    page_copy(slot, address);
    sys_pte_unmap(0, address, 1);
    copy_leave(mapping.page);
    vm_structure.insert(address, mapping_pack((struct vm_mapping){page, (uint32_t)rights, mapping.flags & ~(uint32_t)VM_COPY}));
    sys_pte_map(0, address, page, 1, rights, CAP_NONE); // its table is there: the page was bound just now
    return true;
}

// The last user of a frame of ours: it is ours alone.
static bool copy_spared(word_t address, struct vm_mapping mapping, word_t rights)
{
    const volatile struct frame *frame = frame_entry(mapping.page);
    word_t pte = vm_pte(address);

    if (frame->owner != self() || frame->bindings != 1 || vm_pte_page(pte) != mapping.page || pte == 0)
        return false;
    mapping.flags &= ~(uint32_t)VM_COPY;
    mapping.rights = (uint32_t)rights;
    vm_structure.insert(address, mapping_pack(mapping));
    if (sys_pte_protect(0, address, 1, rights).error != ERR_OK)
        vm_rebind(address, mapping);
    return true;
}

bool vm_copy(word_t address, word_t rights)
{
    struct vm_mapping mapping = mapping_unpack(vm_structure.find(address));

    if (!copy_spared(address, mapping, rights) && !copy_made(address, mapping, rights))
        return false;
    vm_copies--;
    return true;
}
