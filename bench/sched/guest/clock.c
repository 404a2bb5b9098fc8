// SPDX-License-Identifier: BSD-2-Clause
/*
 * Time of a run, and how a task passes it. With counted instructions one instruction is a nanosecond, and the counter
 * goes on where the machine waits: it is the time, finer than the timer's ticks. Elsewhere the loop is measured against
 * the timer.
 */
#include "guest.h"

#define SAMPLES     1000
#define LOOP        100000ul // instructions to measure the loop with
#define RATE_SHIFT  16
#define BLOCK       256      // instructions of a round of the loop: few and long rounds are what QEMU is fast at
#define NS          1000000000ul

static bool counted;
static uint64_t tick_ns, rate = 1ul << RATE_SHIFT; // instructions of a nanosecond, << RATE_SHIFT
static uint64_t lag;                               // of the counter behind the ticks' nanoseconds, modulo 2^64
static word_t base_tick;

static inline uint64_t instructions_now(void)
{
    uint64_t now;
    __asm__ volatile("rdinstret %0" : "=r"(now));
    return now;
}

// So many instructions, up to one.
static void instructions_pass(uint64_t count)
{
    uint64_t blocks = count / BLOCK, rest = count % BLOCK / 2;

    if (blocks)
        __asm__ volatile("1: .rept %1\n nop\n .endr\n addi %0, %0, -1\n bnez %0, 1b" : "+r"(blocks) : "i"(BLOCK - 2));
    if (rest)
        __asm__ volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(rest));
}

// How long the loop takes at best, in ticks.
static word_t loop_ticks(void)
{
    word_t least = ~0ul;

    for (int i = 0; i < 16; i++) {
        word_t begin = time_now();
        instructions_pass(LOOP);
        word_t took = time_now() - begin;
        least = took < least ? took : least;
    }
    return least;
}

void clock_calibrate(void)
{
    tick_ns = NS / machine()->timebase_hz;
    uint64_t before = instructions_now();
    word_t ticks = loop_ticks();
    uint64_t passed = instructions_now() - before;

    counted = ticks * tick_ns + tick_ns >= LOOP && ticks * tick_ns <= LOOP + tick_ns + 64 && passed < 2 * 16 * LOOP;
    if (!counted)
        rate = (LOOP << RATE_SHIFT) / (tick_ns * (ticks ? ticks : 1));
    lag = ~0ul;
    for (int i = 0; i < SAMPLES; i++) {
        word_t tick = time_now(); // in this order: an interrupt in between makes it more, and the least counts
        uint64_t behind = instructions_now() - tick * tick_ns;
        if ((int64_t)(behind - lag) < 0 || i == 0)
            lag = behind;
    }
}

void clock_begin(word_t tick)
{
    base_tick = tick;
}

bool clock_is_counted(void)
{
    return counted;
}

uint64_t clock_base(void)
{
    return base_tick * tick_ns;
}

uint64_t clock_ns(void)
{
    uint64_t now = counted ? instructions_now() - lag : time_now() * tick_ns;

    return now > clock_base() ? now - clock_base() : 0;
}

word_t clock_tick(uint64_t ns)
{
    return base_tick + (ns + tick_ns - 1) / tick_ns;
}

void compute(uint64_t ns)
{
    instructions_pass((uint64_t)((unsigned __int128)ns * rate >> RATE_SHIFT));
}
