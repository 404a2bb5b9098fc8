/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions that no program may execute, one function each; a function that gets through returns -1. */
        .option arch, +zicsr
        .macro  forbidden instruction:vararg
        .text
        .balign 4
10:     \instruction
        li      a0, -1
        ret
        .section .data.privileged, "aw"
        .dword  10b
        .endm

        .section .data.privileged, "aw"
        .globl  privileged
        .balign 8
privileged:
        forbidden csrr a0, sstatus
        forbidden csrw sstatus, zero
        forbidden csrs sstatus, a0
        forbidden csrr a0, satp
        forbidden csrw satp, zero
        forbidden csrr a0, stvec
        forbidden csrw stvec, zero
        forbidden csrr a0, sscratch
        forbidden csrw sscratch, zero
        forbidden csrw sepc, zero
        forbidden csrw scause, zero
        forbidden csrw sie, zero
        forbidden csrw sip, zero
        forbidden csrw 0x14d, zero
        forbidden csrw scounteren, zero
        forbidden csrr a0, mstatus
        forbidden csrw mtvec, zero
        forbidden csrw pmpaddr0, zero
        forbidden csrw cycle, zero
        forbidden csrw 0x7c0, zero
        forbidden sfence.vma
        forbidden sfence.vma a0, a1
        forbidden sret
        forbidden mret
        forbidden wfi
        forbidden .word 0
        forbidden .word 0xffffffff
        forbidden .word 0x60000073      /* hfence.vvma */
        forbidden .word 0x16000073      /* sinval.vma */
privileged_end:
        .globl  privileged_count
        .balign 8
privileged_count:
        .dword  (privileged_end - privileged) / 8

        .text
        .globl  privileged_break, privileged_misaligned
privileged_break:
        ebreak
        li      a0, -1
        ret
privileged_misaligned:
        addi    a0, sp, -61
        amoswap.d a1, zero, (a0)
        lr.d    a1, (a0)
        li      a0, -1
        ret
