/* SPDX-License-Identifier: BSD-2-Clause */
/* The children, entries and looks into registers of single attackers. None needs a stack. */
#include <rivet/layout.h>
#include <rivet/types.h>

#define SAVE(offset, name, text) .equ SAVE_##name, offset
#include <rivet/regs.def>
#define SYSCALL(index, room, verb, ...) .equ CALL_##room##_##verb, CALL_BASE + index
#define HOTCALL(index, room, verb, ...) .equ CALL_##room##_##verb, CALL_BASE + index
#include <rivet/syscall.def>

.equ SLOT_OWN, 8
.equ SECRET, 0x5ec2e7
.equ MARK, 77

.macro kernel call
        lla     ra, 9f
        li      t0, CALL_\call
        ecall
9:
.endm

        .text
/* Interrupt slot: opened again, back to where the program was. gp is the register for the way back. */
        .globl  spin_upcall
spin_upcall:
        mv      gp, t1
        li      t1, 0x3ffffff000
        lla     t0, spin_upcall
        ld      t2, SAVE_I_T2(t1)
        sd      t0, SAVE_I_HANDLER(t1)
        ld      t0, SAVE_I_T0(t1)
        ld      t1, SAVE_I_T1(t1)
        jr      gp

/*
 * An alarm that is due, for ever: the upcall opens the slot and sets the next one. They come inside the slice, at its end, in
 * the grace time and behind it.
 */
        .globl  alarm_upcall
alarm_upcall:
        li      t1, 0x3ffffff000
        lla     t0, alarm_upcall
        sd      t0, SAVE_I_HANDLER(t1)
1:      li      a0, 1
        li      t0, CALL_slice_alarm
        lla     ra, 1b
        ecall

/* Waits for nothing, a moment at a time, for ever; with its argument it joins the scheduler in slot 8 there, and leaves, for ever. */
        .globl  child_nap, child_rejoin
child_nap:
        li      a0, 0
        rdtime  a1
        addi    a1, a1, 50
        kernel  slice_wait
        j       child_nap
child_rejoin:
        mv      s0, a0
1:      li      a0, 0
        li      a1, SLOT_OWN
        mv      a2, s0
        kernel  board_join
        li      a0, 0
        kernel  board_leave
        j       1b

/* Donates to the environment in slot 8 for ever; a bit of the word at its argument says with what answers. */
        .globl  child_donate
child_donate:
        mv      sp, a0                  /* what is left when the hart comes back */
1:      li      a0, SLOT_OWN
        rdtime  a1
        li      a2, 3000
        add     a1, a1, a2
        li      a2, 0
        li      a3, 0
        kernel  slice_donate
        li      t1, 1
        sll     t1, t1, a0
        amoor.d zero, t1, (sp)
        j       1b

/* Posts an event to the environment in slot 8 for ever; waits for it for ever, with its save area at its argument. */
        .globl  child_notify, child_listen
child_notify:
        li      a0, SLOT_OWN
        li      a1, 1
        slli    a1, a1, 40
        kernel  env_notify
        j       child_notify
child_listen:
        mv      sp, a0
1:      li      a0, 1
        slli    a0, a0, 40
        li      a1, 0
        kernel  slice_wait
        sd      zero, SAVE_PENDING(sp)
        j       1b

/*
 * Those who relay open the interrupt slots of both whenever they run, so that each has the grace time when
 * the slice ends, and pass the hart on as soon as it is there. The attacker's save area is where every
 * program's is, its children's are at RELAYS and behind.
 */
.equ RELAYS, 0x40000000
.macro slots_open handler
        lla     t0, \handler
        li      t1, 0x3ffffff000
        sd      t0, SAVE_I_HANDLER(t1)
        li      t1, RELAYS
        sd      t0, SAVE_I_HANDLER(t1)
        li      t1, RELAYS + PAGE_SIZE
        sd      t0, SAVE_I_HANDLER(t1)
.endm
        .globl  relay_yield
relay_yield:
        slots_open relay_yield
        li      a0, SLOT_OWN
        kernel  slice_yield_to
        j       relay_yield

        .globl  relay_send
relay_send:
        slots_open relay_sent
        lla     a0, relay_sent
        li      a1, 0
        li      a2, 0
        kernel  pct_accept
        j       relay_send
relay_sent:                             /* each is the other's: give it to him, then accept again */
        slots_open relay_sent
        li      a0, SLOT_OWN
        li      a1, 0
        kernel  pct_send
        j       relay_send

        .globl  long_echo, server_waits
long_echo:
        rdtime  t4
        li      t5, 1000000             /* a tenth of a second where time counts ten million a second */
        add     t4, t4, t5
1:      rdtime  t5
        bltu    t5, t4, 1b
        kernel  pct_return
        j       long_echo
server_waits:
        lla     a0, server_entry
        li      a1, 0
        li      a2, 1
        slli    a2, a2, 40
        kernel  pct_accept
        li      a0, 7
        kernel  env_exit
server_entry:
        li      a0, 0
        rdtime  a1
        addi    a1, a1, 1000
        kernel  slice_wait
        kernel  pct_return
1:      j       1b

        .globl  child_count
child_count:                            /* a0: so many words count for ever, each in a page of its own */
        mv      t0, a0
        li      t1, 0x40000000
        li      t2, PAGE_SIZE + 8
1:      ld      t3, (t1)
        addi    t3, t3, 1
        sd      t3, (t1)
        add     t1, t1, t2
        addi    t0, t0, -1
        bnez    t0, 1b
        j       child_count

        .globl  slow_echo, caller, chain_link
slow_echo:
        li      t4, 200000
1:      addi    t4, t4, -1
        bnez    t4, 1b
        kernel  pct_return
        j       slow_echo
caller:
        li      t2, SLOT_OWN
        li      t3, 0
        kernel  pct_call
        j       caller
chain_link:
        li      t2, SLOT_OWN
        li      t3, 0
        kernel  pct_call
        kernel  pct_return
1:      j       1b

/* ------------------------------------------------------------------ integer registers */
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
/* a0: 1 when all registers are zero but ra, sp, a0, a1, and t0, which repeats a0. */
.macro zeros_check
        or      ra, gp, tp
        .irp    n, 6,7,8,9,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        or      ra, ra, x\n
        .endr
        seqz    a0, ra
.endm
        .globl  registers_after_yield, registers_after_wait, registers_at_start, registers_noise
registers_after_yield:
        keep
        .irp    n, 3,4,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        li      x\n, SECRET
        .endr
        kernel  slice_yield
        zeros_check
        unkeep
        ret
registers_after_wait:
        keep
        .irp    n, 3,4,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        li      x\n, MARK
        .endr
        li      a0, 0
        rdtime  a1
        addi    a1, a1, 2000
        kernel  slice_wait
        addi    t0, s2, -MARK
        beqz    t0, 1f                  /* it was late already: refused, the hart was not given up */
        zeros_check
        unkeep
        ret
1:      li      a0, 1
        unkeep
        ret
registers_noise:
        .irp    n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        li      x\n, SECRET
        .endr
1:      j       1b
registers_at_start:                     /* ra is its pc */
        mv      a0, sp
        .irp    n, 3,4,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        or      a0, a0, x\n
        .endr
        kernel  env_exit

/* ------------------------------------------------------------------ floating point */
.macro secret_fill
        li      t1, SECRET
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        fmv.d.x f\n, t1
        .endr
.endm
        .globl  floats_fill, floats_are_zero, floats_touch, floats_serve, floats_look
floats_fill:
        li      a0, 1
        kernel  env_float
1:      secret_fill
        kernel  slice_yield
        j       1b
floats_are_zero:
        li      t0, 0
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        fmv.x.d t1, f\n
        or      t0, t0, t1
        .endr
        seqz    a0, t0
        ret
floats_touch:
        fmv.x.d a0, f0
        li      a0, -1
        ret
floats_serve:
        lla     a0, floats_entry
        li      a1, 0
        li      a2, 0
        kernel  pct_accept
        j       floats_serve
floats_entry:
        li      a0, 1
        kernel  env_float
        secret_fill
        kernel  pct_return
1:      j       1b
floats_look:
        lla     a0, floats_look_entry
        li      a1, 0
        li      a2, 0
        kernel  pct_accept
        j       floats_look
floats_look_entry:
        fmv.x.d a0, f0
        kernel  pct_return
1:      j       1b
