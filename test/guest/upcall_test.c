// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exceptions arrive in the program's own handler, which changes what it likes and goes on; every
 * register survives them, and ends of slices in the middle of them. The program spends most of its time
 * in the upcall code while slices end, so they hit each of its stretches.
 */
#include "guest.h"

#define STORM_SECONDS 3

static volatile word_t breakpoints;

// Steps over the breakpoint and adds one to a0.
static bool on_exception(struct trap_frame *frame)
{
    if (frame->cause != 3)
        return false;
    breakpoints++;
    frame->FRAME_PC += 4;
    frame->FRAME_A0 += 1;
    return true;
}

/*
 * Fills every register that a program may use with its number times `seed`, stops at a breakpoint, and
 * tells how many did not come back as they were. a0 comes back one higher.
 */
word_t registers_check(word_t seed);
__asm__(
    ".text\n"
    "registers_check:\n"
    "    addi sp, sp, -112\n"
    "    sd ra, 0(sp); sd s0, 8(sp); sd s1, 16(sp); sd s2, 24(sp); sd s3, 32(sp); sd s4, 40(sp)\n"
    "    sd s5, 48(sp); sd s6, 56(sp); sd s7, 64(sp); sd s8, 72(sp); sd s9, 80(sp); sd s10, 88(sp)\n"
    "    sd s11, 96(sp); sd a0, 104(sp)\n"
    "    mv ra, a0\n" // ra = 1 * seed; each next one adds it
    "    slli t0, ra, 2; add t0, t0, ra; add t1, t0, ra; add t2, t1, ra; add s0, t2, ra; add s1, s0, ra\n"
    "    add a0, s1, ra; add a1, a0, ra; add a2, a1, ra; add a3, a2, ra; add a4, a3, ra; add a5, a4, ra\n"
    "    add a6, a5, ra; add a7, a6, ra; add s2, a7, ra; add s3, s2, ra; add s4, s3, ra; add s5, s4, ra\n"
    "    add s6, s5, ra; add s7, s6, ra; add s8, s7, ra; add s9, s8, ra; add s10, s9, ra; add s11, s10, ra\n"
    "    add t3, s11, ra; add t4, t3, ra; add t5, t4, ra; add t6, t5, ra\n"
    "    .option push; .option norvc; ebreak; .option pop\n"
    "    addi a0, a0, -1\n"
    "    addi sp, sp, -8; sd t6, 0(sp)\n" // backwards: each one less the one before is the seed
    "    sub t6, t6, t5; sub t5, t5, t4; sub t4, t4, t3; sub t3, t3, s11; sub s11, s11, s10\n"
    "    sub s10, s10, s9; sub s9, s9, s8; sub s8, s8, s7; sub s7, s7, s6; sub s6, s6, s5; sub s5, s5, s4\n"
    "    sub s4, s4, s3; sub s3, s3, s2; sub s2, s2, a7; sub a7, a7, a6; sub a6, a6, a5; sub a5, a5, a4\n"
    "    sub a4, a4, a3; sub a3, a3, a2; sub a2, a2, a1; sub a1, a1, a0; sub a0, a0, s1; sub s1, s1, s0\n"
    "    sub s0, s0, t2; sub t2, t2, t1; sub t1, t1, t0\n"
    "    xor t6, t6, ra; xor t5, t5, ra; xor t4, t4, ra; xor t3, t3, ra; xor s11, s11, ra\n"
    "    xor s10, s10, ra; xor s9, s9, ra; xor s8, s8, ra; xor s7, s7, ra; xor s6, s6, ra; xor s5, s5, ra\n"
    "    xor s4, s4, ra; xor s3, s3, ra; xor s2, s2, ra; xor a7, a7, ra; xor a6, a6, ra; xor a5, a5, ra\n"
    "    xor a4, a4, ra; xor a3, a3, ra; xor a2, a2, ra; xor a1, a1, ra; xor a0, a0, ra; xor s1, s1, ra\n"
    "    xor s0, s0, ra; xor t2, t2, ra; xor t1, t1, ra\n"
    "    or a0, a0, t6; or a0, a0, t5; or a0, a0, t4; or a0, a0, t3; or a0, a0, s11; or a0, a0, s10\n"
    "    or a0, a0, s9; or a0, a0, s8; or a0, a0, s7; or a0, a0, s6; or a0, a0, s5; or a0, a0, s4\n"
    "    or a0, a0, s3; or a0, a0, s2; or a0, a0, a7; or a0, a0, a6; or a0, a0, a5; or a0, a0, a4\n"
    "    or a0, a0, a3; or a0, a0, a2; or a0, a0, a1; or a0, a0, s1; or a0, a0, s0; or a0, a0, t2\n"
    "    or a0, a0, t1\n"
    "    ld t6, 0(sp); addi sp, sp, 8\n" // t6 was 31 * seed, which checks the sum of all steps
    "    slli t5, ra, 5; sub t5, t5, ra; xor t6, t6, t5; or a0, a0, t6\n"
    "    ld t5, 104(sp); xor ra, ra, t5; or a0, a0, ra\n" // ra itself
    "    ld ra, 0(sp); ld s0, 8(sp); ld s1, 16(sp); ld s2, 24(sp); ld s3, 32(sp); ld s4, 40(sp)\n"
    "    ld s5, 48(sp); ld s6, 56(sp); ld s7, 64(sp); ld s8, 72(sp); ld s9, 80(sp); ld s10, 88(sp)\n"
    "    ld s11, 96(sp)\n"
    "    addi sp, sp, 112\n"
    "    ret\n");

static volatile word_t slice_ends;

static word_t other_thread(word_t until)
{
    while (time_now() < until) {
        slice_ends++;
        if (registers_check(0x123456789) != 0)
            return 1;
    }
    return 0;
}

int main(void)
{
    exception_handle(on_exception);
    CHECK_EQUAL(registers_check(3), 0);
    CHECK_EQUAL(breakpoints, 1);

    word_t wrong = 0, rounds = 0, until = time_now() + time_from_us(STORM_SECONDS * 1000000);
    for (; time_now() < until && !wrong; rounds++)
        wrong = registers_check(0x7654321 + rounds);
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(breakpoints, rounds + 1);

    // The same with a second thread, so that ends of slices switch in the middle.
    until = time_now() + time_from_us(STORM_SECONDS * 1000000);
    struct thread *other = thread_create(other_thread, until);
    for (; time_now() < until && !wrong; rounds++)
        wrong = registers_check(0x7654321 + rounds);
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(thread_join(other), 0);
    CHECK(slice_ends > 1000);

    // A page fault inside a handler, and a breakpoint inside of what a handler calls, nest.
    CHECK_EQUAL(registers_check(5), 0);
    printf("%ld breakpoints\n", (long)breakpoints);
    return guest_end();
}
