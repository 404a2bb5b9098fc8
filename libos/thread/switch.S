/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread gives way, or has something served, by itself: a function call for the compiler, so only what C functions keep is
 * saved in its frame. Such a frame has 0 as its cause; where the thread was interrupted, all registers are in it.
 */
#include <libos/start/save.h>

// The caller into its frame; its stack is left. tp is there since the thread was made. s0: the save area.
.macro give_way frame
    get \frame, UPCALL_I_FRAME, t0
    sd ra, FRAME_X(0)(\frame)
    sd sp, FRAME_X(2)(\frame)
    sd zero, FRAME_CAUSE(\frame)
    each_kept sd, \frame
    mv s0, t0
    get sp, UPCALL_I_LAST, s0
.endm

    .section .text.thread_switch, "ax", @progbits
// void thread_yield(void)
    .globl thread_yield
    .type thread_yield, @function
thread_yield:
    save_area t0
    get t1, UPCALL_HOLD, t0
    bnez t1, yield_held
    li t1, 1 + HOLD_DECIDING
    put t1, UPCALL_HOLD, t0
    give_way t2
    rdtime s1
    slli s1, s1, 16
    ld t1, clock_factor
    mulhu s1, s1, t1 // clock_ns(s1)
    mv a0, s1
    call thread_yield_begin
    beqz a0, yield_unplain
    mv t1, a0
    li a0, 0
    mv a1, s1
    jalr t1 // the policy's pick
    call thread_yield_end

go_on: // a0: the frame to go on with, s0: the save area
    ld t1, FRAME_CAUSE(a0)
    put a0, UPCALL_I_FRAME, s0
    bnez t1, go_on_full
    mv t0, s0
    ld ra, FRAME_X(0)(a0)
    ld sp, FRAME_X(2)(a0)
    ld tp, FRAME_X(4)(a0)
    each_kept ld, a0
    get t1, UPCALL_I_ENTRY, t0
    put zero, UPCALL_HOLD, t0 // the thread may be interrupted from here on, as anywhere
    put t1, SAVE_I_HANDLER, t0
    get t1, SAVE_PENDING, t0
    bnez t1, go_on_look
yield_held:
    ret
go_on_look:
    get t2, UPCALL_EVENTS, t0
    and t1, t1, t2
    beqz t1, yield_held
    tail upcall_release_last
yield_unplain:
    call thread_yield_served
    j go_on
go_on_full:
    put zero, SAVE_I_HANDLER, s0
    li t1, 1
    put t1, UPCALL_HOLD, s0
    tail upcall_resume
    .size thread_yield, . - thread_yield

// void thread_serve(a0 serve, a1 argument)
    .globl thread_serve
    .type thread_serve, @function
thread_serve:
    save_area t0
    li t1, 1 + HOLD_DECIDING
    put t1, UPCALL_HOLD, t0
    give_way t2
    call thread_serve_settle
    j go_on
    .size thread_serve, . - thread_serve
