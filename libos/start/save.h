/* SPDX-License-Identifier: BSD-2-Clause */
// Words of the save area in assembly.
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

#endif
