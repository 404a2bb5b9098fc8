/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What upcall.S and the C half of the upcalls share: the application's own words of the save area (from
 * SAVE_ROOM on), and the shape of a saved frame. Plain numbers, because assembly reads them too;
 * upcall.c asserts that they agree with the structures.
 *
 *   HOLD     how many want no interrupt upcall now: critical sections, and exceptions being handled. The
 *            kernel's word I_HANDLER is open only while HOLD is 0, but may be closed then, too, for a moment
 *   EVENTS   pending events that the library or a handler of the program takes asynchronously
 */
#ifndef LIBOS_UPCALL_H
#define LIBOS_UPCALL_H

#define UPCALL_A0          0x78 // a0 of the program while the exception entry has no stack yet
#define UPCALL_X_FRAME     0x80 // the first frame on the exception stack: what an exception saves into
#define UPCALL_I_LAST      0x88 // the same of the interrupt stack
#define UPCALL_I_FRAME     0x90 // where the interrupt entry saves: the running thread's frame
#define UPCALL_HOLD        0x98
#define UPCALL_EVENTS      0xa0
#define UPCALL_TP          0xa8 // tp of the program's first thread, for entries that arrive with another's
#define UPCALL_SERVE       0xb0 // what answers a protected call (ipc/)
#define UPCALL_X_ENTRY     0xb8 // the addresses of the two entries: a load is shorter than making them
#define UPCALL_I_ENTRY     0xc0
#define UPCALL_RIGHTS      0xc8 // RIGHTS_WANTED
#define UPCALL_FAULT       0xd0 // who is asked about a page fault before all registers are saved

#define UPCALL_DECISION_T0 0xd8 // t0 to t2 of a policy whose decision is interrupted
#define UPCALL_DECISION_T1 0xe0
#define UPCALL_DECISION_T2 0xe8
#define UPCALL_ENDS        0xf0 // how often in this decision the kernel took the hart by force

#define HOLD_DECIDING      0x400 // in HOLD: a policy of the threads is deciding, and does it for long
#define DECISION_ENDS_MAX  3     // then it does not come back any more

#define UPCALL_STACK_SHIFT 14 // exception and interrupt stacks are 16 KiB and aligned to that
#define UPCALL_STACK_SIZE  (1 << UPCALL_STACK_SHIFT)
#define UPCALL_RESERVE     2032 // bytes that must be left on the exception stack for another level

/*
 * Which right an access wanted that ended in a page fault: a digit for each cause. Both it and
 * the function that is asked about page faults are in the save area, where a load finds them.
 */
#define RIGHTS_WANTED      0x4028000000000000

#define FRAME_X(n)         (8 * (n)) // x1 to x31; FRAME_X(0) is the pc
#define FRAME_CAUSE        0x100
#define FRAME_ADDRESS      0x108
#define FRAME_SIZE         0x110

#endif
