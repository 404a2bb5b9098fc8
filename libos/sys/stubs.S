/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's calls for C: one stub per line of syscall.def. The kernel returns to ra, so `ecall` never
 * falls through and a stub needs no `ret`.
 *
 * Calls that give the hart up come back with only sp, a0 and a1; everything else is zero. Their stubs
 * keep what the C convention lets a caller rely on (ra, s0-s11, and tp) on the stack. They are marked
 * below; a call that is added to syscall.def and gives the hart up needs a mark here, and the guest test
 * `registers` shows when it is missing.
 */
#include <rivet/types.h>

.set gives_up_slice_yield, 1
.set gives_up_slice_yield_to, 1
.set gives_up_slice_wait, 1
.set gives_up_slice_donate, 1
.set gives_up_pct_accept, 1
.set gives_up_pct_send, 1
.set gives_up_pct_call, 1

.set KEPT, 112 // bytes: ra, tp, s0 to s11

.macro keep_registers
    addi sp, sp, -KEPT
    sd ra, 0(sp)
    sd tp, 8(sp)
    sd s0, 16(sp)
    sd s1, 24(sp)
    sd s2, 32(sp)
    sd s3, 40(sp)
    sd s4, 48(sp)
    sd s5, 56(sp)
    sd s6, 64(sp)
    sd s7, 72(sp)
    sd s8, 80(sp)
    sd s9, 88(sp)
    sd s10, 96(sp)
    sd s11, 104(sp)
.endm

.macro restore_registers
    ld ra, 0(sp)
    ld tp, 8(sp)
    ld s0, 16(sp)
    ld s1, 24(sp)
    ld s2, 32(sp)
    ld s3, 40(sp)
    ld s4, 48(sp)
    ld s5, 56(sp)
    ld s6, 64(sp)
    ld s7, 72(sp)
    ld s8, 80(sp)
    ld s9, 88(sp)
    ld s10, 96(sp)
    ld s11, 104(sp)
    addi sp, sp, KEPT
.endm

.macro stub name, number
    .section .text.sys_\name, "ax", @progbits
    .globl sys_\name
    .type sys_\name, @function
sys_\name:
    .ifdef gives_up_\name
    keep_registers
    la ra, 1f
    li t0, \number
    ecall
1:  restore_registers
    ret
    .else
    li t0, \number
    ecall
    .endif
    .size sys_\name, . - sys_\name
.endm

#define SYSCALL(index, room, verb, arity, arguments, errors, text) stub room##_##verb, (CALL_BASE + index)
#define HOTCALL(index, room, verb, errors, text)
#include <rivet/syscall.def>
#undef HOTCALL

// Of the hot calls these have the shape of a C function; pct_call is below, pct_return in ipc/gate.S.
    stub env_null, (CALL_BASE - 2)
    stub slice_yield_to, (CALL_BASE - 3)
    stub slice_yield, (CALL_BASE - 5)
    stub slice_donate, (CALL_BASE - 6)

/* revoke_request hands all other registers to whoever is asked: what is not meant for it is cleared. */
    .section .text.sys_revoke_request, "ax", @progbits
    .globl sys_revoke_request
    .type sys_revoke_request, @function
sys_revoke_request:
    keep_registers
    .irp register, gp, tp, s0, s1, a4, a5, a6, a7, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
    li \register, 0
    .endr
    la ra, 1f
    li t0, CALL_BASE - 4
    ecall
1:  restore_registers
    ret
    .size sys_revoke_request, . - sys_revoke_request

/*
 * long pct_call(a0 slot, a1 deadline, a2 words): the words travel in a0 to a7. The error comes back in
 * t0; when the call was refused a0-a7 are as they were, so storing them back changes nothing.
 */
    .section .text.pct_call, "ax", @progbits
    .globl pct_call
    .type pct_call, @function
pct_call:
    keep_registers
    addi sp, sp, -16
    sd a2, 0(sp)
    mv t2, a0
    mv t3, a1
    mv t4, a2
    ld a0, 0(t4)
    ld a1, 8(t4)
    ld a2, 16(t4)
    ld a3, 24(t4)
    ld a4, 32(t4)
    ld a5, 40(t4)
    ld a6, 48(t4)
    ld a7, 56(t4)
    la ra, 1f
    li t0, CALL_BASE + 0
    ecall
1:  ld t4, 0(sp)
    sd a0, 0(t4)
    sd a1, 8(t4)
    sd a2, 16(t4)
    sd a3, 24(t4)
    sd a4, 32(t4)
    sd a5, 40(t4)
    sd a6, 48(t4)
    sd a7, 56(t4)
    mv a0, t0
    addi sp, sp, 16
    restore_registers
    ret
    .size pct_call, . - pct_call
