// SPDX-License-Identifier: BSD-2-Clause
/*
 * dirty   has a page been written since it was looked at last? Read from the program's own page table: no call.
 *
 * A trace of all blocks shows where a stretch begins, by its function's address, and ends, by that of stretch_end
 * (test/bench/dirty.py).
 */
#include "vm.h"

#define ADDRESS 0x3f60000000ul

static bool dirty;

__attribute__((noinline)) word_t stretch_dirty(word_t address)
{
    return SPENT(dirty = vm_dirty(address));
}

// What the same trace shows of a call.
__attribute__((noinline)) word_t stretch_dirty_call(void)
{
    return SPENT(sys_env_null());
}

__attribute__((noinline)) void stretch_end(void) { __asm__ volatile(""); }

void bench_vm_dirty(void)
{
    upcall_hold();
    page_t page = frame_alloc();
    must((sysret_t){vm_bind(0, ADDRESS, page, 1, RIGHT_READ | RIGHT_WRITE), 0}, "a page");
    word_t least = ~0ul;
    for (int i = 0; i < REPEAT; i++) {
        least = least_of(least, COUNTED(stretch_dirty(ADDRESS)));
        stretch_end();
    }
    row_counted("dirty", least, 1);
    stretch_dirty_call();
    stretch_end();
    vm_unbind(0, ADDRESS, 1);
    frame_free(page);
    upcall_release();
}
