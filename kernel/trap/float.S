/* SPDX-License-Identifier: BSD-2-Clause */
/* The 32 floating-point registers and fcsr, to and from an area of 33 doublewords. The unit is on. */
        .option arch, +f, +d
        .text
        .macro  each op
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        \op     f\n, 8*\n(a0)
        .endr
        .endm

        .globl  float_save
float_save:
        each    fsd
        csrr    t0, fcsr
        sd      t0, 8*32(a0)
        ret

        .globl  float_load
float_load:
        each    fld
        ld      t0, 8*32(a0)
        andi    t0, t0, 0xff            /* the environment may have written anything */
        csrw    fcsr, t0
        ret
