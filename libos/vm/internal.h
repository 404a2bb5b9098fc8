// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between the files of this room.
 */
#ifndef LIBOS_VM_INTERNAL_H
#define LIBOS_VM_INTERNAL_H

#include <libos/sys/sys.h>

// vm.c: unmap the pages from `address` to `end` and free their frames.
void vm_release(word_t address, word_t end);

// stack.c: whether the address lies in a stack that is in use, above its guard page. If not, *why says so.
bool stack_contains(word_t address, const char **why);

#endif
