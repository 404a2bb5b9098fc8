/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the measured stretches share, for assembly: the words of the save area, and its address in a register.
 */
#ifndef BENCH_STRETCH_H
#define BENCH_STRETCH_H

#include <rivet/types.h>
#define SAVE(offset, name, text) .equ SAVE_##name, offset
#include <rivet/regs.def>

        .macro save_area register
        li      \register, 1
        slli    \register, \register, 38
        addi    \register, \register, -0x800
        addi    \register, \register, -0x800
        .endm

#endif
