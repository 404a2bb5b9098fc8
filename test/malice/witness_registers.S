/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * witness_registers(a0 seed, a1 turns): true when every integer and floating-point register still has what
 * was put into it, register n (seed << 8) + n, after so many turns of an empty loop. t6 counts.
 */
        .text
        .globl  witness_registers
witness_registers:
        addi    sp, sp, -128
        sd      ra, 0(sp)
        sd      gp, 8(sp)
        sd      tp, 16(sp)
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11
        sd      s\n, 24+8*\n(sp)
        .endr
        mv      t6, a1
        slli    a0, a0, 8
        .irp    n, 1,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
        addi    x\n, a0, \n
        .endr
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        addi    ra, a0, \n
        fmv.d.x f\n, ra
        .endr
        addi    ra, a0, 1
1:      addi    t6, t6, -1
        bnez    t6, 1b
        .irp    n, 1,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
        addi    x\n, x\n, -\n
        bne     x\n, a0, 2f
        .endr
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        fmv.x.d ra, f\n
        addi    ra, ra, -\n
        bne     ra, a0, 2f
        .endr
        li      a0, 1
        j       3f
2:      li      a0, 0
3:      ld      ra, 0(sp)
        ld      gp, 8(sp)
        ld      tp, 16(sp)
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11
        ld      s\n, 24+8*\n(sp)
        .endr
        addi    sp, sp, 128
        ret
