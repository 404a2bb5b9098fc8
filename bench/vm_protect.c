// SPDX-License-Identifier: BSD-2-Clause
/*
 * The primitives of Appel and Li (1991), on pages of the program's own. All instructions count.
 *
 * prot1        one page is made read-only
 * prot100      a hundred neighbouring pages are, in one call; unprot100 makes them writable again. Per page
 * trap         a store to a read-only page, to the program's handler and back past the store
 * trap_unprot  the same, and the handler makes the page writable, so the store happens
 * appel1       a fault whose handler makes the page writable and another one read-only
 * appel2       a hundred pages are made read-only, then written in random order, and the handler makes each
 *              writable; per page
 */
#include "vm.h"

#include <stdlib.h>

#define ADDRESS 0x3f50000000ul

static volatile char *page_at(word_t number) { return (volatile char *)(ADDRESS + number * PAGE_SIZE); }

static void protect(volatile char *address, size_t count, word_t rights)
{
    for (size_t done = 0; done < count;) {
        sysret_t answer = sys_pte_protect(0, (word_t)address + done * PAGE_SIZE, count - done, rights);
        must(answer, "pte_protect");
        done += answer.value;
    }
}

static volatile char *protect_next; // what appel1's handler makes read-only

static bool handle(word_t address, word_t need)
{
    volatile char *page = (volatile char *)(address & ~(word_t)(PAGE_SIZE - 1));
    (void)need;
    protect(page, 1, RIGHT_READ | RIGHT_WRITE);
    if (protect_next != NULL)
        protect(protect_next, 1, RIGHT_READ);
    return true;
}

static void calls(void)
{
    word_t one = ~0ul, many = ~0ul, back = ~0ul;
    for (int i = 0; i < REPEAT; i++) {
        one = least_of(one, COUNTED(SPENT(protect(page_at(0), 1, RIGHT_READ))));
        protect(page_at(0), 1, RIGHT_READ | RIGHT_WRITE);
    }
    row_counted("prot1", one, 1);
    for (int i = 0; i < REPEAT; i++) {
        many = least_of(many, COUNTED(SPENT(protect(page_at(0), VM_PAGES, RIGHT_READ))));
        back = least_of(back, SPENT(protect(page_at(0), VM_PAGES, RIGHT_READ | RIGHT_WRITE)));
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

    protect(page_at(0), 1, RIGHT_READ);
    for (word_t i = 0; i < 2 * REPEAT; i++) {
        protect_next = page_at((i + 1) % 2);
        word_t first = COUNTED(stretch_store(page_at(i % 2)));
        swapped = least_of(swapped, first - stretch_store(page_at(i % 2)));
    }
    row_counted("appel1", swapped, 1);
    protect_next = NULL;
    protect(page_at(0), 2, RIGHT_READ | RIGHT_WRITE);
}

// Numbers 0 to 99 in an order that is always the same.
static void shuffle(unsigned char order[VM_PAGES])
{
    unsigned random = 1;
    for (unsigned i = 0; i < VM_PAGES; i++) {
        random = random * 1103515245 + 12345;
        unsigned other = (random >> 16) % (i + 1);
        order[i] = order[other];
        order[other] = (unsigned char)i;
    }
}

static void touch_all(const unsigned char order[VM_PAGES])
{
    for (unsigned i = 0; i < VM_PAGES; i++)
        *page_at(order[i]) = 1;
}

static void appel2(void)
{
    unsigned char order[VM_PAGES];
    shuffle(order);
    word_t all = ~0ul;
    for (int i = 0; i < REPEAT; i++)
        all = least_of(all, COUNTED(SPENT({
            protect(page_at(0), VM_PAGES, RIGHT_READ);
            touch_all(order);
        })));
    row_pages("appel2", all, VM_PAGES);
    row_fences("appel2", VM_PAGES);
}

// Upcalls are not held: the way out of a handler is longer when they can come.
void bench_vm_protect(void)
{
    page_t first = frame_find(VM_PAGES);
    must((sysret_t){first == FRAME_NONE ? ERR_NOENT : ERR_OK, 0}, "a run of frames");
    for (word_t i = 0; i < VM_PAGES; i++)
        must(sys_page_alloc(first + i), "page_alloc");
    must((sysret_t){vm_bind(0, ADDRESS, first, VM_PAGES, RIGHT_READ | RIGHT_WRITE), 0}, "the pages");
    calls();
    traps();
    appel2();
    fault_handle(NULL);
    vm_unbind(0, ADDRESS, VM_PAGES);
    for (word_t i = 0; i < VM_PAGES; i++)
        must(sys_page_free(first + i), "page_free");
}
