// SPDX-License-Identifier: BSD-2-Clause
/*
 * Everything a program can do to be thrown an exception: privileged instructions and registers, foreign call
 * numbers, misaligned atomics. Each must arrive at its own handler with its own cause, and harm nobody.
 */
#include "attack.h"

// privileged.S: each executes one instruction and returns -1.
extern void (*const privileged[])(void);
extern const size_t privileged_count;
void privileged_break(void);
void privileged_misaligned(void);

static bool is_call(word_t number)
{
    switch (number) {
#define SYSCALL(index, room, verb, arity, arguments, errors, text) case CALL_##room##_##verb:
#define HOTCALL(index, room, verb, errors, text)                   case CALL_##room##_##verb:
#include <rivet/syscall.def>
        return true;
    }
    return false;
}

void attack(void)
{
    for (size_t i = 0; i < privileged_count; i++)
        EXPECT(probe_run(privileged[i]) == CAUSE_ILLEGAL);
    EXPECT(probe_run(privileged_break) == CAUSE_BREAK);
    word_t cause = probe_run(privileged_misaligned);
    EXPECT(cause == 4 || cause == 5 || cause == 6 || cause == 7 || cause == NO_CAUSE);

    // What is no call of the kernel's is the program's own exception.
    const word_t arguments[6] = {1, 2, 3, 4, 5, 6};
    for (word_t number = CALL_BASE - 200; number < CALL_BASE + 200; number++)
        EXPECT(is_call(number) || call_any(number, arguments).error == -1);
    for (word_t bit = 12; bit < 64; bit++)
        for (word_t number = CALL_BASE - 8; number < CALL_BASE + 8; number++)
            EXPECT(call_any(number ^ 1ul << bit, arguments).error == -1);
    EXPECT(call_any(0, arguments).error == -1 && call_any(~0ul, arguments).error == -1);
    WORKS(sys_env_null());
}
