// SPDX-License-Identifier: BSD-2-Clause
/*
 * Virtual time, for policies that share in proportion: a task's advances by the time that it ran, divided by its
 * weight. A unit is 2^-16 nanoseconds of a task of weight 1, so a task of weight 1,000 that ran for a microsecond is
 * charged 65,536 units, and what rounding forgets in a turn is less than weight / 65,536 nanoseconds. 64 bits last for
 * 78 hours of weight 1 running alone, and longer for anything else. Weights are 1 ... SCHED_WEIGHT_MAX: then time times
 * weight does not overflow.
 */
#ifndef LIBOS_SCHED_VIRTUAL_H
#define LIBOS_SCHED_VIRTUAL_H

#include <stdint.h>

#define SCHED_VIRTUAL_SHIFT 16
#define SCHED_WEIGHT_MAX    (1u << 20)

// So much virtual time is so much time of a task of this weight.
static inline uint64_t sched_virtual(uint64_t time, uint32_t weight)
{
    return (time << SCHED_VIRTUAL_SHIFT) / weight;
}

// The other way round, rounded up: who runs that long has reached it.
static inline uint64_t sched_virtual_time(uint64_t virtual, uint32_t weight)
{
    return (virtual * weight + (1ul << SCHED_VIRTUAL_SHIFT) - 1) >> SCHED_VIRTUAL_SHIFT;
}

// The weighted mean of the virtual times of several tasks, exactly: the sum of weight * (virtual time - value) is
// `rest`, which is less than `weight`. So a virtual time is at most the mean when it is at most `value`, and only then.
struct sched_mean {
    uint64_t value, weight;
    int64_t rest;
};

// That sum changes by so much, because a task's virtual time did, or `weight`, because a task came or went.
static inline void sched_mean_move(struct sched_mean *mean, int64_t change)
{
    int64_t weight = (int64_t)mean->weight, units;

    mean->rest += change;
    if (weight == 0) {
        mean->rest = 0;
        return;
    }
    units = mean->rest / weight - (mean->rest % weight < 0); // rounded down
    mean->value += (uint64_t)units;
    mean->rest -= units * weight;
}

// One of this weight comes, which is to be behind the mean by `lag` then; returns its virtual time. The mean moves
// towards whoever comes, so it is placed so much further off. Where nobody is, nobody owes it anything.
static inline uint64_t sched_mean_join(struct sched_mean *mean, uint32_t weight, int64_t lag)
{
    lag = mean->weight ? lag + lag * (int64_t)weight / (int64_t)mean->weight : 0;
    uint64_t virtual = mean->value - (uint64_t)lag;
    mean->weight += weight;
    sched_mean_move(mean, -lag * (int64_t)weight);
    return virtual;
}

// One of this weight goes, which is behind the mean by `lag`.
static inline void sched_mean_part(struct sched_mean *mean, uint32_t weight, int64_t lag)
{
    mean->weight -= weight;
    sched_mean_move(mean, lag * (int64_t)weight);
}

#endif
