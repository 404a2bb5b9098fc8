/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where protected calls enter a server: on the stack named to pct_accept, t1 the caller's name, a0 to a7
 * the message, all other registers the caller's. C keeps s0 to s11 for the caller; tp becomes ours, or
 * errno would be the caller's.
 */
#include <libos/start/upcall.h>
#include <rivet/types.h>

    .section .text.gate_entry, "ax", @progbits
    .globl gate_entry
    .type gate_entry, @function
gate_entry:
    addi sp, sp, -80
    sd a0, 0(sp)
    sd a1, 8(sp)
    sd a2, 16(sp)
    sd a3, 24(sp)
    sd a4, 32(sp)
    sd a5, 40(sp)
    sd a6, 48(sp)
    sd a7, 56(sp)
    sd s0, 64(sp)
    li s0, 0 // backtraces end here: what is above belongs to the caller
    li t0, 1
    slli t0, t0, 38
    addi t0, t0, -0x800 // the middle of the save area
    ld tp, (UPCALL_TP - 0x800)(t0)
    ld t2, (UPCALL_SERVE - 0x800)(t0)
    mv a0, t1
    mv a1, sp
    jalr t2 // serve(caller, words)
    ld a0, 0(sp)
    ld a1, 8(sp)
    ld a2, 16(sp)
    ld a3, 24(sp)
    ld a4, 32(sp)
    ld a5, 40(sp)
    ld a6, 48(sp)
    ld a7, 56(sp)
    ld s0, 64(sp)
    addi sp, sp, 80
    la ra, 1f
    li t0, CALL_BASE - 1 // pct_return: comes back only when refused, which a server that was entered never is
    ecall
1:  ebreak
    .size gate_entry, . - gate_entry
