/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions of Linux's first program, and those of a new task. sp, and nothing else, comes from the kernel.
 */
#include "linux.h"

        .text
        .globl  _start
_start:
        rdtime  a0                      /* the time at which the machine is booted, in ticks since reset */
        .option push
        .option norelax
        la      gp, __global_pointer$
        .option pop
        andi    sp, sp, -16
        call    bench_main
        unimp

/* long task_clone(flags, stack_end, entry, argument, clear): the new task finds its entry on its stack */
        .globl  task_clone
task_clone:
        addi    a1, a1, -16
        sd      a2, 0(a1)
        sd      a3, 8(a1)
        li      a2, 0
        li      a3, 0
        li      a7, LINUX_CLONE
        ecall
        beqz    a0, 1f
        ret
1:      ld      t0, 0(sp)
        ld      a0, 8(sp)
        addi    sp, sp, 16
        jalr    t0
        li      a0, 0
        li      a7, LINUX_EXIT
        ecall
        unimp
