/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floating-point registers of a thread that is switched. The kernel keeps those of a program; among
 * its threads they are the library's.
 */
.macro each_float op
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \op f\n, 8*\n(a0)
    .endr
.endm

    .section .text.float_save, "ax", @progbits
    .globl float_save
    .type float_save, @function
float_save: // a0: where to
    each_float fsd
    frcsr t0
    sd t0, 256(a0)
    ret
    .size float_save, . - float_save

    .section .text.float_restore, "ax", @progbits
    .globl float_restore
    .type float_restore, @function
float_restore: // a0: where from
    each_float fld
    ld t0, 256(a0)
    fscsr t0
    ret
    .size float_restore, . - float_restore
