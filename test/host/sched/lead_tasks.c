// SPDX-License-Identifier: BSD-2-Clause
// Tasks, chance and readings for tests of policies; see lead.h.
#include "lead.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

struct lead_task lead_ready(uint32_t weight)
{
    return (struct lead_task){.kind = LEAD_READY, .task = {.weight = weight}};
}

struct lead_task lead_periodic(uint64_t period, uint64_t work)
{
    return (struct lead_task){.kind = LEAD_PERIODIC, .work = work,
                              .task = {.period = period, .deadline = period, .budget = work}};
}

struct lead_task lead_sleeper(uint64_t work, uint64_t rest)
{
    return (struct lead_task){.kind = LEAD_SLEEPER, .work = work, .rest = rest};
}

struct lead_task lead_random(uint64_t work, uint64_t work_most, uint64_t rest)
{
    return (struct lead_task){.kind = LEAD_RANDOM, .work = work, .work_most = work_most, .rest = rest};
}

uint64_t lead_parameter(const struct sched_ops *ops, const char *name, uint64_t value)
{
    const struct sched_parameter *one = ops->parameters;

    while (one->name && strcmp(one->name, name)) one++;
    if (!one->name || value < one->least || value > one->most)
        fail_msg("lead: %s has no parameter %s, or not with that value", ops->name, name);
    uint64_t old = *one->value;
    *one->value = value;
    return old;
}

uint64_t lead_ran_between(const struct lead *lead, uint32_t task, uint64_t from, uint64_t to)
{
    uint64_t ran = 0;

    for (size_t i = 0; i < lead->spans_count; i++) {
        const struct lead_span *span = &lead->spans[i];
        uint64_t begin = span->from > from ? span->from : from, end = span->to < to ? span->to : to;
        if (span->task == task && begin < end) ran += end - begin;
    }
    return ran;
}

uint64_t lead_chance(uint64_t *state) // splitmix64
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ul;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ul;
    z = (z ^ z >> 27) * 0x94d049bb133111ebul;
    return z ^ z >> 31;
}

uint64_t lead_between(uint64_t *state, uint64_t least, uint64_t most)
{
    return least + lead_chance(state) % (most - least + 1);
}

void lead_uunifast(uint64_t *state, double all, size_t count, double *out)
{
    for (size_t i = 0; i + 1 < count; i++) {
        double chance = (double)(lead_chance(state) >> 11) / (double)(1ul << 53);
        double rest = all * pow(chance, 1.0 / (double)(count - 1 - i));
        out[i] = all - rest;
        all = rest;
    }
    out[count - 1] = all;
}

uint64_t lead_seed(const char *test)
{
    const char *said = getenv("SEED");
    uint64_t seed = said ? strtoul(said, NULL, 0) : 1;

    printf("%s: SEED=%lu and the following\n", test, (unsigned long)seed);
    return seed;
}
