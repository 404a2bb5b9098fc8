/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both ends of lrpc.h. A message is: a0 the operation, a1 the deadline, a2 to a7 the arguments; its answer: a0 the
 * error, a1 the value.
 */
#include <rivet/types.h>

#define ERROR(number, name, text) .set ERR_##name, number;
#include <rivet/error.def>
#undef ERROR

.set CALL_TRANSFER, CALL_BASE
.set CALL_RETURN, CALL_BASE - 1

.macro each_kept op, base, first
    .set place, \first
    .irp register, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
    \op \register, place(\base)
    .set place, place + 8
    .endr
.endm

.macro clear registers:vararg
    .irp register, \registers
    li \register, 0
    .endr
.endm

/* From a stub: t2 the server's slot, a0 the operation, a1 the deadline, a2 to a7 the arguments. */
    .section .text.lrpc_call, "ax", @progbits
    .globl lrpc_call
    .type lrpc_call, @function
lrpc_call:
    addi sp, sp, -112
    sd ra, 0(sp)
    sd tp, 8(sp)
    each_kept sd, sp, 16
    mv t3, a1
    clear gp, tp, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
    jal transfer // to come back here, and behind the ecall never
    ld ra, 0(sp)
    ld tp, 8(sp)
    each_kept ld, sp, 16
    addi sp, sp, 112
    bnez t0, refused
    ret
refused: // t0: why
    mv a0, t0
    li a1, 0
    ret
transfer:
    li t0, CALL_TRANSFER
    ecall
    .size lrpc_call, . - lrpc_call

    .section .text.tlrpc_call, "ax", @progbits
    .globl tlrpc_call
    .type tlrpc_call, @function
tlrpc_call:
    addi sp, sp, -16
    sd ra, 0(sp)
    mv t3, a1
    jal 1f // to come back here
    ld ra, 0(sp)
    addi sp, sp, 16
    bnez t0, 2f
    ret
2:  li t1, ERR_DEAD
    beq t0, t1, 3f
    li t1, ERR_DEADLINE
    beq t0, t1, 3f
    mv a0, t0 // refused: nothing is lost
    li a1, 0
    ret
3:  lla t1, tlrpc_guarded // every register is zero but sp
    ld t1, (t1)
    beqz t1, tlrpc_unguarded
    mv a0, t0
    ld ra, 0(t1)
    ld sp, 8(t1)
    ld tp, 16(t1)
    each_kept ld, t1, 24
    ret
tlrpc_unguarded: // nobody said where to go on
    ebreak
1:  li t0, CALL_TRANSFER
    ecall
    .size tlrpc_call, . - tlrpc_call

    .section .text.tlrpc_guard, "ax", @progbits
    .globl tlrpc_guard
    .type tlrpc_guard, @function
tlrpc_guard:
    sd ra, 0(a0)
    sd sp, 8(a0)
    sd tp, 16(a0)
    each_kept sd, a0, 24
    lla t1, tlrpc_guarded
    sd a0, (t1)
    li a0, ERR_OK
    ret
    .size tlrpc_guard, . - tlrpc_guard

    .section .bss.tlrpc_guarded, "aw", @nobits
    .balign 8
tlrpc_guarded:
    .dword 0

/*
 * Where calls enter a server. From malice, any registers but sp, which the kernel sets to the context at the end of
 * the gate's stack (struct gate_context in lrpc.c), and t1: the caller's name, 0 when it was pct_send. Nobody else
 * enters until the return.
 */
.set CONTEXT_TP, 0      // of the caller
.set CONTEXT_TP_OWN, 8
.set CONTEXT_COUNT, 16
.set CONTEXT_TABLE, 24
.set CONTEXT_S0, 32     // of the caller: backtraces of ours end here

.macro operation_call
    sd tp, CONTEXT_TP(sp)
    ld tp, CONTEXT_TP_OWN(sp)
    ld t2, CONTEXT_COUNT(sp)
    bgeu a0, t2, 2f
    ld t2, CONTEXT_TABLE(sp)
    slli a0, a0, 3
    add t2, t2, a0
    ld t2, (t2)
    mv a0, t1
    jalr t2 // operation(caller, deadline, arguments)
1:  ld tp, CONTEXT_TP(sp)
.endm

    .section .text.lrpc_gate, "ax", @progbits
    .globl lrpc_gate
    .type lrpc_gate, @function
lrpc_gate:
    beqz t1, 3f // a message that nobody answers for
    sd s0, CONTEXT_S0(sp)
    li s0, 0
    operation_call
    ld s0, CONTEXT_S0(sp)
    clear t1, t2, t3, t4, t5, t6, a2, a3, a4, a5, a6, a7, ra
    li t0, CALL_RETURN
    ecall
2:  li a0, ERR_NOENT
    li a1, 0
    j 1b
3:  lla ra, 3b // nobody is returned to: the kernel opens the gate and gives the hart up
    li t0, CALL_RETURN
    ecall
    .size lrpc_gate, . - lrpc_gate

    .section .text.tlrpc_gate, "ax", @progbits
    .globl tlrpc_gate
    .type tlrpc_gate, @function
tlrpc_gate:
    operation_call
    li t0, CALL_RETURN
    ecall
2:  li a0, ERR_NOENT
    li a1, 0
    j 1b
    .size tlrpc_gate, . - tlrpc_gate
