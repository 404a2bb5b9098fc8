// SPDX-License-Identifier: BSD-2-Clause
/*
 * The address space of this program: mapping, page faults, the heap.
 *
 * Invariants:
 *   (1) what the structure says is mapped, the kernel was asked to bind, with the same rights
 *   (2) the program's image, the nodes, the windows and the save area are not in it: they never fault
 *   (3) a page of the heap or of a stack has either no mapping or a frame of its own
 * Every function that changes the structure holds upcalls, so threads and the page-fault handler see it
 * whole.
 */
#include <libos/start/start.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>

static word_t heap_first, heap_end;
static const char *why = "no page was asked for yet";
static struct vm_counts counts;

const struct vm_counts *vm_counts(void)
{
    return &counts;
}

long vm_enter(word_t address, struct vm_mapping mapping)
{
    upcall_hold();
    long error = vm_bind(0, address, mapping.page, 1, mapping.rights);
    if (error == ERR_OK && !vm_structure.insert(address, mapping)) {
        vm_unbind(0, address, 1);
        error = ERR_NOENT;
    }
    counts.mapped += error == ERR_OK;
    upcall_release();
    return error;
}

long vm_map(word_t address, page_t page, word_t rights)
{
    return vm_enter(address, (struct vm_mapping){page, (uint32_t)rights, 0});
}

page_t vm_unmap(word_t address)
{
    upcall_hold();
    struct vm_mapping was = vm_structure.remove(address);
    if (was.page) {
        vm_unbind(0, address, 1);
        counts.mapped--;
    }
    upcall_release();
    return was.page;
}

struct vm_mapping vm_find(word_t address)
{
    upcall_hold();
    struct vm_mapping mapping = vm_structure.find(BASE(address));
    upcall_release();
    return mapping;
}

word_t vm_next(word_t address)
{
    upcall_hold();
    word_t next = vm_structure.next(BASE(address));
    upcall_release();
    return next;
}

// Unmap a run of addresses and free its frames.
void vm_release(word_t address, word_t end)
{
    while ((address = vm_next(address)) < end) {
        bool keep = vm_find(address).flags & VM_KEEP;
        page_t page = vm_unmap(address);
        if (!keep)
            frame_free(page);
    }
}

const char *vm_why(void)
{
    return why;
}

bool vm_refuse(const char *reason)
{
    why = reason;
    return false;
}

page_t vm_frame(bool clear)
{
    page_t page;

    (void)clear; // a free frame comes cleared
    upcall_hold();
    do
        page = frame_alloc();
    while (page == FRAME_NONE && region_evict && region_evict());
    upcall_release();
    return page;
}

// The access found no binding, or one that the kernel broke, or one that appeared meanwhile (then BUSY).
static bool bind_again(word_t address, struct vm_mapping mapping)
{
    counts.again++;
    long error = vm_bind(0, address, mapping.page, 1, mapping.rights);
    return error == ERR_OK || error == ERR_BUSY || vm_refuse("the page's frame was taken away");
}

// A page of the heap or of a stack that was never touched.
static bool fill(word_t address, word_t need)
{
    if (need & RIGHT_EXECUTE)
        return vm_refuse("heap and stacks hold no code");

    page_t page = vm_frame(true);
    if (page == FRAME_NONE)
        return vm_refuse("no free frame is left");
    if (vm_map(address, page, RIGHT_READ | RIGHT_WRITE) != ERR_OK) {
        frame_free(page);
        return vm_refuse("no free frame is left for a page table");
    }
    counts.filled++;
    return true;
}

bool vm_fault(word_t address, word_t need)
{
    word_t page_address = BASE(address);

    counts.faults++;
    struct vm_mapping mapping = vm_structure.find(page_address);
    if (mapping.page && (mapping.rights & need) == need)
        return bind_again(page_address, mapping);
    if (address - heap_first < heap_end - heap_first || stack_contains(address, &why))
        return mapping.page ? vm_refuse("the page does not allow this access") : fill(page_address, need);
    return region_fault && region_fault(address, need);
}

void *vm_sbrk(intptr_t change)
{
    upcall_hold();
    word_t old = heap_end, end = heap_end + change;
    bool fits = change >= 0 ? end >= old && end - heap_first <= HEAP_MAX : end >= heap_first && end <= old;
    if (fits)
        heap_end = end;
    upcall_release();

    if (!fits)
        return (void *)-1;
    if (change < 0)
        vm_release(BASE(end + PAGE_SIZE - 1), BASE(old + PAGE_SIZE - 1));
    return (void *)old;
}

void vm_start(word_t image_end)
{
    heap_first = heap_end = BASE(image_end + PAGE_SIZE - 1);
}
