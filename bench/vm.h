// SPDX-License-Identifier: BSD-2-Clause
/*
 * The group `vm`: virtual memory as a program of this library sees it. Where `base` counts what the kernel
 * executes, these rows count everything: the kernel, the library, the program's handler.
 */
#ifndef BENCH_VM_H
#define BENCH_VM_H

#include "measure.h"

#define VM_PAGES 100

static inline word_t instret(void)
{
    word_t count;
    __asm__ volatile("rdinstret %0" : "=r"(count) : : "memory");
    return count;
}

// Instructions from one to the other end of an expression, less the reading itself.
#define SPENT(expression) ({ word_t begin_ = instret(); expression; instret() - begin_ - 1; })

// A store and everything it takes; a trap whose handler skips the store, and the same without one (vm.S).
word_t stretch_store(volatile char *address);
word_t stretch_trap(volatile char *address);
word_t stretch_trap_none(volatile char *address);

// So many pages of the heap that nobody touched, and their end (vm_fault.c). The last ones made end first.
volatile char *heap_pages(word_t count);
void heap_pages_end(word_t count);

// Each prints its rows.
void bench_vm_dirty(void);
void bench_vm_protect(void);
void bench_vm_fault(void);
void bench_vm_matrix(void);
void bench_vm_revoke(void);
void bench_vm_break(void);

#endif
