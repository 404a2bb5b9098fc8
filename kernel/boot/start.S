/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions, wherever the image was loaded (any 2 MiB boundary): MMU off, a0 = hart, a1 = device
 * tree. Position independent until the jump to the link address. Begins with the header that boot loaders know
 * (Linux, Documentation/riscv/boot-image-header).
 */
#include <rivet/layout.h>

.equ HART_MEMORY, 5 * PAGE_SIZE
.equ HART_BOUNDARY, 4 * PAGE_SIZE
.equ HART_STACK_TOP, 0x800
#define HART(offset, name, text) .equ H_##name, offset
#include "../trap/hart.def"

        .section .text.boot, "ax"
        .globl  _start
_start:
        .option push
        .option norvc
        j       start_boot
        .word   0
        .dword  0x200000                /* text_offset */
        .dword  image_size
        .dword  0                       /* flags: little endian */
        .word   2                       /* header version 0.2 */
        .word   0
        .dword  0
        .ascii  "RISCV\0\0\0"
        .ascii  "RSC\x05"
        .word   0
        .option pop

start_boot:
        rdinstret s2
        csrw    sie, zero
        mv      s0, a0
        mv      s1, a1
        la      t0, boot_taken
        li      t1, 1
        amoswap.w.aqrl t1, t1, (t0)
        bnez    t1, start_stray
        la      t0, image_bss
        la      t1, image_end
1:      sd      zero, (t0)
        addi    t0, t0, 8
        bltu    t0, t1, 1b
        la      s3, _start              /* physical */
        la      s4, hart_memory
        li      t0, HART_BOUNDARY
        add     s4, s4, t0              /* s4: this hart's boundary */
        addi    sp, s4, -HART_STACK_TOP
        li      s5, IMAGE_BASE
        sub     s5, s5, s3              /* s5: from physical to linked */
        mv      a0, s3
        call    early_map               /* a0: satp */
        call    to_linked
        mv      a0, s0
        mv      a1, s1
        mv      a2, s3
        mv      a3, s2
        call    boot_main               /* does not return */

/*
 * A hart that was started and arrives at the image's first instruction all the same, a0 = hart. OpenSBI 1.1
 * lets a hart go (hart_start sets its state) before it has written down where to, and one that does not sleep
 * yet goes where the first hart went. What start_secondary needs is in place by then; only its number must be
 * found.
 */
start_stray:
        la      t0, hart_memory
        li      t1, HART_MEMORY
        li      t2, HART_BOUNDARY + H_ID
        add     t0, t0, t2
        li      a1, 0
        li      t3, HARTS_MAX
1:      addi    a1, a1, 1
        bgeu    a1, t3, 2f
        add     t0, t0, t1
        ld      t2, (t0)
        bne     t2, a0, 1b
        j       start_secondary
2:      wfi                             /* not one of ours */
        j       2b

        .section .data.boot_taken, "aw"
        .balign 4
boot_taken:                             /* not in .bss, which the first hart clears */
        .word   0
        .section .text.boot, "ax"

/* The other harts: a0 = hart, a1 = its number. */
        .globl  start_secondary
start_secondary:
        csrw    sie, zero
        mv      s0, a1
        la      s3, _start
        la      s4, hart_memory
        li      t0, HART_MEMORY
        mul     t0, t0, a1
        add     s4, s4, t0
        li      t0, HART_BOUNDARY
        add     s4, s4, t0
        addi    sp, s4, -HART_STACK_TOP
        li      s5, IMAGE_BASE
        sub     s5, s5, s3
        la      t0, boot_satp
        ld      a0, (t0)
        call    to_linked
        mv      a0, s0
        call    boot_secondary          /* does not return */

/* Turns the MMU on (a0: satp) and returns at the link address. The next fetch faults: stvec catches it there. */
to_linked:
        add     ra, ra, s5
        add     sp, sp, s5
        add     s4, s4, s5
        la      t0, 1f
        add     t0, t0, s5
        csrw    stvec, t0
        sfence.vma
        csrw    satp, a0
        .balign 4
1:      la      t0, trap_vector
        csrw    stvec, t0
        csrw    sscratch, s4
        csrw    sstatus, zero
        ret
