// SPDX-License-Identifier: BSD-2-Clause
// Exercise 1: a program with nothing below it. Three gaps, each marked YOURS.
#include "bare.h"

static char stack[4096] __attribute__((aligned(16), used));

// Where the program begins: it makes itself a stack, because nobody else does.
__attribute__((naked, used)) void _start(void)
{
    __asm__("la sp, stack + 4096\n"
            "j bare_main\n");
}

/*
 * A call of the kernel: its number has to be in t0, its arguments in a0 to a5, and the answer comes in a0 and a1, which
 * is how C returns a sysret_t. C has put a0 and a1 in place already, and the number into a2.
 *
 * YOURS: move the number to t0, and `ecall`. Mind where the kernel goes on (docs/abi.md, "Making a call"): what has to
 * follow the ecall?
 */
__attribute__((naked, noinline)) static sysret_t call(word_t one, word_t other, word_t number)
{
    __asm__("li a0, 10\n"
            "ret\n");
}

// Who we are: the kernel wrote it into our save area.
static env_t self(void)
{
    return *(const volatile word_t *)(SAVE_ADDRESS + SAVE_SELF);
}

// How many frames are ours and free. YOURS: look at all machine_info.ram_count entries of the table at TABLE_FRAMES.
static word_t frames_count(void)
{
    return 0;
}

__attribute__((used)) void bare_main(void)
{
    word_t count = frames_count();

    // YOURS: take BARE_TAKEN free frames of our own.
    (void)self;
    call(count, 0, CALL_env_exit);
    for (;;)
        continue;
}
