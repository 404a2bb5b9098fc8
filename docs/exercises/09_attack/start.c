// SPDX-License-Identifier: BSD-2-Clause
// Exercise 9: an attack that must fail. One attempt is here; the others are YOURS.
#include "attack.h"

static char stack[16384] __attribute__((aligned(16), used));
static word_t refused;

__attribute__((naked, used)) void _start(void)
{
    __asm__("la sp, stack + 16384\n"
            "j attack_main\n");
}

static void attempt(sysret_t answer)
{
    refused += answer.error == ERR_PERM || answer.error == ERR_STALE || answer.error == ERR_CLOSED;
}

// Whether a byte can be loaded from there. When not, the exception comes to the label below, and the slot is closed
// again.
__attribute__((naked, noinline, unused)) static bool probe(word_t address)
{
    __asm__("li t3, 0x3ffffff000\n" // the save area; its first word is the exception slot
            "la t4, 1f\n"
            "sd t4, 0(t3)\n"
            "lb t5, (a0)\n"
            "sd zero, 0(t3)\n"
            "li a0, 1\n"
            "ret\n"
            "1: li a0, 0\n"
            "ret\n");
}

// A frame of this kind that is this environment's; 0: there is none.
static page_t frame_of(env_t owner, int kind)
{
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++)
        if (frame_entry(page)->owner == owner && frame_entry(page)->kind == kind)
            return page;
    return 0;
}

__attribute__((used)) void attack_main(void)
{
    env_t victim = SAVE_WORD(SAVE_CREATOR);

    attempt(sys_page_free(frame_of(victim, PAGE_DATA)));
    // YOURS: eleven more, at least; and two loads with probe().
    sys_env_exit(refused);
}
