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

// The rights that a page is bound with.
static word_t rights_bound(struct vm_mapping mapping)
{
    return mapping.flags & VM_COPY ? mapping.rights & ~(word_t)RIGHT_WRITE : mapping.rights;
}

long vm_rebind(word_t address, struct vm_mapping mapping)
{
    vm_unbind(0, address, 1);
    if (!(mapping.rights & RIGHT_READ))
        return ERR_OK; // no access is allowed: that needs no binding
    return vm_bind(0, address, mapping.page, 1, rights_bound(mapping));
}

// Nothing was mapped there.
static long enter(word_t address, struct vm_mapping mapping)
{
    long error = sys_pte_map(0, address, mapping.page, 1, rights_bound(mapping), CAP_NONE).error;
    if (error == ERR_NOTABLE)
        error = vm_bind(0, address, mapping.page, 1, rights_bound(mapping));
    if (error == ERR_OK && !vm_structure.insert(address, mapping)) {
        vm_unbind(0, address, 1);
        error = ERR_NOENT;
    }
    counts.mapped += error == ERR_OK;
    return error;
}

long vm_enter(word_t address, struct vm_mapping mapping)
{
    upcall_hold();
    long error = enter(address, mapping);
    vm_copies += error == ERR_OK && mapping.flags & VM_COPY;
    upcall_release();
    return error;
}

long vm_map(word_t address, page_t page, word_t rights)
{
    return vm_enter(address, (struct vm_mapping){page, (uint32_t)rights, 0});
}

static struct vm_mapping leave(word_t address)
{
    struct vm_mapping was = vm_structure.remove(address);
    if (was.page) {
        vm_unbind(0, address, 1);
        counts.mapped--;
        vm_copies -= was.flags & VM_COPY ? 1 : 0;
    }
    return was;
}

page_t vm_unmap(word_t address)
{
    upcall_hold();
    struct vm_mapping was = leave(address);
    if (was.page)
        pool_forget(was.page);
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
    upcall_hold();
    while ((address = vm_structure.next(address)) < end) {
        struct vm_mapping was = leave(address);
        if (was.flags & VM_COPY)
            copy_leave(was.page);
        else if (!(was.flags & VM_KEEP) && !pool_put(was.page))
            frame_free(was.page);
    }
    upcall_release();
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

page_t vm_frame(void)
{
    page_t page;

    upcall_hold();
    if (!pool_take(&page, true))
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
    long error = vm_bind(0, address, mapping.page, 1, rights_bound(mapping));
    return error == ERR_OK || error == ERR_BUSY || vm_refuse("the page's frame was taken away");
}

// A page of the heap or of a stack that was never touched.
static bool fill(word_t address, word_t need)
{
    if (need & RIGHT_EXECUTE)
        return vm_refuse("heap and stacks hold no code");

    page_t page = vm_frame();
    if (page == FRAME_NONE)
        return vm_refuse("no free frame is left");
    if (enter(address, (struct vm_mapping){page, RIGHT_READ | RIGHT_WRITE, 0}) != ERR_OK) {
        frame_free(page);
        return vm_refuse("no free frame is left for a page table");
    }
    counts.filled++;
    return true;
}

// The page has a mapping. False, without a reason, when that does not allow the access.
static bool mapped_fault(word_t address, struct vm_mapping mapping, word_t need)
{
    if ((mapping.rights & need) != need)
        return vm_refuse("the page does not allow this access");
    if (!(mapping.flags & VM_COPY && need & RIGHT_WRITE))
        return bind_again(address, mapping);
    counts.copied++;
    return vm_copy(address, mapping.rights);
}

// Where a leaf table would be bound if there were one: zeros, as if nothing under it were mapped.
static bool window_fault(word_t address)
{
    static page_t page_of_zeros;

    if (!page_of_zeros && (page_of_zeros = vm_frame()) == FRAME_NONE)
        return vm_refuse("no free frame is left");
    long error = vm_bind(0, address, page_of_zeros, 1, RIGHT_READ);
    return error == ERR_OK || error == ERR_BUSY || vm_refuse("no free frame is left for a page table");
}

bool vm_fault(word_t address, word_t need)
{
    word_t page_address = BASE(address);

    counts.faults++;
    struct vm_mapping mapping = vm_structure.find(page_address);
    if (mapping.page)
        return mapped_fault(page_address, mapping, need) ||
               (mapping.flags & VM_REGION && region_fault && region_fault(address, need));
    if (address - heap_first < heap_end - heap_first || stack_contains(address, &why))
        return fill(page_address, need);
    if (address - VM_PTES < VM_STACKS - VM_PTES && need == RIGHT_READ)
        return window_fault(page_address);
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
