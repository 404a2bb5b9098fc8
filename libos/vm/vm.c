// SPDX-License-Identifier: BSD-2-Clause
/*
 * What is mapped where in the address space of this program.
 *
 * Invariants:
 *   (1) what the structure says is mapped, the kernel was asked to bind, with the same rights
 *   (2) the program's image, the nodes, the windows and the save area are not in it: they never fault
 *   (3) a page of the heap or of a stack has either no mapping or a frame of its own
 * Every function that changes the structure holds upcalls, so threads and the page-fault handler see it
 * whole.
 */
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>

// The rights that a page is bound with.
word_t vm_rights_bound(struct vm_mapping mapping)
{
    return mapping.flags & VM_COPY ? mapping.rights & ~(word_t)RIGHT_WRITE : mapping.rights;
}

long vm_rebind(word_t address, struct vm_mapping mapping)
{
    word_t noted = vm_pte(address) & (BIND_ACCESSED | BIND_DIRTY); // the bits stand where those of a PTE do

    vm_unbind(0, address, 1);
    if (!(mapping.rights & RIGHT_READ))
        return ERR_OK; // no access is allowed: that needs no binding
    if (vm_cache_holds(address))
        return cache_bind(address, mapping_pack(mapping)) ? ERR_OK : ERR_NOENT;
    return vm_bind(0, address, mapping.page, 1, vm_rights_bound(mapping) | noted);
}

// Nothing was mapped there.
static long enter(word_t address, struct vm_mapping mapping)
{
    if (vm_cache_holds(address)) { // bound when it is touched
        if (vm_structure.find(address) >> PAGE_SHIFT)
            return ERR_BUSY;
        return vm_structure.insert(address, mapping_pack(mapping)) ? ERR_OK : ERR_NOENT;
    }
    long error = sys_pte_map(0, address, mapping.page, 1, vm_rights_bound(mapping), CAP_NONE).error;
    if (error == ERR_NOTABLE)
        error = vm_bind(0, address, mapping.page, 1, vm_rights_bound(mapping));
    if (error == ERR_OK && !vm_structure.insert(address, mapping_pack(mapping))) {
        vm_unbind(0, address, 1);
        error = ERR_NOENT;
    }
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
    struct vm_mapping was = mapping_unpack(vm_structure.remove(address));
    if (was.page) {
        vm_unbind(0, address, 1);
        vm_copies -= was.flags & VM_COPY ? 1 : 0;
    }
    return was;
}

page_t vm_unmap(word_t address)
{
    upcall_hold();
    // The caller gets a frame that is nobody else's.
    if (vm_copies && mapping_unpack(vm_structure.find(address)).flags & VM_COPY && !vm_copy(address, RIGHT_READ)) {
        upcall_release();
        return 0;
    }
    struct vm_mapping was = leave(address);
    if (was.page)
        pool_forget(was.page);
    upcall_release();
    return was.page;
}

struct vm_mapping vm_find(word_t address)
{
    upcall_hold();
    struct vm_mapping mapping = mapping_unpack(vm_structure.find(BASE(address)));
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
        if (was.flags & VM_COPY && frame_entry(was.page)->bindings != 0)
            continue; // others use it; it is freed when they are done
        vm_left_remove(was.page);
        if (!(was.flags & VM_KEEP) && !pool_put(was.page))
            frame_free(was.page);
    }
    upcall_release();
}

page_t vm_frame(bool clear)
{
    page_t page;

    upcall_hold();
    if (!pool_take(&page, clear))
        do
            page = frame_own();
        while (page == FRAME_NONE && region_evict && region_evict());
    if (page == FRAME_NONE) // whoever has pages to replace gets along with what it has; others ask for more
        page = frame_alloc();
    upcall_release();
    return page;
}
