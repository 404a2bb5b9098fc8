// SPDX-License-Identifier: BSD-2-Clause
/*
 * Protection as a garbage collector uses it: rights of ranges, handlers of ranges, dirty and accessed bits read from the
 * program's own page tables, one frame at two addresses.
 */
#include "guest.h"
#include <libos/vm/vm.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGES 300

static volatile char *heap;
static volatile size_t faults, other_faults; // what faults and what counts them, the compiler cannot see
static volatile word_t last_address;

static volatile char *page_at(size_t number)
{
    return heap + number * PAGE_SIZE;
}

static bool unprotect(word_t address, word_t need, struct trap_frame *frame)
{
    faults++;
    last_address = address;
    CHECK_EQUAL(frame->address, address);
    CHECK_EQUAL(need, frame->cause == 15 ? RIGHT_WRITE : RIGHT_READ);
    return vm_protect(address & ~(PAGE_SIZE - 1ul), 1, RIGHT_READ | RIGHT_WRITE) == ERR_OK;
}

// Past the instruction, whichever of the two sizes it has.
static bool skip(word_t address, word_t need, struct trap_frame *frame)
{
    (void)address, (void)need;
    other_faults++;
    frame->FRAME_PC += (*(const uint16_t *)frame->FRAME_PC & 3) == 3 ? 4 : 2;
    return true;
}

static bool decline(word_t address, word_t need, struct trap_frame *frame)
{
    (void)address, (void)need, (void)frame;
    other_faults++;
    return false;
}

static void ranges(void)
{
    CHECK(vm_handle((word_t)heap, PAGES * PAGE_SIZE, unprotect));
    CHECK_EQUAL(vm_protect((word_t)heap, PAGES, RIGHT_READ), ERR_OK);
    for (size_t i = 0; i < PAGES; i++) {
        size_t number = i * 7 % PAGES;
        CHECK_EQUAL(page_at(number)[100], (char)number); // reading is allowed
        CHECK_EQUAL(faults, i);
        page_at(number)[100] = (char)(number + 1);
        CHECK_EQUAL(faults, i + 1);
        CHECK_EQUAL(last_address, (word_t)page_at(number) + 100);
    }
    for (size_t i = 0; i < PAGES; i++)
        CHECK_EQUAL(page_at(i)[100], (char)(i + 1));
    CHECK_EQUAL(faults, PAGES);

    // No access at all, and back.
    CHECK_EQUAL(vm_protect((word_t)heap, 2, 0), ERR_OK);
    CHECK_EQUAL(page_at(0)[100], 1);
    CHECK_EQUAL(faults, PAGES + 1);
    CHECK_EQUAL(vm_protect((word_t)heap, 2, RIGHT_READ | RIGHT_WRITE), ERR_OK);
    page_at(1)[100] = 2;
    CHECK_EQUAL(faults, PAGES + 1);
    CHECK(vm_handle((word_t)heap, PAGES * PAGE_SIZE, NULL));
}

static void handlers(void)
{
    // The newest is asked first, then the others, then the library.
    CHECK(vm_handle((word_t)page_at(0), 4 * PAGE_SIZE, skip));
    CHECK(vm_handle((word_t)page_at(2), 4 * PAGE_SIZE, decline));
    CHECK_EQUAL(vm_protect((word_t)heap, 4, RIGHT_READ), ERR_OK);
    other_faults = 0;
    *page_at(1) = 77;
    CHECK_EQUAL(other_faults, 1);
    *page_at(3) = 77;
    CHECK_EQUAL(other_faults, 3);
    CHECK(page_at(1)[0] != 77);
    CHECK(page_at(3)[0] != 77);
    CHECK_EQUAL(vm_protect((word_t)heap, 4, RIGHT_READ | RIGHT_WRITE), ERR_OK);

    // A page that appears when it is touched is nobody's protection fault, and may be touched by a handler.
    volatile char *more = sbrk(4 * PAGE_SIZE);
    more = (volatile char *)(((word_t)more + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ul));
    CHECK(vm_handle((word_t)more, 2 * PAGE_SIZE, decline));
    more[0] = 1;
    CHECK_EQUAL(other_faults, 4);
    CHECK(vm_handle((word_t)more, 2 * PAGE_SIZE, NULL));
    CHECK(vm_handle((word_t)page_at(2), 4 * PAGE_SIZE, NULL));
    CHECK(vm_handle((word_t)page_at(0), 4 * PAGE_SIZE, NULL));

    size_t fit = 0;
    while (vm_handle((word_t)heap + fit, 1, decline))
        fit++;
    CHECK_EQUAL(fit, VM_HANDLERS_MAX);
    while (fit-- > 0)
        CHECK(vm_handle((word_t)heap + fit, 1, NULL));
}

static void bits(void)
{
    vm_clear((word_t)heap, PAGES, VM_DIRTY | VM_ACCESSED);
    for (size_t i = 0; i < PAGES; i++) {
        CHECK(!vm_dirty((word_t)page_at(i)));
        CHECK(!vm_accessed((word_t)page_at(i)));
    }
    for (size_t i = 0; i < PAGES; i += 3)
        page_at(i)[8] = 1;
    for (size_t i = 1; i < PAGES; i += 3)
        (void)*page_at(i);
    for (size_t i = 0; i < PAGES; i++) {
        CHECK_EQUAL(vm_dirty((word_t)page_at(i)), i % 3 == 0);
        CHECK_EQUAL(vm_accessed((word_t)page_at(i)), i % 3 != 2);
    }
    // One kind of bit at a time, and rights stay.
    CHECK_EQUAL(vm_protect((word_t)page_at(3), 3, RIGHT_READ), ERR_OK);
    vm_clear((word_t)heap, PAGES, VM_DIRTY);
    CHECK(!vm_dirty((word_t)page_at(0)));
    CHECK(vm_accessed((word_t)page_at(0)));
    CHECK(vm_accessed((word_t)page_at(3)));
    CHECK_EQUAL(vm_pte_rights(vm_pte((word_t)page_at(3))), RIGHT_READ);
    CHECK_EQUAL(vm_pte_rights(vm_pte((word_t)page_at(0))), RIGHT_READ | RIGHT_WRITE);
    CHECK_EQUAL(vm_protect((word_t)page_at(3), 3, RIGHT_READ | RIGHT_WRITE), ERR_OK);

    // Where nothing is mapped nothing is dirty, tables or not.
    CHECK(!vm_dirty((word_t)heap + 0x20000000ul));
    CHECK(!vm_accessed(0x2000000000ul));
    // The program itself and its stack have tables, too, whoever made them.
    static volatile char here;
    here = 1;
    CHECK(vm_dirty((word_t)&here));
    volatile char there = 1;
    CHECK(vm_dirty((word_t)&there));
}

static void aliases(void)
{
    word_t other = 0x2000000000ul;
    volatile char *one = page_at(5), *two = (volatile char *)other;

    CHECK_EQUAL(vm_alias((word_t)one, other, RIGHT_READ), ERR_OK);
    CHECK_EQUAL(vm_find(other).page, vm_find((word_t)one).page);
    one[9] = 41;
    CHECK_EQUAL(two[9], 41);
    CHECK_EQUAL(vm_protect((word_t)one, 1, 0), ERR_OK);
    CHECK_EQUAL(two[9], 41); // the collector's view
    CHECK_EQUAL(vm_protect((word_t)one, 1, RIGHT_READ | RIGHT_WRITE), ERR_OK);
    one[9] = 42;
    CHECK_EQUAL(two[9], 42);
    page_t page = vm_unmap(other);
    CHECK_EQUAL(page, vm_find((word_t)one).page);
    CHECK_EQUAL(frame_entry(page)->bindings, 1);
    // More than it was bound with, too: the library binds it anew.
    CHECK_EQUAL(vm_alias((word_t)one, other, RIGHT_READ), ERR_OK);
    CHECK_EQUAL(vm_protect(other, 1, RIGHT_READ | RIGHT_WRITE), ERR_OK);
    two[9] = 43;
    CHECK_EQUAL(one[9], 43);
    vm_unmap(other);
    CHECK_EQUAL(vm_alias((word_t)heap + 0x20000000ul, other, RIGHT_READ), ERR_NOENT);
    CHECK_EQUAL(vm_protect(other, 1, RIGHT_READ), ERR_NOENT);
}

// The table that a page is bound in goes away; the structure still knows.
static void broken(void)
{
    word_t address = (word_t)page_at(7);

    vm_unbind(0, address, 1);
    CHECK_EQUAL(page_at(7)[100], 8);
    vm_unbind(0, address, 1);
    CHECK_EQUAL(vm_protect(address, 1, RIGHT_READ), ERR_OK);
    CHECK_EQUAL(page_at(7)[100], 8);
    faults = 0;
    CHECK(vm_handle(address, PAGE_SIZE, unprotect));
    page_at(7)[100] = 9;
    CHECK_EQUAL(faults, 1);
    vm_unbind(0, address, 1);
    page_at(7)[100] = 10; // the handler is asked, gives rights that the page had, and that ends it
    CHECK_EQUAL(faults, 2);
    CHECK(vm_handle(address, PAGE_SIZE, NULL));
}

static void pool(void)
{
    vm_pool(8);
    CHECK_EQUAL(vm_pool_fill(100), 8);
    size_t before = frame_count_free();
    char *more = sbrk(40 * PAGE_SIZE);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 40 * PAGE_SIZE; i += PAGE_SIZE) {
            for (size_t j = 0; j < PAGE_SIZE; j += 8)
                CHECK_EQUAL(*(uint64_t *)(more + i + j), 0);
            memset(more + i, 0x5a, PAGE_SIZE);
        }
        CHECK_EQUAL(before - frame_count_free(), 40 - 8);
        CHECK(sbrk(-40 * PAGE_SIZE) == more + 40 * PAGE_SIZE);
        CHECK_EQUAL(before - frame_count_free(), 0); // eight of them are kept
        if (round < 2)
            CHECK(sbrk(40 * PAGE_SIZE) == more);
    }
    vm_pool(0);
    CHECK_EQUAL(frame_count_free() - before, 8);
}

int main(void)
{
    heap = sbrk((PAGES + 1) * PAGE_SIZE);
    heap = (volatile char *)(((word_t)heap + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ul));
    for (size_t i = 0; i < PAGES; i++)
        page_at(i)[100] = (char)i;
    ranges();
    handlers();
    bits();
    aliases();
    broken();
    pool();
    return guest_end();
}
