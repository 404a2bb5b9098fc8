// SPDX-License-Identifier: BSD-2-Clause
/*
 * Page faults that the library handles. All instructions count, from the faulting store to the one behind it. Upcalls
 * are not held: the way out of a fault is longer when they can come.
 *
 * zero_fault       the first store to a page of the heap: a frame is found, cleared and bound
 * cow_fault        the first store to a page that is shared with a copy of this program (vm_duplicate): it is copied to a
 *                  frame of the program's pool, which needs no clearing
 * STRUCTURE_fault  a page that is neither in the MMU's tables nor in the STLB: the library looks it up in its own
 *                  structure and binds it. inverted_fault, radix_fault, ranges_fault
 */
#include "vm.h"

#include <libos/vm/structure.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

volatile char *heap_pages(word_t count)
{
    return (volatile char *)(((word_t)sbrk((intptr_t)(count + 1) * PAGE_SIZE) + PAGE_SIZE - 1) & ~(word_t)(PAGE_SIZE - 1));
}

void heap_pages_end(word_t count)
{
    sbrk(-(intptr_t)(count + 1) * PAGE_SIZE);
}

static void zero_fault(void)
{
    volatile char *heap = heap_pages(REPEAT + 1);
    word_t least = ~0ul;
    for (word_t i = 0; i <= REPEAT; i++) {
        word_t first = COUNTED(stretch_store(heap + i * PAGE_SIZE));
        least = least_of(least, first - stretch_store(heap + i * PAGE_SIZE));
    }
    row_counted("zero_fault", least, 1);
    heap_pages_end(REPEAT + 1);
}

static void cow_fault(void)
{
    static struct child copy;
    const char *why = NULL;
    volatile char *heap = heap_pages(REPEAT + 1);
    for (word_t i = 0; i <= REPEAT; i++)
        heap[i * PAGE_SIZE] = 1;
    env_t env = vm_duplicate(&copy, &(struct child_options){.frames = 128}, &why);
    if (env == 0 && why == NULL) // the copy: it has what it has, for as long as we measure
        for (;;)
            sys_slice_wait(0, 0);
    if (env == 0) {
        fprintf(stderr, "bench: the program cannot be copied: %s\n", why);
        exit(1);
    }
    vm_pool(4 * REPEAT);
    vm_pool_fill(4 * REPEAT);
    word_t least = ~0ul;
    for (word_t i = 0; i <= REPEAT; i++) {
        word_t first = COUNTED(stretch_store(heap + i * PAGE_SIZE));
        least = least_of(least, first - stretch_store(heap + i * PAGE_SIZE));
    }
    row_counted("cow_fault", least, 1);
    peer_end(&copy);
    vm_pool(0);
    heap_pages_end(REPEAT + 1);
}

static void structure_fault(void)
{
    char name[32];
    const char *suffix = bench_suffix;
    sysret_t answer;
    volatile char *page = heap_pages(2) + PAGE_SIZE;
    page[-1] = page[0] = 1;
    while ((answer = sys_stlb_bind(0, frame_find(1), 0)).error == ERR_AGAIN)
        continue;
    must(answer, "stlb_bind");
    word_t least = ~0ul;
    for (int i = 0; i < REPEAT; i++) {
        vm_unbind(0, (word_t)page, 1); // behind the library's back: the page is still in its structure
        word_t first = COUNTED(stretch_store(page));
        least = least_of(least, first - stretch_store(page));
    }
    snprintf(name, sizeof(name), "%s_fault", vm_structure.name);
    bench_suffix = ""; // the name has it already
    row_counted(name, least, 1);
    bench_suffix = suffix;
    must(sys_stlb_unbind(0), "stlb_unbind");
    heap_pages_end(2);
}

void bench_vm_fault(void)
{
    zero_fault();
    structure_fault();
    cow_fault(); // last: what a copy leaves behind makes other rows longer
}
