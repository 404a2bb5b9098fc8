// SPDX-License-Identifier: BSD-2-Clause
/*
 * The primitives of Appel and Li (1991), on pages of the heap, by the library's calls (libos/vm/vm.h). All instructions
 * count, from the call or the faulting instruction to what stands behind it.
 *
 * prot1        one page is made read-only
 * prot100      a hundred neighbouring pages are, in one call; unprot100 makes them writable again. Per page
 * trap         a store to a read-only page, to a handler of the program's in the exception slot and back past the store;
 *              the library is not on the way
 * trap_unprot  the same to a handler in C (fault_handle), which makes the page writable, so the store happens
 * appel1       a fault whose handler makes the page writable and another one read-only
 * appel2       a hundred pages are made read-only, then written in random order, and the handler makes each
 *              writable; per page
 */
#include "vm.h"

static volatile char *pages;

static volatile char *page_at(word_t number) { return pages + number * PAGE_SIZE; }

static void protect(volatile char *address, size_t count, word_t rights)
{
    must((sysret_t){vm_protect((word_t)address, count, rights), 0}, "vm_protect");
}

static volatile char *protect_next; // what appel1's handler makes read-only

static bool handle(word_t address, word_t need)
{
    (void)need;
    return vm_allow(address, RIGHT_READ | RIGHT_WRITE);
}

static bool handle_swapping(word_t address, word_t need)
{
    (void)need;
    return vm_allow(address, RIGHT_READ | RIGHT_WRITE) && vm_allow((word_t)protect_next, RIGHT_READ);
}

static void calls(void)
{
    word_t address = (word_t)pages, one = ~0ul, many = ~0ul, back = ~0ul;
    for (int i = 0; i < REPEAT; i++) {
        one = least_of(one, COUNTED(SPENT(vm_protect(address, 1, RIGHT_READ))));
        protect(pages, 1, RIGHT_READ | RIGHT_WRITE);
    }
    row_counted("prot1", one, 1);
    for (int i = 0; i < REPEAT; i++) {
        many = least_of(many, COUNTED(SPENT(vm_protect(address, VM_PAGES, RIGHT_READ))));
        back = least_of(back, SPENT(vm_protect(address, VM_PAGES, RIGHT_READ | RIGHT_WRITE)));
    }
    row_pages("prot100", many, VM_PAGES);
    row_fences("prot100", 1);
    row_pages("unprot100", back, VM_PAGES);
}

static void traps(void)
{
    word_t skipped = ~0ul, none = ~0ul, unprotected = ~0ul, swapped = ~0ul;
    for (int i = 0; i < REPEAT; i++) {
        protect(page_at(0), 1, RIGHT_READ);
        skipped = least_of(skipped, COUNTED(stretch_trap(page_at(0))));
        none = least_of(none, stretch_trap_none(page_at(0)));
    }
    row_counted("trap", skipped - none, 1);

    fault_handle(handle);
    for (int i = 0; i < REPEAT; i++) {
        protect(page_at(0), 1, RIGHT_READ);
        word_t first = COUNTED(stretch_store(page_at(0)));
        unprotected = least_of(unprotected, first - stretch_store(page_at(0)));
    }
    row_counted("trap_unprot", unprotected, 1);

    fault_handle(handle_swapping);
    protect(page_at(0), 1, RIGHT_READ);
    for (word_t i = 0; i < 2 * REPEAT; i++) {
        protect_next = page_at((i + 1) % 2);
        word_t first = COUNTED(stretch_store(page_at(i % 2)));
        swapped = least_of(swapped, first - stretch_store(page_at(i % 2)));
    }
    row_counted("appel1", swapped, 1);
    fault_handle(handle);
    protect(page_at(0), 2, RIGHT_READ | RIGHT_WRITE);
}

// All pages in an order at random that is always the same.
static void shuffle(volatile char *order[VM_PAGES])
{
    unsigned random = 1;
    for (unsigned i = 0; i < VM_PAGES; i++) {
        random = random * 1103515245 + 12345;
        unsigned other = (random >> 16) % (i + 1);
        order[i] = order[other];
        order[other] = page_at(i);
    }
}

static void touch_all(volatile char *const order[VM_PAGES])
{
    for (unsigned i = 0; i < VM_PAGES; i++)
        *order[i] = 0;
}

static void appel2(void)
{
    volatile char *order[VM_PAGES];
    shuffle(order);
    word_t all = ~0ul;
    for (int i = 0; i < REPEAT; i++)
        all = least_of(all, COUNTED(SPENT({
            vm_protect((word_t)pages, VM_PAGES, RIGHT_READ);
            touch_all(order);
        })));
    row_pages("appel2", all, VM_PAGES);
    row_fences("appel2", VM_PAGES);
}

// Upcalls are not held: the way out of a handler is longer when they can come.
void bench_vm_protect(void)
{
    pages = heap_pages(VM_PAGES);
    for (word_t i = 0; i < VM_PAGES; i++)
        *page_at(i) = 1;
    calls();
    traps();
    appel2();
    fault_handle(NULL);
    heap_pages_end(VM_PAGES);
}
