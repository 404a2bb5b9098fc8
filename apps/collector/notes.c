// SPDX-License-Identifier: BSD-2-Clause
// The ways to learn which pages of the heap were written; see collector.h.
#include "collector.h"

#include <stdlib.h>
#include <string.h>

struct object *heap;
uint8_t cards[HEAP_PAGES];
size_t notes_trapped;

static bool trapped[HEAP_PAGES];

static word_t page_address(size_t page)
{
    return (word_t)heap + page * PAGE_SIZE;
}

static void nothing(void)
{
}

// Cards: the program marks them.

static void cards_begin(void)
{
    memset(cards, 0, sizeof(cards));
}

static size_t cards_take(bool pages[HEAP_PAGES])
{
    size_t count = 0;

    for (size_t page = 0; page < HEAP_PAGES; page++) {
        pages[page] = cards[page];
        count += cards[page];
        cards[page] = 0;
    }
    return count;
}

// Dirty: the MMU sets the bits. One call clears them on many pages.

static void dirty_begin(void)
{
    vm_clear((word_t)heap, HEAP_PAGES, VM_DIRTY);
}

static size_t dirty_take(bool pages[HEAP_PAGES])
{
    size_t count = 0, last = 0, first = HEAP_PAGES;

    for (size_t page = 0; page < HEAP_PAGES; page++) {
        pages[page] = vm_dirty(page_address(page));
        if (!pages[page])
            continue;
        count++;
        last = page;
        first = first < page ? first : page;
    }
    if (count > 0)
        vm_clear(page_address(first), last - first + 1, VM_DIRTY);
    return count;
}

// Traps: pages are protected until the first store.

static bool on_trap(word_t address, word_t need, struct trap_frame *frame)
{
    size_t page = (address - (word_t)heap) / PAGE_SIZE;

    (void)frame;
    if (need != RIGHT_WRITE || trapped[page])
        return false; // not ours: it is writable
    notes_trapped++;
    trapped[page] = true;
    return vm_protect(page_address(page), 1, RIGHT_READ | RIGHT_WRITE) == ERR_OK;
}

static void traps_begin(void)
{
    memset(trapped, 0, sizeof(trapped));
    vm_handle((word_t)heap, HEAP_PAGES * PAGE_SIZE, on_trap);
    vm_protect((word_t)heap, HEAP_PAGES, RIGHT_READ);
}

static size_t traps_take(bool pages[HEAP_PAGES])
{
    size_t count = 0;

    for (size_t page = 0, end; page < HEAP_PAGES; page = end) {
        bool state = trapped[page];
        for (end = page; end < HEAP_PAGES && trapped[end] == state; end++) {
            pages[end] = state;
            count += state;
        }
        if (state)
            vm_protect(page_address(page), end - page, RIGHT_READ);
    }
    memset(trapped, 0, sizeof(trapped));
    return count;
}

static void traps_end(void)
{
    vm_protect((word_t)heap, HEAP_PAGES, RIGHT_READ | RIGHT_WRITE);
    vm_handle((word_t)heap, HEAP_PAGES * PAGE_SIZE, NULL);
}

static size_t none_take(bool pages[HEAP_PAGES])
{
    memset(pages, 0, HEAP_PAGES * sizeof(pages[0]));
    return 0;
}

// The heap is memory like any other; all of its pages are there from the start.
void notes_start(void)
{
    if (!heap)
        heap = aligned_alloc(PAGE_SIZE, HEAP_PAGES * PAGE_SIZE);
    if (heap)
        memset(heap, 0, HEAP_PAGES * PAGE_SIZE);
    notes_trapped = 0;
}

const struct notes notes_cards = {"cards", cards_begin, cards_take, nothing};
const struct notes notes_dirty = {"dirty", dirty_begin, dirty_take, nothing};
const struct notes notes_traps = {"traps", traps_begin, traps_take, traps_end};
const struct notes notes_none = {"none", nothing, none_take, nothing};
