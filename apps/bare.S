/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An application with no library at all: no stack, no handlers, no memory but its code. It calls the
 * console, whose capability its creator put into slot 0, with the text in registers
 * (libos/console/console.h has the protocol), and exits.
 */
#include <rivet/types.h>

#define CALL(index, room, verb) .equ CALL_##room##_##verb, CALL_BASE + index;
#define SYSCALL(index, room, verb, arity, arguments, errors, text) CALL(index, room, verb)
#define HOTCALL(index, room, verb, errors, text)                   CALL(index, room, verb)
#include <rivet/syscall.def>
#define ERROR(number, name, text) .equ ERR_##name, number;
#include <rivet/error.def>

.equ WRITE, 1 | 1 << 8              /* operation, stream: standard output */

        .text
        .globl  _start
_start:
        la      t1, message
        ld      a0, 0(t1)
        ld      a1, 8(t1)
        ld      a2, 16(t1)
        ld      a3, 24(t1)
        li      t2, 0               /* the slot */
        li      t3, 0               /* no deadline */
        li      t0, CALL_pct_call
        la      ra, answered        /* calls return to ra */
        ecall
answered:
        beqz    t0, end             /* t0: ERR_OK, or why there was no call */
        li      t1, ERR_BUSY
        bne     t0, t1, failed
        li      t0, CALL_slice_yield
        la      ra, _start          /* it serves somebody else: once more */
        ecall
failed: li      a0, 1
end:    li      t0, CALL_env_exit   /* a0: the console's ERR_OK, which is 0, or 1 */
        ecall

        .section .rodata
        .balign 8
message:
        .8byte  WRITE | (text_end - text) << 16
text:   .ascii  "Hello without a library\n"
text_end:
