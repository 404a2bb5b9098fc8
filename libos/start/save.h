/* SPDX-License-Identifier: BSD-2-Clause */
// Words of the save area, and of a frame, in assembly.
#ifndef LIBOS_START_SAVE_H
#define LIBOS_START_SAVE_H

#include <libos/start/upcall.h>
#include <rivet/types.h>

#define SAVE(offset, name, text) .set SAVE_##name, offset;
#include <rivet/regs.def>
#undef SAVE
#define EVENT(bit, name, text) .set EVENT_##name, bit;
#include <rivet/event.def>
#undef EVENT

.set MIDDLE, 0x800 // the base points into the middle of the save area: every word is in reach of a 12-bit offset

// 0x3ffffff800, the middle of the save area (SAVE_ADDRESS in sys.h)
.macro save_area register
    li \register, 1
    slli \register, \register, 38
    addi \register, \register, -MIDDLE
.endm
.macro get register, offset, base=gp
    ld \register, (\offset - MIDDLE)(\base)
.endm
.macro put register, offset, base=gp
    sd \register, (\offset - MIDDLE)(\base)
.endm

// The registers that C functions keep: load or store them all.
.macro each_kept op, frame
    \op s0, FRAME_X(8)(\frame)
    \op s1, FRAME_X(9)(\frame)
    \op s2, FRAME_X(18)(\frame)
    \op s3, FRAME_X(19)(\frame)
    \op s4, FRAME_X(20)(\frame)
    \op s5, FRAME_X(21)(\frame)
    \op s6, FRAME_X(22)(\frame)
    \op s7, FRAME_X(23)(\frame)
    \op s8, FRAME_X(24)(\frame)
    \op s9, FRAME_X(25)(\frame)
    \op s10, FRAME_X(26)(\frame)
    \op s11, FRAME_X(27)(\frame)
.endm

#endif
