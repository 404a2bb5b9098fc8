/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * word_t stretch_cause_NAME(volatile char *address): from an instruction that traps to the first instruction of the program's
 * handler, which goes on behind it. One that does not trap gives ~0.
 */
#include "stretch.h"
        .option arch, +a, +d

        .macro cause_stretch name, instruction:vararg
        .text
        .globl  stretch_cause_\name
stretch_cause_\name:
        save_area t3
        ld      t4, SAVE_X_HANDLER(t3)
        lla     t5, 2f
        sd      t5, SAVE_X_HANDLER(t3)
        rdinstret a2
        \instruction
        not     a0, zero
        j       3f
2:      rdinstret a1
        sub     a0, a1, a2
3:      save_area t3
        sd      t4, SAVE_X_HANDLER(t3)
        ret
        .endm
        cause_stretch store, sb zero, (a0)
        cause_stretch fetch, jr a0
        cause_stretch illegal, unimp
        cause_stretch unaligned, lr.w t6, (a0)
        cause_stretch float, fadd.d f0, f0, f0
