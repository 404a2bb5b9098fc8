// SPDX-License-Identifier: BSD-2-Clause
// Ticks and nanoseconds; see clock.h.
#include <libos/sys/clock.h>

word_t clock_factor;
static word_t ticks_factor; // ticks of a nanosecond, << 64

void clock_start(void)
{
    word_t hz = machine()->timebase_hz;

    clock_factor = (word_t)(((unsigned __int128)1000000000 << 48) / hz);
    ticks_factor = (word_t)(((unsigned __int128)hz << 64) / 1000000000);
}

word_t clock_ticks(uint64_t ns)
{
    word_t ticks = (word_t)(((unsigned __int128)ns * ticks_factor) >> 64);

    while (clock_ns(ticks) < ns)
        ticks++;
    return ticks;
}
