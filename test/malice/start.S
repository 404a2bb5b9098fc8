/* SPDX-License-Identifier: BSD-2-Clause */
/* Start-up of an attacker, probes, and the children that attackers make. */
#include <rivet/layout.h>
#include <rivet/types.h>

#define SAVE(offset, name, text) .equ SAVE_##name, offset
#include <rivet/regs.def>
#define SYSCALL(index, room, verb, ...) .equ CALL_##room##_##verb, CALL_BASE + index
#define HOTCALL(index, room, verb, ...) .equ CALL_##room##_##verb, CALL_BASE + index
#include <rivet/syscall.def>

        .section .text.crt0, "ax"
        .globl  _start
_start: lla     sp, stack_top
        call    attack
        li      a0, 0
        li      t0, CALL_env_exit
        ecall

        .bss
        .balign 16
        .space  16384
stack_top:

        .text
.macro save_area register
        li      \register, 0x3ffffff000
.endm

/* The slot's handler goes on at the return address of the probe, with the cause as its result. */
probe_handler:
        mv      a0, t0
        li      a1, 0
        ret

.macro open_slot
        save_area t0
        lla     t1, probe_handler
        sd      t1, SAVE_X_HANDLER(t0)
.endm
.macro close_slot
        save_area t0
        sd      zero, SAVE_X_HANDLER(t0)
.endm

        .globl  probe_load, probe_store, probe_jump, probe_run
probe_load:
        open_slot
        ld      a1, (a0)
        close_slot
        li      a0, -1
        ret
probe_store:
        open_slot
        sd      zero, (a0)
        close_slot
        li      a0, -1
        ret
probe_jump:
        open_slot
        jr      a0                      /* what is there had better return */
probe_run:
        addi    sp, sp, -16
        sd      ra, 0(sp)
        open_slot
        lla     ra, 1f
        jr      a0
1:      ld      ra, 0(sp)               /* here with -1 from the function, or with a cause from the handler */
        addi    sp, sp, 16
        mv      t2, a0
        close_slot
        mv      a0, t2
        ret

        .globl  call_any
call_any:
        addi    sp, sp, -112
        sd      ra, 0(sp)
        sd      s0, 8(sp)
        sd      s1, 16(sp)
        sd      s2, 24(sp)
        sd      s3, 32(sp)
        sd      s4, 40(sp)
        sd      s5, 48(sp)
        sd      s6, 56(sp)
        sd      s7, 64(sp)
        sd      s8, 72(sp)
        sd      s9, 80(sp)
        sd      s10, 88(sp)
        sd      s11, 96(sp)
        sd      tp, 104(sp)
        mv      t3, a1
        mv      t2, a0
        open_slot
        mv      t0, t2
        ld      a0, 0(t3)
        ld      a1, 8(t3)
        ld      a2, 16(t3)
        ld      a3, 24(t3)
        ld      a4, 32(t3)
        ld      a5, 40(t3)
        ld      t2, 0(t3)               /* for the transfers: slot, deadline */
        ld      t3, 8(t3)
        lla     ra, 1f
        ecall
1:      ld      ra, 0(sp)
        ld      s0, 8(sp)
        ld      s1, 16(sp)
        ld      s2, 24(sp)
        ld      s3, 32(sp)
        ld      s4, 40(sp)
        ld      s5, 48(sp)
        ld      s6, 56(sp)
        ld      s7, 64(sp)
        ld      s8, 72(sp)
        ld      s9, 80(sp)
        ld      s10, 88(sp)
        ld      s11, 96(sp)
        ld      tp, 104(sp)
        addi    sp, sp, 112
        save_area t0
        ld      t1, SAVE_X_HANDLER(t0)
        bnez    t1, 2f
        li      a0, -1                  /* the slot was used: it was no call */
2:      sd      zero, SAVE_X_HANDLER(t0)
        ret

        .globl  pct_return
pct_return:
        li      t0, CALL_pct_return
        ecall

/* ------------------------------------------------------------------ children */
        .globl  child_spin, child_exit, child_fault, child_accept, child_echo, child_yield
child_spin:
        j       child_spin
child_exit:
        li      t0, CALL_env_exit
        ecall
child_fault:
        ld      zero, (zero)
        j       child_fault
child_yield:
        lla     ra, child_yield
        li      t0, CALL_slice_yield
        ecall
child_accept:
        bnez    a0, 1f
        lla     a0, child_echo
1:      li      a1, 0
        li      a2, 0
        lla     ra, child_spin          /* an event came, though none was asked for */
        li      t0, CALL_pct_accept
        ecall
child_echo:
        lla     ra, child_spin
        li      t0, CALL_pct_return
        ecall
