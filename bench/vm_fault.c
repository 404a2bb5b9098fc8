// SPDX-License-Identifier: BSD-2-Clause
/*
 * Page faults that the library handles. All instructions count, from the faulting store to the one behind it. Upcalls
 * are not held: the way out of a fault is longer when they can come.
 *
 * zero_fault   the first store to a page of the heap: a frame is found, cleared and bound
 */
#include "vm.h"

#include <unistd.h>

static void zero_fault(void)
{
    volatile char *heap = sbrk((REPEAT + 2) * PAGE_SIZE);
    heap = (volatile char *)(((word_t)heap + PAGE_SIZE - 1) & ~(word_t)(PAGE_SIZE - 1));
    word_t least = ~0ul;
    for (word_t i = 0; i <= REPEAT; i++) {
        word_t first = COUNTED(stretch_store(heap + i * PAGE_SIZE));
        least = least_of(least, first - stretch_store(heap + i * PAGE_SIZE));
    }
    row_counted("zero_fault", least, 1);
    sbrk(-(REPEAT + 2) * PAGE_SIZE);
}

void bench_vm_fault(void)
{
    zero_fault();
}
