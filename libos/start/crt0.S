/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions of a program. Whoever started it left the start information in the save area
 * (init has none) and nothing else that is needed: no stack, no registers. The interrupt stack serves
 * until the upcalls are set up and the real stack, whose pages appear when touched, can be used.
 */
#include <libos/start/upcall.h>

    .section .text.crt0, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax
    lla sp, interrupt_stack + UPCALL_STACK_SIZE
    .option pop
    li s0, 0 // the end of every backtrace
    li ra, 0
    call start // start(): never returns
    .size _start, . - _start

/*
 * start_on_stack(a0 stack, a1 function): goes on with the function on another stack; what was on this
 * one is over.
 */
    .section .text.start_on_stack, "ax", @progbits
    .globl start_on_stack
    .type start_on_stack, @function
start_on_stack:
    mv sp, a0
    li s0, 0
    li ra, 0
    jr a1
    .size start_on_stack, . - start_on_stack
