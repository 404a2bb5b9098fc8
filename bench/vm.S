/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The measured stretches of the group `vm`: accesses that fault, counted from the faulting instruction to the one
 * behind it, whoever executes what lies between.
 */
#include "stretch.h"

        .text
/* word_t stretch_store(volatile char *address): a store, with whatever it takes until it is done. */
        .globl  stretch_store
stretch_store:
        rdinstret a2
        sb      zero, (a0)
        rdinstret a1
        sub     a0, a1, a2
        ret

/*
 * word_t stretch_trap(volatile char *address): a store to a write-protected page, to a handler of the program's in the
 * exception slot and back to the instruction behind the store. The handler keeps every register (but gp, which is
 * nobody's) and opens the slot again, so it could take the next one. _none: nothing in between.
 */
        .macro  trap_stretch name, trap:vararg
        .globl  \name
\name:
        save_area t3
        ld      t4, SAVE_X_HANDLER(t3)
        la      t5, trap_skip
        sd      t5, SAVE_X_HANDLER(t3)
        .option push
        .option norvc
        rdinstret a2
        \trap
        rdinstret a1
        .option pop
        sd      t4, SAVE_X_HANDLER(t3)
        sub     a0, a1, a2
        ret
        .endm
        trap_stretch stretch_trap, sb zero, (a0)
        trap_stretch stretch_trap_none

/* From the kernel: t0 the cause, t1 the old pc, t2 the address; the program's are in the slot. */
trap_skip:
        addi    gp, t1, 4               /* past the store */
        save_area t2
        la      t1, trap_skip
        sd      t1, SAVE_X_HANDLER(t2)
        ld      t0, SAVE_X_T0(t2)
        ld      t1, SAVE_X_T1(t2)
        ld      t2, SAVE_X_T2(t2)
        jr      gp
