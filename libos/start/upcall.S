/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the kernel enters this program: exceptions at x_entry, interrupts and ends of slices at i_entry.
 * Both end in upcall_resume, which goes on with the program by `jr gp`, without the kernel.
 *
 * gp belongs to nobody outside this file. Two stretches of code hold something in it, and an interrupt that
 * arrives there must not resume through gp:
 *
 *   x_entry .. x_open      the exception slot is closed (X_HANDLER is 0), which is how i_entry knows it.
 *                          The stretch consists of three segments, each of which can be run again from
 *                          its start
 *   leave .. leave_held    the way out while interrupt upcalls are open again; i_entry knows it by the pc
 *
 * Exceptions are handled with interrupt upcalls held (UPCALL_HOLD above 0), so the two never mix otherwise.
 */
#include <libos/start/save.h>

// What C functions keep, and tp: only a full save needs them.
.macro each_unhurried op, frame
    \op tp, FRAME_X(4)(\frame)
    each_kept \op, \frame
.endm
// Registers that C functions may change, but t0-t2 (the kernel moved them) and a0 (scratch of x_entry).
.macro each_scratch op, frame
    \op ra, FRAME_X(1)(\frame)
    \op a1, FRAME_X(11)(\frame)
    \op a2, FRAME_X(12)(\frame)
    \op a3, FRAME_X(13)(\frame)
    \op a4, FRAME_X(14)(\frame)
    \op a5, FRAME_X(15)(\frame)
    \op a6, FRAME_X(16)(\frame)
    \op a7, FRAME_X(17)(\frame)
    \op t3, FRAME_X(28)(\frame)
    \op t4, FRAME_X(29)(\frame)
    \op t5, FRAME_X(30)(\frame)
    \op t6, FRAME_X(31)(\frame)
.endm

    .section .text.upcall, "ax", @progbits
/*
 * From the kernel, at any instruction of the program. t0 scause, t1 the old pc, t2 stval; t0-t2 of the
 * program are in the save area, everything else is the program's. The slot is closed: no instruction up
 * to x_open may fault.
 */
    .globl x_entry
x_entry:
    save_area gp
    put a0, UPCALL_A0
x_entry_stack: // a0 is free: the frame's address
    get a0, UPCALL_X_FRAME
    bltu a0, sp, x_save // every stack of the program, and what lies above ours
    xor a0, a0, sp
    srli a0, a0, UPCALL_STACK_SHIFT
    bnez a0, x_fresh
    // The program was on this stack already: its handler takes an exception, and sp is valid there.
    slli a0, sp, 64 - UPCALL_STACK_SHIFT
    srli a0, a0, 64 - UPCALL_STACK_SHIFT
    addi a0, a0, -UPCALL_RESERVE
    bltz a0, x_too_deep
    addi a0, sp, -FRAME_SIZE
    j x_save
x_too_deep: // a handler that faults without end: the slot is closed, so this stops the program
    ebreak
x_fresh:
    get a0, UPCALL_X_FRAME
x_save:
    sd t0, FRAME_CAUSE(a0)
    sd t1, FRAME_X(0)(a0)
    sd t2, FRAME_ADDRESS(a0)
    sd sp, FRAME_X(2)(a0)
    each_scratch sd, a0
x_entry_slot: // t0-t3 are free
    get t0, SAVE_X_T0
    get t1, SAVE_X_T1
    get t2, SAVE_X_T2
    get t3, UPCALL_A0
    sd t0, FRAME_X(5)(a0)
    sd t1, FRAME_X(6)(a0)
    sd t2, FRAME_X(7)(a0)
    sd t3, FRAME_X(10)(a0)
    sd gp, FRAME_X(3)(a0)
    put zero, SAVE_I_HANDLER
    get t3, UPCALL_X_ENTRY
    put t3, SAVE_X_HANDLER
x_open: // the program can take exceptions again, and no interrupt comes
    get t0, UPCALL_HOLD
    addi t0, t0, 1
    put t0, UPCALL_HOLD
    mv sp, a0
    // The frequent case, with half of the registers saved: upcall_fault(address, the right that the access wanted, frame).
    ld a1, FRAME_CAUSE(sp)
    get t0, UPCALL_RIGHTS
    slli a1, a1, 2
    srl a1, t0, a1
    andi a1, a1, 15
    beqz a1, x_full
    ld a0, FRAME_ADDRESS(sp)
    mv a2, sp
    get t0, UPCALL_FAULT
    jalr t0
    bnez a0, leave_light
x_full:
    each_unhurried sd, sp
    mv a0, sp
    call upcall_exception
    mv a0, sp
    j upcall_resume

/*
 * upcall_resume(a0 frame): go on as the frame says. HOLD counts this level; at the outermost the
 * interrupt slot opens before the program goes on. Never returns.
 */
    .globl upcall_resume
upcall_resume:
    mv sp, a0
    each_unhurried ld, sp
    save_area gp
    j 1f
leave_light: // sp: the frame, which x_entry made; s0-s11 and tp are the program's
    ld gp, FRAME_X(3)(sp)
1:  get t0, UPCALL_HOLD
    addi t0, t0, -1
    put t0, UPCALL_HOLD
    bnez t0, leave_nested
    get t0, UPCALL_I_ENTRY
    put t0, SAVE_I_HANDLER
leave: // interrupts may come from here on; until leave_jump i_entry takes sp for the frame
    get t0, SAVE_PENDING
    bnez t0, leave_look
leave_nested:
    each_scratch ld, sp
    ld t0, FRAME_X(5)(sp)
    ld t1, FRAME_X(6)(sp)
    ld t2, FRAME_X(7)(sp)
    ld a0, FRAME_X(10)(sp)
    ld gp, FRAME_X(0)(sp)
    ld sp, FRAME_X(2)(sp)
leave_jump:
    jr gp
leave_look: // something is pending: is it for us?
    get t1, UPCALL_EVENTS
    and t0, t0, t1
    beqz t0, leave_nested
leave_pending: // something happened while upcalls were held
    save_area gp
    put zero, SAVE_I_HANDLER
leave_held: // also from i_entry. sp: the frame; interrupts are closed, HOLD is 0; gp and t0-t6 are free
    save_area gp
    each_unhurried sd, sp
    mv a0, sp
    j interrupt_serve

/*
 * From the kernel, when I_HANDLER was open: t0 scause, t1 the old pc, t2 free; t0-t2 of the program are
 * in the interrupt slot, which is closed now.
 */
    .globl i_entry
i_entry:
    andi t0, t0, 4 // causes: 1 software, 5 timer, 9 device. The end of a slice is told by the cause alone
    beqz t0, 1f
    save_area t2
    addi t0, t2, SAVE_PENDING - MIDDLE
    li t2, 1 << EVENT_SLICE_END // so remember it as an event, whatever becomes of this upcall
    amoor.d zero, t2, (t0)
1:  save_area t2
    get t0, SAVE_X_HANDLER, t2
    beqz t0, i_in_exception
    lla t0, leave
    bltu t1, t0, 1f
    lla t0, leave_held
    bgeu t1, t0, 1f
    lla t0, leave_jump
    bne t1, t0, leave_held
    mv t1, gp // at leave_jump itself everything is restored, and the program's pc is in gp
1:  get t0, UPCALL_HOLD, t2
    bnez t0, i_held
    get t0, UPCALL_I_FRAME, t2
    sd t1, FRAME_X(0)(t0)
    sd sp, FRAME_X(2)(t0)
    sd a0, FRAME_X(10)(t0)
    each_scratch sd, t0
    each_unhurried sd, t0
    mv gp, t2
    get t1, SAVE_I_T0
    sd t1, FRAME_X(5)(t0)
    get t1, SAVE_I_T1
    sd t1, FRAME_X(6)(t0)
    get t1, SAVE_I_T2
    sd t1, FRAME_X(7)(t0)
    mv a0, t0
interrupt_serve: // a0: a full frame, gp: the save area, HOLD is 0 and becomes 1
    get t0, UPCALL_HOLD
    addi t0, t0, 1
    put t0, UPCALL_HOLD
    get sp, UPCALL_I_LAST
    call upcall_interrupt // the frame to go on with: this one, or another thread's
    j upcall_resume

// The program holds upcalls: it goes on, the slot stays closed, and upcall_release looks at what is pending.
i_held:
    andi t0, t0, HOLD_DECIDING
    bnez t0, i_deciding
    mv gp, t1
    get t0, SAVE_I_T0, t2
    get t1, SAVE_I_T1, t2
    get t2, SAVE_I_T2, t2
    jr gp

/*
 * A policy of the program's threads decides (libos/thread). It goes on with the slot open, so that the next end of slice
 * comes here, too. SWITCHED says that the one before was not answered; at the third such the policy is left.
 */
i_deciding:
    lla t0, i_decision
    bltu t1, t0, 1f
    lla t0, i_decision_end
    bltu t1, t0, 2f // interrupted below: gp has the policy's pc and the words its registers
1:  mv gp, t1
    get t0, SAVE_I_T0, t2
    put t0, UPCALL_DECISION_T0, t2
    get t0, SAVE_I_T1, t2
    put t0, UPCALL_DECISION_T1, t2
    get t0, SAVE_I_T2, t2
    put t0, UPCALL_DECISION_T2, t2
2:  addi t1, t2, SAVE_PENDING - MIDDLE
    li t0, ~(1 << EVENT_SWITCHED)
    amoand.d t0, t0, (t1)
    srli t0, t0, EVENT_SWITCHED
    andi t0, t0, 1
    get t1, UPCALL_ENDS, t2
    add t1, t1, t0
    put t1, UPCALL_ENDS, t2
    addi t1, t1, -DECISION_ENDS_MAX
    bgez t1, i_loops
    get t0, UPCALL_I_ENTRY, t2
    put t0, SAVE_I_HANDLER, t2
i_decision: // interrupts may come: nothing below but gp counts
    save_area t2
    get t0, UPCALL_DECISION_T0, t2
    get t1, UPCALL_DECISION_T1, t2
    get t2, UPCALL_DECISION_T2, t2
    jr gp
i_decision_end:
i_loops:
    li a0, 0
/*
 * upcall_abandon(a0): the decision is left where it is, in whatever state its stack and registers are. Its caller's
 * registers are in UPCALL_I_FRAME. a0: not 0, it faulted.
 */
    .globl upcall_abandon
upcall_abandon:
    save_area gp
    put zero, SAVE_I_HANDLER
    li t0, 1
    put t0, UPCALL_HOLD
    get sp, UPCALL_I_LAST
    tail upcall_abandoned

// The exception entry was interrupted. It runs again from the start of its segment with the slot closed.
i_in_exception:
    lla t0, x_entry_slot
    bgeu t1, t0, x_entry_slot
    lla t0, x_entry_stack
    bltu t1, t0, 1f
    get t0, SAVE_I_T0, t2
    get t1, SAVE_I_T1, t2
    get t2, SAVE_I_T2, t2
    j x_entry_stack
1:  get t0, SAVE_I_T0, t2
    get t1, SAVE_I_T1, t2
    get t2, SAVE_I_T2, t2
    j x_entry

/*
 * upcall_enter(a0 serve): from C, with upcalls held exactly once. Saves what a C function keeps in the
 * running thread's frame as if it had been interrupted behind this call, and goes on with the frame that
 * serve(frame) names.
 */
    .globl upcall_enter
    .type upcall_enter, @function
upcall_enter:
    save_area t0
    put zero, SAVE_I_HANDLER, t0 // it may be open still, and an interrupt resumes through gp
    save_area gp
    get t0, UPCALL_I_FRAME
    sd ra, FRAME_X(0)(t0)
    sd sp, FRAME_X(2)(t0)
    each_unhurried sd, t0
    get sp, UPCALL_I_LAST
    mv t1, a0
    mv a0, t0
    jalr t1
    j upcall_resume
    .size upcall_enter, . - upcall_enter
