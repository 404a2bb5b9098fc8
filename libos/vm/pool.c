// SPDX-License-Identifier: BSD-2-Clause
/*
 * Frames that the program keeps. Slot n is the page VM_POOL + n * PAGE_SIZE.
 *
 * Invariants
 *   (1) slots 0 to pool_count - 1 hold the pool's frames, bound in their slots and nowhere else
 *   (2) a slot behind these may still have the frame that was taken out of it, bound here a second time: unbinding it
 *       is left to whoever needs the slot, so taking a frame costs no call
 * A slot that has been cleared or filled by the kernel says so, and is not cleared again.
 */
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>

page_t pool_slots[POOL_MAX]; // 0: nothing is bound there
static bool zeros[POOL_MAX];   // the frame is all zeros
static size_t bound_end;       // nothing is bound in the slots from here on
size_t pool_count;
static size_t pool_most; // at most POOL_MAX - 1: pool_lend has a slot

static word_t slot_address(size_t slot)
{
    return VM_POOL + slot * PAGE_SIZE;
}

static void slot_unbind(size_t slot)
{
    if (pool_slots[slot])
        vm_unbind(0, slot_address(slot), 1);
    pool_slots[slot] = 0;
}

static bool slot_bind(size_t slot, page_t page)
{
    if (pool_slots[slot] == page)
        return true;
    slot_unbind(slot);
    if (vm_bind(0, slot_address(slot), page, 1, RIGHT_READ | RIGHT_WRITE) != ERR_OK)
        return false;
    pool_slots[slot] = page;
    if (bound_end <= slot)
        bound_end = slot + 1;
    return true;
}

// 512 stores and as little else as there can be.
static inline void clear(word_t address)
{
    volatile word_t *word = (volatile word_t *)address;
#define CLEAR_8(at)                                                                                          \
    word[at] = 0, word[at + 1] = 0, word[at + 2] = 0, word[at + 3] = 0, word[at + 4] = 0, word[at + 5] = 0,  \
    word[at + 6] = 0, word[at + 7] = 0
    for (volatile word_t *end = word + PAGE_SIZE / sizeof(word_t); word < end; word += 64) {
        CLEAR_8(0), CLEAR_8(8), CLEAR_8(16), CLEAR_8(24);
        CLEAR_8(32), CLEAR_8(40), CLEAR_8(48), CLEAR_8(56);
    }
#undef CLEAR_8
}

word_t pool_take(page_t *page, bool want_zeros)
{
    word_t address = pool_take_any(page);
    if (address && want_zeros && !zeros[pool_count])
        clear(address);
    return address;
}

static bool put(page_t page, bool is_zeros)
{
    if (pool_count == POOL_MAX - 1 || !slot_bind(pool_count, page))
        return false;
    zeros[pool_count++] = is_zeros;
    return true;
}

word_t pool_lend(page_t page)
{
    return slot_bind(pool_count, page) ? slot_address(pool_count) : 0;
}

// The slot that a frame was taken from, POOL_MAX when it is bound in none.
static size_t slot_left(page_t page)
{
    size_t slot = pool_count;
    while (slot < bound_end && pool_slots[slot] != page)
        slot++;
    return slot < bound_end ? slot : POOL_MAX;
}

bool pool_put(page_t page)
{
    if (pool_count >= pool_most)
        return false;
    // Bound once at most: where it was taken from. Two slots for one frame would break invariant (1).
    size_t left = slot_left(page);
    if (left != POOL_MAX && left != pool_count)
        slot_unbind(left);
    return put(page, false);
}

bool pool_forget(page_t page)
{
    size_t slot = slot_left(page);
    if (slot == POOL_MAX)
        return false;
    slot_unbind(slot);
    return true;
}

size_t pool_drain(void)
{
    size_t count = pool_count;

    for (size_t slot = 0; slot < bound_end; slot++) {
        page_t page = pool_slots[slot];
        slot_unbind(slot);
        if (slot < count)
            sys_page_free(page);
    }
    pool_count = bound_end = 0;
    return count;
}

void vm_pool(size_t most)
{
    upcall_hold();
    pool_most = most < POOL_MAX ? most : POOL_MAX - 1;
    while (pool_count > pool_most) {
        page_t page = pool_slots[--pool_count];
        slot_unbind(pool_count);
        sys_page_free(page);
    }
    upcall_release();
}

size_t vm_pool_fill(size_t count)
{
    upcall_hold();
    while (count-- > 0 && pool_count < pool_most) {
        page_t page = frame_alloc();
        if (page == FRAME_NONE)
            break;
        if (!put(page, true)) {
            sys_page_free(page);
            break;
        }
    }
    count = pool_count;
    upcall_release();
    return count;
}
