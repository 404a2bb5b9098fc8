/* SPDX-License-Identifier: BSD-2-Clause */
/* The measured stretch of a request, and the partner's handler at the begin of each of its slices. */
#include <rivet/types.h>
#define SAVE(offset, name, text) .equ SAVE_##name, offset
#include <rivet/regs.def>
#define SYSCALL(index, room, verb, arity, arguments, errors, text) .equ CALL_##room##_##verb, CALL_BASE + index
#define HOTCALL(index, room, verb, errors, text) .equ CALL_##room##_##verb, CALL_BASE + index
#include <rivet/syscall.def>

.equ SLOT_FREE, 8       /* libos/start/start.h: where the partner has a capability to us */
.equ MINE, 0xf8         /* a word of the save area that the library leaves alone */

/*
 * long stretch_request(slot, kind, count, deadline): the counter goes along in a4, one of the registers that the request
 * hands over.
 */
        .text
        .globl  stretch_request
stretch_request:
        addi    sp, sp, -112
        sd      ra, 0(sp)
        sd      tp, 8(sp)
        .irp    number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        sd      s\number, 16 + 8 * \number(sp)
        .endr
        la      ra, 1f
        li      t0, CALL_revoke_request
        rdinstret a4
        ecall
1:      ld      ra, 0(sp)
        ld      tp, 8(sp)
        .irp    number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        ld      s\number, 16 + 8 * \number(sp)
        .endr
        addi    sp, sp, 112
        ret

/* The partner's: leaves in its own word what it took to come here, and gives the slice back. */
        .globl  request_handler
request_handler:
        rdinstret a1
        sub     a1, a1, a4
        li      t3, 1
        slli    t3, t3, 38
        addi    t3, t3, -0x800
        addi    t3, t3, -0x800
        sd      a1, MINE(t3)
        li      a0, SLOT_FREE
        lla     ra, request_handler
        li      t0, CALL_slice_yield_to
        ecall
