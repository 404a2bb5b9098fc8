// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random lengths of time, and the little arithmetic that they need, in fixed point: the guest and the host draw the same numbers
 * to the bit. Q32 is a number times 2^32.
 */
#ifndef BENCH_SCHED_DRAW_H
#define BENCH_SCHED_DRAW_H

#include <stdint.h>

#define Q32 (1ul << 32)

struct sched_random;

// log2 of a whole number from 1 on, and 2 to the power of a number below 32, in Q32. Errors are below 2^-30 of the result.
uint64_t draw_log2(uint64_t number);
uint64_t draw_exp2(int64_t power);

static inline uint64_t draw_times(uint64_t number, uint64_t q32)
{
    unsigned __int128 product = (unsigned __int128)number * q32 >> 32;
    return product >> 62 ? 1ul << 62 : (uint64_t)product;
}

// Between the two, both included.
uint64_t draw_uniform(struct sched_random *random, uint64_t least, uint64_t most);
// Between the two (least is 1 or more), each factor as likely.
uint64_t draw_loguniform(struct sched_random *random, uint64_t least, uint64_t most);
uint64_t draw_exponential(struct sched_random *random, uint64_t mean);
// With this median; sigma in thousandths. The normal number in it is a sum of twelve uniform ones: none is beyond six sigma.
uint64_t draw_lognormal(struct sched_random *random, uint64_t median, uint32_t sigma);

// Their means.
uint64_t mean_loguniform(uint64_t least, uint64_t most);
uint64_t mean_lognormal(uint64_t median, uint32_t sigma);

#endif
