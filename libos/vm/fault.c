// SPDX-License-Identifier: BSD-2-Clause
/*
 * Page faults, on the exception stack with upcalls held. The frequent one, a page of the heap that is touched for the
 * first time, goes straight through; this file is compiled without frame pointers.
 */
#include <libos/vm/copy.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>
#include <libos/vm/revoke.h>

static const char *why = "no page was asked for yet";
static struct vm_counts counts;

const struct vm_counts *vm_counts(void)
{
    return &counts;
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

// The access found no binding, or one that the kernel broke, or one that appeared meanwhile (then BUSY). One that the
// program protected behind our back would fault for ever.
static bool bind_again(word_t address, struct vm_mapping mapping, word_t need)
{
    // Through the binding that is gone a page of a region may have been written, and its pager knows nothing of it.
    word_t noted = mapping.flags & VM_REGION ? BIND_DIRTY : 0;

    counts.again++;
    long error = vm_bind(0, address, mapping.page, 1, vm_rights_bound(mapping) | noted);
    if (error == ERR_BUSY)
        return !(need & ~vm_pte_rights(vm_pte(address))) || vm_refuse("the page does not allow this access");
    if (error == ERR_OK || (!(mapping.flags & VM_REGION) && revoke_losses() > 0))
        return true; // it is there, or its contents may be elsewhere now: try again
    return vm_refuse("the page's frame was taken away");
}

static page_t frame_to_fill(void)
{
    if (__builtin_expect(pool_count != 0, 0))
        return vm_frame(true);
    page_t page = frame_cursor++;
    return __builtin_expect(sys_page_alloc(page).error == ERR_OK, 1) ? page : vm_frame(true);
}

__attribute__((noinline)) static bool fill_refused(page_t page)
{
    frame_free(page);
    return vm_refuse("no free frame is left for a page table");
}

// The page's tables are missing, or a page of the structure.
__attribute__((noinline)) static bool fill_slowly(word_t address, page_t page)
{
    vm_unbind(0, address, 1);
    long error = vm_enter(address, (struct vm_mapping){page, RIGHT_READ | RIGHT_WRITE, 0});
    return error == ERR_OK || fill_refused(page);
}

// A page of the heap or of a stack that was never touched.
static inline bool fill(word_t address)
{
    page_t page = frame_to_fill();

    if (page == FRAME_NONE)
        return vm_refuse("no free frame is left");
    if (__builtin_expect(sys_pte_map(0, address, page, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE).error == ERR_OK, 1) &&
        vm_structure.insert(address, page << PAGE_SHIFT | RIGHT_READ | RIGHT_WRITE))
        return true;
    return fill_slowly(address, page);
}

// The page has a mapping. False, without a reason, when that does not allow the access.
static bool mapped_fault(word_t address, struct vm_mapping mapping, word_t need)
{
    if ((mapping.rights & need) != need)
        return vm_refuse("the page does not allow this access");
    if (!(mapping.flags & VM_COPY && need & RIGHT_WRITE))
        return bind_again(address, mapping, need);
    return vm_copy(address, mapping.rights);
}

// Where a leaf table would be bound if there were one: zeros, as if nothing under it were mapped.
static page_t page_of_zeros;

void zeros_forget(void)
{
    page_of_zeros = FRAME_NONE;
}

static bool window_fault(word_t address)
{
    if (!page_of_zeros && (page_of_zeros = vm_frame(true)) == FRAME_NONE)
        return vm_refuse("no free frame is left");
    long error = vm_bind(0, address, page_of_zeros, 1, RIGHT_READ);
    return error == ERR_OK || error == ERR_BUSY || vm_refuse("no free frame is left for a page table");
}

__attribute__((noinline)) static bool fault_elsewhere(word_t address, word_t need)
{
    word_t page_address = BASE(address);
    struct vm_mapping mapping = mapping_unpack(vm_structure.find(page_address));

    if (mapping.page)
        return mapped_fault(page_address, mapping, need) ||
               (mapping.flags & VM_REGION && region_fault && region_fault(address, need));
    if (vm_heap_holds(address) || stack_contains(address, &why))
        return fill(page_address); // also for a jump: it faults again and is told that the page does not allow it
    if (address - VM_PTES < VM_STACKS - VM_PTES && need == RIGHT_READ)
        return window_fault(page_address);
    if (address - VM_LINKS < VM_LEFT - VM_LINKS && link_fault)
        return link_fault(address, need);
    return region_fault && region_fault(address, need);
}

// A page that only has to be bound: neither copied nor a region's.
static inline bool is_plain(word_t mapping, word_t need)
{
    return (need & ~mapping) == 0 && (mapping & (VM_COPY | VM_REGION) << 8) == 0;
}

// Not in line: it needs more registers than the others. Pages of the heap have no other flags.
__attribute__((noinline)) static bool copied(word_t address, word_t mapping)
{
    return copy_made(address, mapping >> PAGE_SHIFT, mapping & 0xff, 0);
}

bool vm_fault(word_t address, word_t need)
{
    word_t page_address = BASE(address);

    if (__builtin_expect(vm_heap_holds(address), 1)) {
        word_t mapping = vm_structure.find(page_address);
        if (mapping >> PAGE_SHIFT == 0)
            return fill(page_address);
        if (is_plain(mapping, need)) {
            if (sys_pte_map(0, page_address, mapping >> PAGE_SHIFT, 1, mapping & 0xff, CAP_NONE).error == ERR_OK)
                return true;
        } else if (mapping & VM_COPY << 8 && need & mapping & RIGHT_WRITE) {
            return copied(page_address, mapping);
        }
    } else if (vm_cache_holds(address)) {
        return cache_fault(address, need);
    }
    return fault_elsewhere(address, need);
}
