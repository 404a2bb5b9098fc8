// SPDX-License-Identifier: BSD-2-Clause
/*
 * Bindings in the kernel's tables, and the frames that these tables are made of. Nothing here knows the structure.
 */
#include <libos/share/memory.h>
#include <libos/start/start.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>

#define LEVEL_TOP 1 // the highest level of tables that we supply; the root comes with the space

// Where the owner of a space finds the leaf table over an address.
static word_t window_of(word_t address)
{
    return VM_PTES + (address / VM_LEAF_SPAN) * PAGE_SIZE;
}

// Bind a leaf table where the owner of the space finds it. What stood there was the page of zeros.
static long window_bind(space_t space, word_t address, page_t table)
{
    word_t window = window_of(address);
    long error;

    do {
        error = sys_pte_map(space, window, table, 1, RIGHT_READ, CAP_NONE).error;
        if (error == ERR_BUSY)
            vm_unbind(space, window, 1);
    } while (error == ERR_BUSY || (error == ERR_NOTABLE && (error = vm_tables(space, window)) == ERR_OK));
    return error;
}

/*
 * Supply one table; a leaf table and its twin are neighbours. A leaf table comes with its window, whose own leaf
 * table has its window in turn; the last of them lies in itself.
 */
static long table_supply(space_t space, word_t address, word_t level)
{
    size_t frames = level == 0 ? 2 : 1; // no superpages here, so the upper level needs no twin
    page_t page = frame_find(frames);
    long error = ERR_NOENT;

    if (page == FRAME_NONE && memory_want(MEMORY_BATCH))
        page = frame_find(frames);
    while (page != FRAME_NONE &&
           (error = sys_pte_table(space, address, level, page, frames == 2 ? page + 1 : 0).error) == ERR_AGAIN)
        continue;
    if (error == ERR_OK && level == 0 && window_bind(space, address, page) != ERR_OK) {
        while (sys_pte_untable(space, address, level).error == ERR_AGAIN)
            continue;
        error = ERR_NOENT;
    }
    return error;
}

// Supply the tables that an address lacks, from the lowest level upward.
long vm_tables(space_t space, word_t address)
{
    long error = ERR_NOTABLE;

    for (word_t level = 0; level <= LEVEL_TOP && error == ERR_NOTABLE; level++)
        error = table_supply(space, address, level);
    return error;
}

static size_t batch(size_t count)
{
    return count < PTE_BATCH ? count : PTE_BATCH;
}

long vm_bind(space_t space, word_t address, page_t page, size_t count, word_t rights)
{
    return vm_bind_shared(space, address, page, count, rights, CAP_NONE);
}

long vm_bind_shared(space_t space, word_t address, page_t page, size_t count, word_t rights, slot_t slot)
{
    size_t done = 0;
    long error = ERR_OK;

    upcall_hold();
    while (done < count && error == ERR_OK) {
        size_t piece = batch(count - done);
        sysret_t bound = sys_pte_map(space, address + done * PAGE_SIZE, page + done, piece, rights, slot);
        if (bound.error == ERR_OK)
            done += bound.value;
        else if (bound.error == ERR_NOTABLE)
            error = vm_tables(space, address + done * PAGE_SIZE);
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
