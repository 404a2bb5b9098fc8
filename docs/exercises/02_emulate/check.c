// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 2: first with frames made up here, so that a handler that is wrong says so instead of crashing; then with
 * the instruction itself. With the handler in place the program must still get memory by touching it, and floating
 * point by using it, for those are exceptions, too.
 */
#include "../check.h"

#include "emulate.h"

#include <stdlib.h>
#include <string.h>

#define POPCOUNT(rd, rs1) (0x0bu | (uint32_t)(rd) << 7 | (uint32_t)(rs1) << 15)
#define A0 10
#define CAUSE_LOAD_PAGE 13
#define PASSES 1000

static uint16_t code[8]; // where frames made up here have their instructions: at multiples of 2

static struct trap_frame frame_make(uint32_t instruction, size_t at)
{
    struct trap_frame frame = {.cause = CAUSE_ILLEGAL, .address = instruction};

    memset(code, 0, sizeof(code));
    memcpy(&code[at], &instruction, sizeof(instruction));
    for (word_t i = 1; i < 32; i++)
        frame.x[i] = ~0ul << i; // 64 - i one bits
    frame.FRAME_PC = (word_t)&code[at];
    return frame;
}

// One instruction: what it returned, the registers it must leave alone, the one it writes, and the pc.
static bool emulates(unsigned rd, unsigned rs1, size_t at)
{
    struct trap_frame frame = frame_make(POPCOUNT(rd, rs1), at), before = frame;

    if (!check(emulate(&frame), "popcount x%u, x%u at a pc of 4n + %lu is emulated", rd, rs1,
               (unsigned long)(before.FRAME_PC % 4)))
        return false;
    bool right = check_equal(frame.FRAME_PC - before.FRAME_PC, 4, "  the pc moves on behind it");
    if (rd)
        right &= check_equal(frame.x[rd], rs1 ? 64 - rs1 : 0, "  x%u has the number of one bits", rd);
    frame.FRAME_PC = before.FRAME_PC;
    if (rd)
        frame.x[rd] = before.x[rd];
    return right & check(memcmp(&frame, &before, sizeof(frame)) == 0, "  all other registers are as they were");
}

static void refuses(uint32_t instruction, word_t cause, const char *what)
{
    struct trap_frame frame = frame_make(instruction, 0), before;

    frame.cause = cause;
    before = frame;
    check(!emulate(&frame) && memcmp(&frame, &before, sizeof(frame)) == 0, "%s is left to others, untouched", what);
}

static word_t popcount(word_t value)
{
    __asm__ volatile(".insn r CUSTOM_0, 0, 0, %0, %0, x0" : "+r"(value));
    return value;
}

static word_t popcount_of_nothing(void)
{
    word_t result = 5;
    __asm__ volatile(".insn r CUSTOM_0, 0, 0, %0, x0, x0" : "+r"(result));
    return result;
}

static word_t popcount_into_nothing(word_t value)
{
    __asm__ volatile(".insn r CUSTOM_0, 0, 0, x0, %0, x0" : : "r"(value));
    return value;
}

static void for_real(void)
{
    volatile double half = 1;

    exception_handle(emulate);
    word_t wrong = 0, seed = 1, begin = instructions_now();
    for (int i = 0; i < PASSES; i++) {
        wrong += popcount(seed) != (word_t)__builtin_popcountl(seed);
        seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    }
    word_t spent = instructions_now() - begin;
    check_equal(wrong, 0, "the instruction itself, %d times: wrong results", PASSES);
    check_equal(popcount_of_nothing(), 0, "the one bits of x0");
    check_equal(popcount_into_nothing(77), 77, "what stands in the register when the result goes to x0");
    half = half / 2;
    check(half == 0.5, "floating point, whose first use is an illegal instruction, too");
    char *memory = malloc(100000);
    check(memory && ((char *)memset(memory, 1, 100000))[99999] == 1, "memory that appears when it is touched");
    check_note("one takes %lu instructions, with all that surrounds it", (unsigned long)(spent / PASSES));
}

int main(void)
{
    bool right = emulates(A0, A0, 0);

    right &= emulates(A0, 31, 1) & emulates(5, 18, 2) & emulates(2, 7, 0) & emulates(9, 0, 1) & emulates(0, A0, 0);
    refuses(POPCOUNT(A0, A0) | 1 << 12, CAUSE_ILLEGAL, "custom-0 with another function");
    refuses(POPCOUNT(A0, A0) | 1 << 20, CAUSE_ILLEGAL, "custom-0 with a second source");
    refuses(POPCOUNT(A0, A0) | 1u << 25, CAUSE_ILLEGAL, "custom-0 with other bits on top");
    refuses(0xc0001073, CAUSE_ILLEGAL, "another illegal instruction");
    refuses(POPCOUNT(A0, A0), CAUSE_LOAD_PAGE, "another exception");
    if (right) // else the instruction would end this program
        for_real();
    return check_end();
}
