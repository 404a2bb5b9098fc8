/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The storm's assembly: calls that survive giving up the hart, a protected entry, where threads and
 * children begin.
 */
#include <rivet/layout.h>
#include <rivet/types.h>

#define SAVE(offset, name, text) .equ SAVE_##name, offset
#include <rivet/regs.def>
#define SYSCALL(index, room, verb, ...) .equ CALL_##room##_##verb, CALL_BASE + index
#define HOTCALL(index, room, verb, ...) .equ CALL_##room##_##verb, CALL_BASE + index
#include <rivet/syscall.def>

        .text
.macro keep
        addi    sp, sp, -128
        sd      ra, 0(sp)
        sd      gp, 8(sp)
        sd      tp, 16(sp)
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11
        sd      s\n, 24+8*\n(sp)
        .endr
.endm
.macro unkeep
        ld      ra, 0(sp)
        ld      gp, 8(sp)
        ld      tp, 16(sp)
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11
        ld      s\n, 24+8*\n(sp)
        .endr
        addi    sp, sp, 128
.endm

        .globl  storm_call
storm_call:
        keep
        mv      t4, a1
        mv      t0, a0
        ld      a0, 0(t4)
        ld      a1, 8(t4)
        ld      a2, 16(t4)
        ld      a3, 24(t4)
        ld      a4, 32(t4)
        ld      a5, 40(t4)
        lla     ra, 1f
        ecall
1:      unkeep
        ret

        .globl  storm_pct_call
storm_pct_call:                         /* for pct_call: slot, deadline, two words of message */
        keep
        mv      t2, a0
        mv      t3, a1
        mv      a0, a2
        mv      a1, a3
        lla     ra, 1f
        li      t0, CALL_pct_call
        ecall
1:      mv      a0, t0
        unkeep
        ret

        .globl  storm_resume
storm_resume:
        keep
        li      t1, 0x3ffffff000
        lla     t2, 1f
        sd      t2, SAVE_G_PC(t1)
        sd      sp, SAVE_G_PC+8*2(t1)
        li      t0, CALL_env_resume
        ecall
1:      unkeep
        ret

/* Entered by a call or a send; a0 is the message. No stack: what waits in pct_accept has its frame there. */
        .globl  storm_entry
storm_entry:
        andi    t0, a0, 7
        li      t2, 4
        bltu    t0, t2, 9f
        beq     t0, t2, 1f
        li      t2, 5
        beq     t0, t2, 2f
        li      t2, 6
        beq     t0, t2, 3f
        j       9f
1:      lla     ra, 9f
        li      t0, CALL_slice_yield
        ecall
2:      srli    t2, a0, 3               /* on to whoever is in that slot, for at most a millisecond */
        andi    t2, t2, 15
        rdtime  t3
        li      t0, 10000
        add     t3, t3, t0
        srli    a0, a0, 7
        lla     ra, 9f
        li      t0, CALL_pct_call
        ecall
3:      li      a0, 0
        rdtime  a1
        addi    a1, a1, 1000
        lla     ra, 9f
        li      t0, CALL_slice_wait
        ecall
9:      lla     ra, storm_lost
        li      t0, CALL_pct_return
        ecall
storm_lost:
        ebreak                          /* whoever was entered can return: the kernel forgot that we were */

        .globl  storm_thread
storm_thread:                           /* a0: struct storm */
        call    storm_run
        li      a0, 0
        li      t0, CALL_env_exit
        ecall

        .globl  storm_pass
storm_pass:
        li      t2, 8
        rdtime  t3
        li      t0, 10000
        add     t3, t3, t0
        lla     ra, storm_pass_on
        li      t0, CALL_pct_call
        ecall
storm_pass_on:
        lla     ra, storm_pass
        li      t0, CALL_slice_yield
        ecall

storm_work:                             /* computes for a little while, then gives the slice up, for ever */
        li      t4, 2000
1:      addi    t4, t4, -1
        bnez    t4, 1b
        lla     ra, storm_work
        li      t0, CALL_slice_yield
        ecall

        .section .rodata
        .balign 8
        .globl  storm_children, storm_children_count
storm_children:
        .dword  storm_work, child_exit, child_fault, child_accept, child_accept, child_accept, child_yield
        .dword  storm_pass, 0x100, 0xffffffff80000000
storm_children_end:
storm_children_count:
        .dword  (storm_children_end - storm_children) / 8
        .globl  storm_entries, storm_entries_count
storm_entries:
        .dword  0, 0, child_exit, child_fault
storm_entries_end:
storm_entries_count:
        .dword  (storm_entries_end - storm_entries) / 8
