# SPDX-License-Identifier: BSD-2-Clause
"""--compare A,B: for each workload, load and figure the difference B - A, seed by seed, with its 95% interval.

Pairs share a seed, so they had the same jobs: what is left between them is the policy. An interval without 0 in it is
a difference that is shown; the others may be chance.
"""

from dataclasses import dataclass
from html import escape

import metrics
import stats
from summary import value_text
from svg import Linear, Svg
from table import aligned, title_of

# In the terminal's table beside what a workload is judged by; the report has all.
SHOWN = ("latency_p50", "latency_p99", "share_max", "miss_ratio", "response_p50", "slowdown_p50", "slowdown_p99",
         "throughput", "switches", "idle")
CLIP = 100  # of the plot, in per cent


@dataclass
class Difference:
    workload: str
    load: str
    metric: metrics.Metric
    first: float  # means
    second: float
    middle: float
    half: float  # None: one pair
    pairs: int

    @property
    def shown(self):
        return self.half is not None and abs(self.middle) > self.half

    def verdict(self, labels):
        if self.middle == 0 and not self.half:
            return "equal"
        if not self.shown:
            return "not shown"
        if self.metric.better == metrics.NEITHER:
            return "more" if self.middle > 0 else "less"
        return f"{labels[1 if self.middle * self.metric.better > 0 else 0]} is better"


def differences(summary, labels):
    found = []
    for workload in summary.workloads:
        judge = summary.judges[workload.name]
        order = [judge] + [metric for metric in metrics.METRICS if metric is not judge]
        for load in summary.loads(workload.name):
            for metric in order:
                one = difference(summary, workload.name, load, metric, labels)
                if one:
                    found.append(one)
    return found


def difference(summary, workload, load, metric, labels):
    first, second = (summary.by_seed(workload, load, label, metric.name) for label in labels)
    result = stats.paired(first, second)
    if not result:
        return None
    seeds = set(first) & set(second)
    means = [stats.mean([values[seed] for seed in seeds]) for values in (first, second)]
    return Difference(workload, load, metric, *means, *result)


def signed(metric, value):
    return f"{'+' if value >= 0 else '-'}{value_text(metric, abs(value))}"


def row_of(one, labels):
    half = f"± {value_text(one.metric, one.half)}" if one.half is not None else "-"
    return [one.load, title_of(one.metric), value_text(one.metric, one.first), value_text(one.metric, one.second),
            signed(one.metric, one.middle), half, str(one.pairs), one.verdict(labels)]


def head_of(labels):
    return ["load", "figure", *labels, "difference", "95%", "pairs", ""]


def print_all(summary, labels):
    """A table per workload."""
    found = differences(summary, labels)
    for workload in summary.workloads:
        judge = summary.judges[workload.name]
        rows = [row_of(one, labels) for one in found
                if one.workload == workload.name and (one.metric is judge or one.metric.name in SHOWN)]
        if rows:
            print(f"{workload.name}: {labels[1]} beside {labels[0]}, pairs of runs with the same seed")
            print("\n".join(aligned([head_of(labels), *rows])), end="\n\n")


def csv_rows(summary, labels):
    return [[one.workload, one.load, one.metric.name, one.first, one.second, one.middle, one.half, one.pairs]
            for one in differences(summary, labels)]


CSV_HEAD = ("workload", "load", "figure", "first", "second", "difference", "half_width_95", "pairs")


# For the report


def relative(one):
    """(difference, half width) in per cent of the first policy's mean; None where that is 0."""
    if not one.first or one.half is None:
        return None
    return 100 * one.middle / abs(one.first), 100 * one.half / abs(one.first)


def forest(summary, labels, found):
    """A row per workload and load: the difference in what the workload is judged by, with its interval."""
    rows = [(one, relative(one)) for one in found if one.metric is summary.judges[one.workload]]
    rows = [(one, part) for one, part in rows if part]
    if not rows:
        return ""
    reach = min(CLIP, max(5, *(abs(middle) + half for _, (middle, half) in rows)) * 1.05)
    left, width, top, step = 270, 860, 40, 18
    bottom = top + step * len(rows)
    svg = Svg(width, bottom + 26, f"differences of {labels[1]} from {labels[0]}")
    scale = Linear(-reach, reach, left, width - 20)
    svg.words(4, 14, f"{labels[1]} - {labels[0]}, in per cent of {labels[0]}; filled: an interval without 0", "caption")
    for tick in scale.ticks(8):
        svg.line(scale(tick), top, scale(tick), bottom, "guide" if tick == 0 else "grid")
        svg.words(scale(tick), bottom + 16, f"{tick:+g}%", "tick", "middle")
    for number, (one, (middle, half)) in enumerate(rows):
        forest_row(svg, scale, top + step * (number + 0.5), one, middle, half, reach)
    return svg.text()


def forest_row(svg, scale, y, one, middle, half, reach):
    clipped = [max(-reach, min(reach, value)) for value in (middle - half, middle, middle + half)]
    better = one.middle * one.metric.better > 0
    colour = "#6b6b6b" if not one.shown or one.metric.better == metrics.NEITHER else "#0072b2" if better else "#d55e00"
    svg.words(scale.start - 10, y + 4, f"{one.workload} {one.load}: {one.metric.title}", "label", "end")
    svg.line(scale(clipped[0]), y, scale(clipped[2]), y, "curve", stroke=colour)
    svg.circle(scale(clipped[1]), y, 4, "", f"{middle:+.1f}% ± {half:.1f}", stroke=colour,
               fill=colour if one.shown else "#ffffff")


def section(summary, labels):
    """The report's part about the two."""
    found = differences(summary, labels)
    first, second = map(escape, labels)
    head = "".join(f"<th>{escape(word)}</th>" for word in ["workload", *head_of(labels)])
    rows = "".join(f"<tr><td>{escape(one.workload)}</td>" + "".join(f"<td>{escape(cell)}</td>" for cell in row_of(one, labels))
                   + "</tr>" for one in found)
    return (f'<h2 id="compare">{second} beside {first}</h2><p>Differences are {second} less {first}, seed by seed: both runs of a '
            "pair had the same jobs. The intervals are 95% intervals of the mean difference by Student's t distribution. With "
            "so many rows one in twenty that has no difference may still show one.</p>"
            f"{forest(summary, labels, found)}<details><summary>All figures</summary>"
            f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>')
