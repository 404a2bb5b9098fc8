/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The measured stretches. Each comes twice: with the trap, and with a jump in its place, which counts as many
 * instructions of the program.
 */
#include "stretch.h"
#define SYSCALL(index, room, verb, arity, arguments, errors, text) .equ CALL_##room##_##verb, CALL_BASE + index
#define HOTCALL(index, room, verb, errors, text) .equ CALL_##room##_##verb, CALL_BASE + index
#include <rivet/syscall.def>

/* word_t stretch_call(const word_t arguments[6], word_t number, sysret_t *answer), stretch_call_jump the same */
        .macro call_stretch name, trap:vararg
        .text
        .globl  \name
\name:
        addi    sp, sp, -32
        sd      ra, 0(sp)
        sd      s0, 8(sp)
        sd      a2, 16(sp)
        mv      t6, a0
        mv      t0, a1
        ld      a0, 0(t6)
        ld      a1, 8(t6)
        ld      a2, 16(t6)
        ld      a3, 24(t6)
        ld      a4, 32(t6)
        ld      a5, 40(t6)
        la      ra, 1f
        rdinstret s0
        \trap
1:      rdinstret t6
        ld      a2, 16(sp)
        sd      a0, 0(a2)
        sd      a1, 8(a2)
        sub     a0, t6, s0
        ld      ra, 0(sp)
        ld      s0, 8(sp)
        addi    sp, sp, 32
        ret
        .endm
        call_stretch stretch_call, ecall
        call_stretch stretch_call_jump, jr ra

/*
 * word_t stretch_break(word_t *resume): from a breakpoint to its handler; *resume: from the handler's jump to the
 * program. The handler comes and goes as any may: nothing is saved that it does not need saved.
 */
        .macro break_stretch name, trap:vararg
        .globl  \name
\name:
        save_area t3
        ld      t4, SAVE_X_HANDLER(t3)
        la      t5, 2f
        sd      t5, SAVE_X_HANDLER(t3)
        rdinstret a2
        \trap
1:      rdinstret a4
        sd      t4, SAVE_X_HANDLER(t3)
        sub     a4, a4, a3
        sd      a4, 0(a0)
        sub     a0, a1, a2
        ret
2:      rdinstret a1
        lla     gp, 1b
        rdinstret a3
        jr      gp
        .endm
        break_stretch stretch_break, ebreak
        break_stretch stretch_break_jump, j 2f

/* word_t stretch_fault(volatile char *address): from a load that faults to the handler; _none: nothing in between */
        .macro fault_stretch name, trap:vararg
        .globl  \name
\name:
        save_area t3
        ld      t4, SAVE_X_HANDLER(t3)
        la      t5, 2f
        sd      t5, SAVE_X_HANDLER(t3)
        rdinstret a2
        \trap
2:      rdinstret a1
        sd      t4, SAVE_X_HANDLER(t3)
        sub     a0, a1, a2
        ret
        .endm
        fault_stretch stretch_fault, lb zero, (a0)
        fault_stretch stretch_fault_none

/*
 * word_t stretch_touch(volatile char *address): a load, with whatever it takes until it is done.
 */
        .globl  stretch_touch
stretch_touch:
        rdinstret a2
        lb      zero, (a0)
        rdinstret a1
        sub     a0, a1, a2
        ret

/*
 * word_t stretch_user_fault(volatile char *address, page_t page): a load of an unmapped page, its handler binds
 * the frame (pte_map, its own frame, read and write), and the load is done. Everything counts: delivery, the
 * handler's own instructions, the call, the way back.
 */
        .globl  stretch_user_fault
stretch_user_fault:
        addi    sp, sp, -16
        sd      ra, 0(sp)
        save_area t3
        ld      t4, SAVE_X_HANDLER(t3)
        sd      t4, 8(sp)
        la      t5, 2f
        sd      t5, SAVE_X_HANDLER(t3)
        mv      a7, a1
        rdinstret s10
        lb      zero, (a0)
        rdinstret a1
        save_area t3
        ld      t4, 8(sp)
        sd      t4, SAVE_X_HANDLER(t3)
        sub     a0, a1, s10
        ld      ra, 0(sp)
        addi    sp, sp, 16
        ret
2:      /* a full handler: every register it changes is kept, the slot is open again before it resumes */
        addi    sp, sp, -112
        sd      t1, 0(sp)               /* pc */
        save_area gp
        ld      t0, SAVE_X_T0(gp)
        ld      t1, SAVE_X_T1(gp)
        sd      t0, 8(sp)
        sd      t1, 16(sp)
        ld      t0, SAVE_X_T2(gp)
        sd      t0, 24(sp)
        sd      t3, 32(sp)
        sd      ra, 40(sp)
        sd      a0, 48(sp)
        sd      a1, 56(sp)
        sd      a2, 64(sp)
        sd      a3, 72(sp)
        sd      a4, 80(sp)
        sd      a5, 88(sp)
        sd      t4, 96(sp)
        sd      t5, 104(sp)
        srli    a1, t2, 12
        slli    a1, a1, 12
        mv      a2, a7
        li      a0, 0
        li      a3, 1
        li      a4, 6
        li      a5, -1
        la      ra, 3f
        li      t0, CALL_pte_map
        ecall
3:      save_area gp
        la      t0, 2b
        sd      t0, SAVE_X_HANDLER(gp)
        ld      t5, 104(sp)
        ld      t4, 96(sp)
        ld      a5, 88(sp)
        ld      a4, 80(sp)
        ld      a3, 72(sp)
        ld      a2, 64(sp)
        ld      a1, 56(sp)
        ld      a0, 48(sp)
        ld      ra, 40(sp)
        ld      t3, 32(sp)
        ld      t2, 24(sp)
        ld      t1, 16(sp)
        ld      t0, 8(sp)
        ld      gp, 0(sp)
        addi    sp, sp, 112
        jr      gp

/*
 * word_t stretch_interrupt(word_t cause): spins until an interrupt comes, all ones when it is another one; from the last instruction of the program to the
 * handler. Whether the last one was the reading or the jump behind it, the old pc tells.
 */
        .globl  stretch_interrupt
stretch_interrupt:
        mv      t6, a0
        save_area t3
        ld      t4, SAVE_I_HANDLER(t3)
        la      t5, 2f
        sd      t5, SAVE_I_HANDLER(t3)
1:      rdinstret a2
        j       1b
2:      rdinstret a1
        sd      t4, SAVE_I_HANDLER(t3)
        sub     a0, a1, a2
        la      t5, 1b
        addi    a0, a0, -1
        bne     t1, t5, 3f
        addi    a0, a0, -1
3:      beq     t0, t6, 4f
        li      a0, -1
4:      ret

/*
 * word_t stretch_pct(word_t slot, word_t *round): one way into the partner's gate, which reads the counter into a1;
 * *round: there and back.
 */
        .macro  pct_stretch name, trap:vararg
        .globl  \name
\name:
        addi    sp, sp, -128
        sd      ra, 0(sp)
        sd      a1, 8(sp)
        sd      tp, 16(sp)
        sd      s0, 24(sp)
        sd      s1, 32(sp)
        mv      t2, a0
        li      t3, 0
        li      t0, CALL_pct_call
        la      ra, 1f
        rdinstret a0
        \trap
1:      rdinstret a2
        bnez    t0, 4f
        ld      a3, 8(sp)
        sub     a2, a2, a0
        sd      a2, 0(a3)
        sub     a0, a1, a0
        ld      tp, 16(sp)
        ld      s0, 24(sp)
        ld      s1, 32(sp)
        ld      ra, 0(sp)
        addi    sp, sp, 128
        ret
4:      li      a0, -1
        ld      ra, 0(sp)
        addi    sp, sp, 128
        ret
        .endm
        pct_stretch stretch_pct, ecall

/* The partner's protected entry. */
        .globl  gate_pct
gate_pct:
        rdinstret a1
        li      t0, CALL_pct_return
        ecall

/*
 * word_t stretch_yield_to(word_t slot, word_t count): `count` times to the partner and back, which does the same
 * (yield_forever). Each side restores its own registers: here there are none to restore but sp.
 */
        .globl  stretch_yield_to
stretch_yield_to:
        addi    sp, sp, -128
        sd      ra, 0(sp)
        sd      tp, 8(sp)
        sd      s0, 16(sp)
        sd      s1, 24(sp)
        sd      s2, 32(sp)
        sd      s3, 40(sp)
        sd      s4, 48(sp)
        sd      s5, 56(sp)
        sd      s6, 64(sp)
        sd      s7, 72(sp)
        sd      s8, 80(sp)
        sd      s9, 88(sp)
        sd      s10, 96(sp)
        sd      s11, 104(sp)
        sd      a0, 112(sp)
        rdinstret t3
        sd      t3, 120(sp)
        la      ra, 1f
        li      t0, CALL_slice_yield_to
        ecall
1:      rdinstret t3
        ld      t4, 120(sp)
        bnez    a0, 2f
        sub     a0, t3, t4
        j       3f
2:      li      a0, -1
3:      ld      ra, 0(sp)
        ld      tp, 8(sp)
        ld      s0, 16(sp)
        ld      s1, 24(sp)
        ld      s2, 32(sp)
        ld      s3, 40(sp)
        ld      s4, 48(sp)
        ld      s5, 56(sp)
        ld      s6, 64(sp)
        ld      s7, 72(sp)
        ld      s8, 80(sp)
        ld      s9, 88(sp)
        ld      s10, 96(sp)
        ld      s11, 104(sp)
        addi    sp, sp, 128
        ret

/*
 * word_t stretch_away(word_t number, const word_t arguments[4], word_t *value): a call that gives the hart up, until it is
 * back; *value: its second answer. All ones when it was refused.
 */
        .globl  stretch_away
stretch_away:
        addi    sp, sp, -144
        .irp    number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        sd      s\number, 8 * \number(sp)
        .endr
        sd      ra, 96(sp)
        sd      tp, 104(sp)
        sd      a2, 112(sp)
        mv      t0, a0
        mv      t1, a1
        ld      a0, 0(t1)
        ld      a1, 8(t1)
        ld      a2, 16(t1)
        ld      a3, 24(t1)
        la      ra, 1f
        rdinstret t3
        sd      t3, 120(sp)
        ecall
1:      rdinstret t3
        ld      t4, 120(sp)
        ld      t5, 112(sp)
        sd      a1, (t5)
        bnez    a0, 2f
        sub     a0, t3, t4
        j       3f
2:      li      a0, -1
3:      ld      ra, 96(sp)
        ld      tp, 104(sp)
        .irp    number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        ld      s\number, 8 * \number(sp)
        .endr
        addi    sp, sp, 144
        ret

/* The partner that hands back what it is given, or the rest of its slice, for ever. */
        .globl  hand_back
hand_back:
        la      ra, hand_back
        li      t0, CALL_slice_yield
        ecall

/* The partner's side: slot in a0, for ever. sp comes back, the slot is kept there. */
        .globl  yield_forever
yield_forever:
        addi    sp, sp, -16
        sd      a0, 0(sp)
1:      ld      a0, 0(sp)
        la      ra, 1b
        li      t0, CALL_slice_yield_to
        ecall
