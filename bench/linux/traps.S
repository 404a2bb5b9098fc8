/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The measured stretches: a system call; a trap to a handler of signals, and from its first instruction back to behind
 * what trapped. Twice each, the second time with nothing in the trap's place.
 */
#include "linux.h"

        .text
/* uint64_t stretch_call(long number), stretch_call_none */
        .macro call_stretch name, trap:vararg
        .globl  \name
\name:
        mv      a7, a0
        rdinstret t0
        \trap
        rdinstret t1
        sub     a0, t1, t0
        ret
        .endm
        call_stretch stretch_call, ecall
        call_stretch stretch_call_none, nop

/*
 * uint64_t stretch_break(uint64_t *back), stretch_illegal, stretch_store(uint64_t *back, char *address): until the
 * handler's first instruction; *back the whole, until behind what trapped. Each trapping instruction is 4 bytes long, as
 * the handler takes it for granted.
 */
        .macro trap_stretch name, trap:vararg
        .globl  \name
\name:
        .option push
        .option norvc
        rdinstret t0
        \trap
        rdinstret t1
        .option pop
        sub     t1, t1, t0
        sd      t1, 0(a0)
        lla     t2, handler_began
        ld      t2, 0(t2)
        sub     a0, t2, t0
        ret
        .endm
        trap_stretch stretch_break, ebreak
        trap_stretch stretch_illegal, .word 0xffffffff
        trap_stretch stretch_store, sb zero, (a1)

/* void handler_skip(int number, void *information, void *context): goes on behind the instruction that trapped */
        .globl  handler_skip
handler_skip:
        rdinstret t0
        lla     t1, handler_began
        sd      t0, 0(t1)
        ld      t2, UCONTEXT_PC(a2)
        addi    t2, t2, 4
        sd      t2, UCONTEXT_PC(a2)
        ret

/* uint64_t stretch_alarm(void): reads the counter until a signal came: from the last reading to the handler's */
        .globl  stretch_alarm
stretch_alarm:
        lla     t1, handler_began
        sd      zero, 0(t1)
1:      rdinstret t0
        ld      t2, 0(t1)
        beqz    t2, 1b
        lla     t1, alarm_seen
        ld      t1, 0(t1)
        sub     a0, t2, t1
        ret

/* void handler_alarm(int number, void *information, void *context): the program's last reading is in the frame's t0 */
        .globl  handler_alarm
handler_alarm:
        rdinstret t0
        lla     t1, handler_began
        sd      t0, 0(t1)
        ld      t2, UCONTEXT_PC + 5 * 8(a2)
        lla     t1, alarm_seen
        sd      t2, 0(t1)
        ret

        .bss
        .balign 8
handler_began:
        .dword  0
alarm_seen:
        .dword  0
