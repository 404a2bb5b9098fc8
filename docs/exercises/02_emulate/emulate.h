// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 2. popcount rd, rs1 counts the one bits of rs1 into rd. It is an instruction of our own, in the space that
 * RISC-V keeps for such (opcode custom-0), so the machine does not know it:
 *
 *     31     25 24 20 19 15 14 12 11   7 6     0
 *     | 0000000 |  0  | rs1 | 000 |  rd  | 0001011 |
 *
 * emulate() is given to exception_handle (libos/start/start.h), which says what a handler is.
 */
#ifndef EXERCISE_EMULATE_H
#define EXERCISE_EMULATE_H

#include <libos/start/start.h>

bool emulate(struct trap_frame *frame);

#define CAUSE_ILLEGAL 2 // scause of an illegal instruction

#endif
