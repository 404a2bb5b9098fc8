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
#include <libos/vm/vm.h>

#define BASE(address) ((address) & ~(word_t)(PAGE_SIZE - 1))
#define LEVEL_TOP     1 // the highest level of tables that we supply; the root comes with the space

static const struct vm_ops *const vm_structure = &vm_radix;
static word_t heap_first, heap_end;
static const char *why = "no page was asked for yet";

// Supply the tables that an address lacks, from the lowest level upward. Frames: a table and its twin
// are neighbours.
static long tables_supply(space_t space, word_t address)
{
    long error = ERR_NOTABLE;

    for (word_t level = 0; level <= LEVEL_TOP && error == ERR_NOTABLE; level++) {
        size_t frames = level == 0 ? 2 : 1; // no superpages here, so the upper level needs no twin
        page_t page = frame_find(frames);
        if (page == FRAME_NONE)
            return ERR_NOENT;
        while ((error = sys_pte_table(space, address, level, page, frames == 2 ? page + 1 : 0).error) ==
               ERR_AGAIN)
            continue;
    }
    return error;
}

static size_t batch(size_t count)
{
    return count < PTE_BATCH ? count : PTE_BATCH;
}

long vm_bind(space_t space, word_t address, page_t page, size_t count, word_t rights)
{
    size_t done = 0;
    long error = ERR_OK;

    upcall_hold();
    while (done < count && error == ERR_OK) {
        size_t piece = batch(count - done);
        sysret_t bound = sys_pte_map(space, address + done * PAGE_SIZE, page + done, piece, rights, CAP_NONE);
        if (bound.error == ERR_OK)
            done += bound.value;
        else if (bound.error == ERR_NOTABLE)
            error = tables_supply(space, address + done * PAGE_SIZE);
        else
            error = bound.error;
    }
    if (error != ERR_OK)
        vm_unbind(space, address, done);
    upcall_release();
    return error;
}

void vm_unbind(space_t space, word_t address, size_t count)
{
    for (size_t done = 0; done < count;) {
        sysret_t unbound = sys_pte_unmap(space, address + done * PAGE_SIZE, batch(count - done));
        if (unbound.error != ERR_OK || unbound.value == 0)
            return; // no such space, or no such addresses: nothing was bound
        done += unbound.value;
    }
}

long vm_map(word_t address, page_t page, word_t rights)
{
    upcall_hold();
    long error = vm_bind(0, address, page, 1, rights);
    if (error == ERR_OK && !vm_structure->insert(address, (struct vm_mapping){page, rights})) {
        vm_unbind(0, address, 1);
        error = ERR_NOENT;
    }
    upcall_release();
    return error;
}

page_t vm_unmap(word_t address)
{
    upcall_hold();
    struct vm_mapping was = vm_structure->remove(address);
    if (was.page)
        vm_unbind(0, address, 1);
    upcall_release();
    return was.page;
}

// Unmap a run of addresses and free its frames.
void vm_release(word_t address, word_t end)
{
    for (; address < end; address += PAGE_SIZE) {
        page_t page = vm_unmap(address);
        if (page)
            frame_free(page);
    }
}

const char *vm_why(void)
{
    return why;
}

static bool refuse(const char *reason)
{
    why = reason;
    return false;
}

// The access found no binding, or one that the kernel broke, or one that appeared meanwhile (then BUSY).
static bool bind_again(word_t address, struct vm_mapping mapping, word_t need)
{
    if ((mapping.rights & need) != need)
        return refuse("the page does not allow this access");
    long error = vm_bind(0, address, mapping.page, 1, mapping.rights);
    return error == ERR_OK || error == ERR_BUSY || refuse("the page's frame was taken away");
}

bool vm_fault(word_t address, word_t need)
{
    word_t page_address = BASE(address);

    if (!(address - heap_first < heap_end - heap_first) && !stack_contains(address, &why))
        return false;

    struct vm_mapping mapping = vm_structure->find(page_address);
    if (mapping.page)
        return bind_again(page_address, mapping, need);
    if (need & RIGHT_EXECUTE)
        return refuse("heap and stacks hold no code");

    page_t page = frame_alloc();
    if (page == FRAME_NONE)
        return refuse("no free frame is left");
    if (vm_map(page_address, page, RIGHT_READ | RIGHT_WRITE) == ERR_OK)
        return true;
    frame_free(page);
    return refuse("no free frame is left for a page table");
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
