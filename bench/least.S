/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The least program: it only ends, with status 0. For how long the life of a program takes (work_life.c), of which this
 * should be nothing; the same on Linux is in linux/process.c.
 */
#define CALL(index, room, verb) .equ CALL_##room##_##verb, CALL_BASE + index;
#define SYSCALL(index, room, verb, arity, arguments, errors, text) CALL(index, room, verb)
#define HOTCALL(index, room, verb, errors, text)                   CALL(index, room, verb)
#include <rivet/types.h>
#include <rivet/syscall.def>

        .text
        .globl  _start
_start:
        li      a0, 0
        li      t0, CALL_env_exit
        la      ra, _start          /* ERR_AGAIN: once more */
        ecall
