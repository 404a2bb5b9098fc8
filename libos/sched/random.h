// SPDX-License-Identifier: BSD-2-Clause
/*
 * Numbers that look random, for policies that draw lots: a seed gives the same ones on every machine. SplitMix64
 * (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014): a few instructions, a period of
 * 2^64, any seed is a good one. Nothing for secrets.
 */
#ifndef LIBOS_SCHED_RANDOM_H
#define LIBOS_SCHED_RANDOM_H

#include <stdint.h>

struct sched_random {
    uint64_t state; // the seed, at first
};

static inline uint64_t sched_random_next(struct sched_random *random)
{
    uint64_t word = random->state += 0x9e3779b97f4a7c15ul;

    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9ul;
    word = (word ^ word >> 27) * 0x94d049bb133111ebul;
    return word ^ word >> 31;
}

// One of 0 ... end - 1, each as likely as another up to end in 2^64; end is 1 or more.
static inline uint64_t sched_random_below(struct sched_random *random, uint64_t end)
{
    return (uint64_t)((unsigned __int128)sched_random_next(random) * end >> 64);
}

#endif
