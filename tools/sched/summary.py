# SPDX-License-Identifier: BSD-2-Clause
"""The results of a comparison by workload, load and policy: means over seeds, and what each workload is judged by."""

import json
import math

import metrics
import stats
from catalogue import suits


class Summary:
    """results: what runs.job_do returned, of all runs that succeeded. variants: policies in the order shown, the
    baseline first."""

    def __init__(self, results, variants, workloads):
        self.results = results
        self.labels = [variant.label for variant in variants]
        self.cells = {}
        for result in sorted(results, key=lambda one: one["seed"]):
            self.cells.setdefault((result["workload"], result["load"], result["policy"]), []).append(result)
        self.workloads = [one for one in workloads if any(key[0] == one.name for key in self.cells)]
        self.judges = {one.name: self._judge(one) for one in self.workloads}

    def loads(self, workload):
        return sorted({key[1] for key in self.cells if key[0] == workload}, key=float)

    def load_shown(self, workload):
        """The load of tables and of plots that show one: the middle one."""
        loads = self.loads(workload)
        return loads[len(loads) // 2]

    def policies(self, workload):
        return [label for label in self.labels if any(key[0] == workload and key[2] == label for key in self.cells)]

    def runs(self, workload, load, policy):
        return self.cells.get((workload, load, policy), [])

    def value(self, workload, load, policy, name):
        """(mean over the seeds, half width of its interval or None); None where most seeds have no value."""
        runs = self.runs(workload, load, policy)
        values = [run["metrics"][name] for run in runs if run["metrics"][name] is not None]
        if not values or 2 * len(values) < len(runs):
            return None
        return stats.interval(values)

    def mean(self, workload, load, policy, name):
        value = self.value(workload, load, policy, name)
        return value[0] if value else None

    def by_seed(self, workload, load, policy, name):
        return {run["seed"]: run["metrics"][name] for run in self.runs(workload, load, policy)
                if run["metrics"][name] is not None}

    def _candidates(self, workload):
        words = workload.metrics or (["misses"] if self._has(workload, "miss_ratio") else ["wakeup", "share"])
        return [name for word in words for name in metrics.WORDS.get(word, ())]

    def _has(self, workload, name):
        return any(key[0] == workload.name and runs[0]["metrics"][name] is not None for key, runs in self.cells.items())

    def _judge(self, workload):
        """The metric that a workload is judged by: the first one of those that it names which the baseline has at every
        load, and most others do."""
        keys = [key for key in self.cells if key[0] == workload.name]
        known = {name: [key for key in keys if self.mean(*key, name) is not None] for name in self._candidates(workload)}
        for name, some in known.items():
            if 2 * len(some) > len(keys) and all(key in some for key in keys if key[2] == self.labels[0]):
                return metrics.BY_NAME[name]
        return metrics.BY_NAME[max(known, key=lambda name: len(known[name]), default="idle")]

    def ratio(self, workload, load, policy, name):
        """What a policy's figure is beside the baseline's: (text, log2 of how much better, or None)."""
        mine, base = self.mean(workload, load, policy, name), self.mean(workload, load, self.labels[0], name)
        if mine is None or base is None:
            return "-", None
        return relative(metrics.BY_NAME[name], mine, base)


def relative(metric, mine, base):
    """Percentages and points are compared by their difference, everything else by its ratio."""
    sign = 1 if metric.better == metrics.HIGHER else -1
    if metric.unit in ("%", "points"):
        difference = mine - base
        if abs(difference) < 0.005:
            return "=", 0.0
        return f"{difference:+.{1 if abs(difference) >= 10 else 2}f}", sign * difference / 5
    if base == 0 or mine == 0:
        return ("=", 0.0) if mine == base else ("-", None)
    factor = mine / base
    return ("=", 0.0) if round(factor, 2) == 1 else (f"{factor_text(factor)}×", sign * math.log2(factor))


def factor_text(factor):
    """Two or three digits, or an order of magnitude."""
    if factor < 0.01:
        return "<0.01"
    if factor >= 1000:
        return f"{factor / 1000:.0f}k" if factor < 1e6 else ">1M"
    return f"{factor:.{0 if factor >= 100 else 1 if factor >= 10 else 2}f}"


# Numbers as people read them

STEPS = ((1e9, "s"), (1e6, "ms"), (1e3, "us"), (1, "ns"))


def three_digits(value):
    """Three digits that count, without an exponent."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(digits, 4)}f}"
    return text.rstrip("0").rstrip(".") if "." in text and abs(value) >= 100 else text


def value_text(metric, value):
    if value is None:
        return "-"
    if metric.unit == "ns":
        size, unit = next((step for step in STEPS if abs(value) >= step[0]), STEPS[-1])
        return f"{three_digits(value / size)} {unit}"
    if metric.unit in ("%", "points"):
        return f"{value:.2f}"
    if metric.name == "jain":
        return f"{value:.4f}"
    if metric.unit == "1/s" or metric.name in ("unfinished", "decision_cost"):
        return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
    return three_digits(value)


def shares_text(run):
    """What the classes got for each unit of the smallest one's time, as `3.00:2.00:1.00`; None for a single class."""
    times = [one["ran_ns"] for one in run["classes"].values()]
    if len(times) < 2 or len(times) > 5 or min(times) == 0:
        return None
    return ":".join(f"{time / min(times):.2f}" for time in times)


# What has to be equal


def arrivals_differ(results):
    """Runs of one workload, load and seed do the same jobs: the sentence about the first that don't, or None."""
    seen = {}
    for result in results:
        key = result["workload"], result["load"], result["seed"]
        for task, marks in result["arrivals"].items():
            for number, digest in marks.items():
                other = seen.setdefault((*key, task, number), (digest, result["policy"]))
                if other[0] != digest:
                    return (f"{key[0]} at load {key[1]}, seed {key[2]}: task {task} didn't get the same jobs under "
                            f"{result['policy']} as under {other[1]}.")
    return None


def jobs_of(options, catalogue, variants, workloads, job):
    """All runs of a comparison, and the pairs that it leaves out because they don't suit."""
    jobs, unsuited = [], []
    for workload in workloads:
        for variant in variants:
            both_named = options.workload and (options.policy or options.compare)
            policy = catalogue.policy_of(variant)
            if not (both_named or variant == variants[0] or suits(policy, workload)):
                unsuited.append((variant.label, workload.name))
                continue
            for load in loads_of(options, workload):
                for seed in range(options.seed, options.seed + options.seeds):
                    jobs.append(job(variant, workload, load, seed, duration_of(options, workload)))
    return jobs, unsuited


QUICK_PART = 4


def duration_of(options, workload):
    return workload.duration // QUICK_PART if options.quick else workload.duration


def loads_of(options, workload):
    loads = options.load or [f"{float(load):g}" for load in workload.loads] or ["1"]
    return [loads[len(loads) // 2]] if options.quick and not options.load else loads


def json_text(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=False)
