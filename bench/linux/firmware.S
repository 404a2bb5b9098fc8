/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel that only prints the clock at its first instruction, as 16 hexadecimal digits, and switches the machine off:
 * how long the firmware takes, which is no part of how long a kernel does.
 */
#define SBI_PUTCHAR  1 /* the legacy call */
#define SBI_SHUTDOWN 8

        .section .text
        .globl  _start
_start:
        rdtime  s0
        li      s1, 60
1:      srl     t0, s0, s1
        andi    t0, t0, 15
        li      t1, 10
        addi    a0, t0, '0'
        blt     t0, t1, 2f
        addi    a0, t0, 'a' - 10
2:      li      a7, SBI_PUTCHAR
        ecall
        addi    s1, s1, -4
        bgez    s1, 1b
        li      a0, '\n'
        li      a7, SBI_PUTCHAR
        ecall
        li      a7, SBI_SHUTDOWN
        ecall
        j       .
