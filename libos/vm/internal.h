// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between the files of this room.
 */
#ifndef LIBOS_VM_INTERNAL_H
#define LIBOS_VM_INTERNAL_H

#include <libos/sys/sys.h>
#include <libos/vm/vm.h>

#define BASE(address) ((address) & ~(word_t)(PAGE_SIZE - 1))

// vm.c: unmap the pages from `address` to `end` and free their frames.
void vm_release(word_t address, word_t end);

// vm.c: the reason that vm_why tells from now on. Always false.
bool vm_refuse(const char *reason);

// stack.c: whether the address lies in a stack that is in use, above its guard page. If not, *why says so.
bool stack_contains(word_t address, const char **why);

/*
 * region.c, in programs that have regions; without it these are NULL. Called with upcalls held, from the
 * page-fault handler or from whoever needs a frame.
 *   region_fault   a page fault at an address that is neither heap nor stack and that has no mapping, or one that
 *                  does not allow the access. True when the program can go on; false after vm_refuse
 *   region_evict   no free frame is left: make at least one free, by unmapping a page with vm_unmap and frame_free.
 *                  False when there is nothing to give
 */
bool region_fault(word_t address, word_t need);
bool region_evict(void);
#pragma weak region_fault
#pragma weak region_evict

#endif
