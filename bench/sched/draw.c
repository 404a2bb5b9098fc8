// SPDX-License-Identifier: BSD-2-Clause
// Random lengths; see draw.h.
#include <bench/sched/draw.h>
#include <libos/sched/random.h>

#define LN2   2977044472ul // Q32
#define LOG2E 6196328019ul

uint64_t draw_log2(uint64_t number)
{
    unsigned shift = (unsigned)__builtin_clzl(number);
    uint64_t result = 63 - shift, mantissa = number << shift; // mantissa: from 1 to 2, times 2^63

    for (int bit = 0; bit < 32; bit++) {
        unsigned __int128 square = (unsigned __int128)mantissa * mantissa >> 63;
        unsigned one = (unsigned)(square >> 64);
        result = result << 1 | one;
        mantissa = (uint64_t)(square >> one);
    }
    return result;
}

// 2^(2^-1), 2^(2^-2), ... times 2^63
static const uint64_t roots[32] = {
    0xb504f333f9de6484ul, 0x9837f0518db8a96ful, 0x8b95c1e3ea8bd6e6ul, 0x85aac367cc487b14ul,
    0x82cd8698ac2ba1d7ul, 0x8164d1f3bc030773ul, 0x80b1ed4fd999ab6cul, 0x8058d7d2d5e5f6b0ul,
    0x802c6436d0e04f50ul, 0x8016302f17467628ul, 0x800b179c82028fd0ul, 0x80058baf7fee3b5dul,
    0x8002c5d00fdcfcb6ul, 0x800162e61bed4a48ul, 0x8000b17292f702a3ul, 0x800058b92abbae02ul,
    0x80002c5c8dade4d7ul, 0x8000162e44eaf636ul, 0x80000b1721fa7c18ul, 0x8000058b90de7e4cul,
    0x800002c5c8678f36ul, 0x80000162e431db9ful, 0x800000b1721872d0ul, 0x80000058b90c1aa8ul,
    0x8000002c5c8605a4ul, 0x800000162e4300e6ul, 0x8000000b17217ff8ul, 0x800000058b90bfddul,
    0x80000002c5c85fe6ul, 0x8000000162e42ff1ul, 0x80000000b17217f8ul, 0x8000000058b90bfcul,
};

uint64_t draw_exp2(int64_t power)
{
    int64_t whole = power >> 32;
    uint32_t rest = (uint32_t)power;
    uint64_t result = 1ul << 63;

    for (int bit = 0; bit < 32; bit++)
        if (rest >> (31 - bit) & 1)
            result = (uint64_t)((unsigned __int128)result * roots[bit] >> 63);
    whole = 31 - whole; // from 2^63 to Q32
    return whole < 0 ? ~0ul : whole > 63 ? 0 : result >> whole;
}

uint64_t draw_uniform(struct sched_random *random, uint64_t least, uint64_t most)
{
    return least + sched_random_below(random, most - least + 1);
}

uint64_t draw_loguniform(struct sched_random *random, uint64_t least, uint64_t most)
{
    uint64_t range = draw_log2(most) - draw_log2(least);
    return draw_times(least, draw_exp2((int64_t)sched_random_below(random, range + 1)));
}

uint64_t draw_exponential(struct sched_random *random, uint64_t mean)
{
    uint64_t number = sched_random_next(random) | 1;
    return draw_times(mean, draw_times(64 * Q32 - draw_log2(number), LN2));
}

uint64_t draw_lognormal(struct sched_random *random, uint64_t median, uint32_t sigma)
{
    int64_t normal = -6 * (int64_t)Q32;

    for (int i = 0; i < 12; i++)
        normal += (int64_t)(sched_random_next(random) >> 32);
    __int128 power = (__int128)normal * sigma * (int64_t)LOG2E / 1000;
    return draw_times(median, draw_exp2((int64_t)(power >> 32)));
}

uint64_t mean_loguniform(uint64_t least, uint64_t most)
{
    uint64_t factor = draw_times(draw_log2(most) - draw_log2(least), LN2); // ln(most / least)

    if (factor == 0)
        return least;
    return (uint64_t)(((unsigned __int128)(most - least) << 32) / factor);
}

uint64_t mean_lognormal(uint64_t median, uint32_t sigma)
{
    uint64_t half = (uint64_t)sigma * sigma * (Q32 / 1000) / 2000;
    return draw_times(median, draw_exp2((int64_t)draw_times(half, LOG2E)));
}
