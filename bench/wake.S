/* SPDX-License-Identifier: BSD-2-Clause */
/* The measured stretches from an event to whom it wakes: the donor's, and its partner's (bench/peer.c). */
#include "stretch.h"
#define SYSCALL(index, room, verb, arity, arguments, errors, text) .equ CALL_##room##_##verb, CALL_BASE + index
#define HOTCALL(index, room, verb, errors, text) .equ CALL_##room##_##verb, CALL_BASE + index
#include <rivet/syscall.def>

.equ SLOT_FREE, 8       /* libos/start/start.h */
.equ MINE, 0xf8         /* a word of the save area that the library leaves alone */

/*
 * void stretch_donate(struct stretch *stretch, slot, until, events, word): the counter before the call and after it, and its answer.
 * Whoever gives the hart up has sp back and nothing else.
 */
        .text
        .globl  stretch_donate
stretch_donate:
        addi    sp, sp, -128
        sd      ra, 0(sp)
        sd      tp, 8(sp)
        .irp    number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        sd      s\number, 16 + 8 * \number(sp)
        .endr
        sd      a0, 112(sp)
        mv      t3, a0
        mv      a0, a1
        mv      a1, a2
        mv      a2, a3
        mv      a3, a4
        la      ra, 1f
        li      t0, CALL_slice_donate
        rdinstret t4
        sd      t4, 0(t3)
        ecall
1:      rdinstret t4
        ld      t3, 112(sp)
        sd      t4, 8(t3)
        sd      a0, 16(t3)
        sd      a1, 24(t3)
        ld      ra, 0(sp)
        ld      tp, 8(sp)
        .irp    number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        ld      s\number, 16 + 8 * \number(sp)
        .endr
        addi    sp, sp, 128
        ret

/* A partner's, for ever: says when, and posts an event to whoever SLOT_FREE leads to. Its donor goes on at once. */
        .globl  notify_forever
notify_forever:
        li      a0, SLOT_FREE
        li      a1, 1
        slli    a1, a1, 40
        lla     ra, notify_forever
        li      t0, CALL_env_notify
        save_area t3
        rdinstret t4
        sd      t4, MINE(t3)
        ecall
