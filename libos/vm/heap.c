// SPDX-License-Identifier: BSD-2-Clause
// The heap: addresses that vm_sbrk has given out. Pages appear when they are touched (fault.c).
#include <libos/vm/internal.h>

struct vm_heap vm_heap;

void *vm_sbrk(intptr_t change)
{
    upcall_hold();
    word_t old = vm_heap.end, end = vm_heap.end + change;
    bool fits = change >= 0 ? end >= old && end - vm_heap.first <= HEAP_MAX : end >= vm_heap.first && end <= old;
    if (fits)
        vm_heap.end = end;
    upcall_release();

    if (!fits)
        return (void *)-1;
    if (change < 0)
        vm_release(BASE(end + PAGE_SIZE - 1), BASE(old + PAGE_SIZE - 1));
    return (void *)old;
}

void vm_start(word_t image_end)
{
    vm_heap.first = vm_heap.end = BASE(image_end + PAGE_SIZE - 1);
}
