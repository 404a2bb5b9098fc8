// SPDX-License-Identifier: BSD-2-Clause
/*
 * Bindings in the kernel's tables, and the frames that these tables are made of. Nothing here knows the structure.
 */
#include <libos/start/start.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>

#define LEVEL_TOP 1 // the highest level of tables that we supply; the root comes with the space

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
