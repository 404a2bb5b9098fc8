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

void attack(void)
{
    for (size_t i = 0; i < privileged_count; i++)
        EXPECT(probe_run(privileged[i]) == CAUSE_ILLEGAL);
    EXPECT(probe_run(privileged_break) == CAUSE_BREAK);
    word_t cause = probe_run(privileged_misaligned);
    EXPECT(cause == 4 || cause == 5 || cause == 6 || cause == 7 || cause == NO_CAUSE);

    // What is no call of the kernel's is the program's own exception.
    const word_t arguments[6] = {1, 2, 3, 4, 5, 6};
    static const word_t numbers[] = {0, 1, 93, CALL_BASE - 1, CALL_BASE + CALL_COUNT, CALL_BASE + CALL_COUNT + 1, 0x7ff,
                                     1ul << 31, 1ul << 63, ~0ul, CALL_BASE + (1ul << 32), CALL_BASE + 3 + (1ul << 61)};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        EXPECT(call_any(numbers[i], arguments).error == -1);
    WORKS(sys_env_null());
}
