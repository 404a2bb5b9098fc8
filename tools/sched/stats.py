# SPDX-License-Identifier: BSD-2-Clause
"""Means and 95% intervals by Student's t distribution, of independent values (one per seed) and of paired ones."""

import math

# The 97.5% quantiles by degrees of freedom; between two of them, linear in 1 / degrees.
T_TABLE = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228,
           11: 2.201, 12: 2.179, 13: 2.160, 14: 2.145, 15: 2.131, 16: 2.120, 17: 2.110, 18: 2.101, 19: 2.093, 20: 2.086,
           21: 2.080, 22: 2.074, 23: 2.069, 24: 2.064, 25: 2.060, 26: 2.056, 27: 2.052, 28: 2.048, 29: 2.045, 30: 2.042,
           40: 2.021, 60: 2.000, 120: 1.980}
T_INFINITE = 1.960


def t_quantile(degrees):
    if degrees in T_TABLE:
        return T_TABLE[degrees]
    below = max(one for one in T_TABLE if one < degrees)
    above = min((one for one in T_TABLE if one > degrees), default=None)
    high, low = T_TABLE[below], T_TABLE[above] if above else T_INFINITE
    part = (1 / below - 1 / degrees) / (1 / below - (1 / above if above else 0))
    return high + (low - high) * part


def mean(values):
    return sum(values) / len(values)


def interval(values):
    """(mean, half the width of its 95% interval); the width is None of a single value."""
    middle, count = mean(values), len(values)
    if count < 2:
        return middle, None
    variance = sum((value - middle) ** 2 for value in values) / (count - 1)
    return middle, t_quantile(count - 1) * math.sqrt(variance / count)


def paired(first, second):
    """Of two policies' values by seed ({seed: value}): (mean difference second - first, half width, number of pairs);
    None where there is no pair."""
    seeds = sorted(set(first) & set(second))
    if not seeds:
        return None
    middle, half = interval([second[seed] - first[seed] for seed in seeds])
    return middle, half, len(seeds)
