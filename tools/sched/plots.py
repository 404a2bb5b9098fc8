# SPDX-License-Identifier: BSD-2-Clause
"""The plots of one workload: how a figure is distributed, how it grows with the load, who got what, and who ran when.

A policy has the same colour in all plots, the baseline is black. Task classes have colours of their own.
"""

import metrics
from summary import value_text
from svg import CHARACTER, Linear, Log, Svg, apart

BASE = "#111111"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c6d00", "#56b4e9", "#7b3fa0", "#e69f00", "#5a6f00", "#b2182b",
           "#2f7f8f", "#a0522d")
DASHES = ("", "5 2", "1.5 2")
CLASS_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#7b3fa0", "#8c6d00")
ROW = 18
WIDTH = 690  # two plots stand beside each other on a wide screen
HISTOGRAMS = (("latency", "wake-up latency", "latency_p50", "latency_p99"),
              ("response", "response time", "response_p50", "response_p99"),
              ("slowdown", "slowdown", "slowdown_p50", "slowdown_p99"))
SEGMENTS_SHOWN = 120  # of the timeline of the policy in the middle
HARTS_SHOWN = 4


def colour_of(summary, label):
    place = summary.labels.index(label)
    return BASE if place == 0 else COLOURS[(place - 1) % len(COLOURS)]


def dash_of(summary, label):
    place = summary.labels.index(label)
    return {} if place <= len(COLOURS) else {"stroke_dasharray": DASHES[(place - 1) // len(COLOURS) % len(DASHES)]}


def label_width(labels):
    return 12 + CHARACTER * max(map(len, labels))


def short(metric, value):
    """A tick's label: without zeros behind the point."""
    text = value_text(metric, value)
    word, _, unit = text.partition(" ")
    if "." in word:
        word = word.rstrip("0").rstrip(".")
    return f"{word} {unit}".strip()


# The distribution


def merged(runs, kind):
    bins = {}
    for run in runs:
        for where, count in run["histograms"][kind].items():
            bins[where] = bins.get(where, 0) + count
    return bins


def histogram_of(judge):
    """Which histogram says most about a workload that is judged by this metric."""
    return next((one for one in HISTOGRAMS if judge.name.startswith(one[0])), HISTOGRAMS[0])


def bin_edge(where, kind):
    return 2 ** (where / metrics.BINS_PER_OCTAVE) / (100 if kind == "slowdown" else 1)


def distribution(summary, workload):
    """A strip per policy, darker where more samples are, with its median, 99th percentile and maximum."""
    judge, load = summary.judges[workload.name], summary.load_shown(workload.name)
    for kind, title, p50, p99 in [histogram_of(judge), *HISTOGRAMS]:
        bins = {label: merged(summary.runs(workload.name, load, label), kind) for label in summary.policies(workload.name)}
        bins = {label: some for label, some in bins.items() if some}
        if bins:
            return strips(summary, workload, load, bins, kind, title, p50, p99)
    return None


def strips(summary, workload, load, bins, kind, title, p50, p99):
    metric = metrics.BY_NAME[p50]
    left, right, width, top = label_width(bins), 20, WIDTH, 26
    height = top + ROW * len(bins) + 30
    svg = Svg(width, height, f"{title} by policy")
    edges = [where for some in bins.values() for where in some]
    low, high = bin_edge(min(edges), kind), bin_edge(max(edges) + 1, kind)
    scale = Log(low, high, left, width - right)
    axis_bottom(svg, scale, metric, top, height - 30)
    svg.words(4, 14, f"{title} at load {load}: darker where more samples are; | median, ◆ 99th percentile", "caption")
    base = summary.labels[0]
    for row, (label, some) in enumerate(bins.items()):
        y = top + row * ROW
        strip(svg, scale, y, some, kind, colour_of(summary, label), metric)
        svg.words(left - 8, y + 13, label, "label base" if label == base else "label", "end")
        for name, draw in ((p50, median_draw), (p99, diamond_draw)):
            value = summary.mean(workload.name, load, label, name)
            if value:
                draw(svg, scale(value), y, f"{label}: {metrics.BY_NAME[name].title} {value_text(metric, value)}")
    for name in (p50, p99):
        value = summary.mean(workload.name, load, base, name)
        if value:
            svg.line(scale(value), top, scale(value), height - 30, "guide")
    return svg.text()


def strip(svg, scale, y, some, kind, colour, metric):
    most = max(some.values())
    for where, count in sorted(some.items()):
        x, end = scale(bin_edge(where, kind)), scale(bin_edge(where + 1, kind))
        title = f"{value_text(metric, bin_edge(where, kind))} to {value_text(metric, bin_edge(where + 1, kind))}: {count}"
        svg.rect(x, y + 3, max(end - x - 0.3, 0.8), ROW - 6, title=title, fill=colour,
                 fill_opacity=f"{0.12 + 0.7 * (count / most) ** 0.5:.2f}")


def median_draw(svg, x, y, title):
    svg.rect(x - 1.2, y + 1, 2.4, ROW - 2, "mark", title)


def diamond_draw(svg, x, y, title):
    middle = y + ROW / 2
    svg.path(f"M{x - 5:.1f} {middle}L{x:.1f} {middle - 5}L{x + 5:.1f} {middle}L{x:.1f} {middle + 5}Z", "mark", title)


def axis_bottom(svg, scale, metric, top, bottom):
    for tick in scale.ticks():
        svg.line(scale(tick), top, scale(tick), bottom, "grid")
        svg.words(scale(tick), bottom + 14, short(metric, tick), "tick", "middle")


# Against the load


def against_load(summary, workload):
    """A line per policy of what the workload is judged by, with 95% intervals where there are seeds enough."""
    name, metric = workload.name, summary.judges[workload.name]
    loads, policies = summary.loads(name), summary.policies(name)
    if len(loads) < 2:
        return None
    lines = {label: [(place, summary.value(name, load, label, metric.name)) for place, load in enumerate(loads)]
             for label in policies}
    lines = {label: [(place, value) for place, value in points if value] for label, points in lines.items()}
    lines = {label: points for label, points in lines.items() if points}
    if not lines:
        return None
    left, top, width = 64, 30, WIDTH
    height = max(300, 60 + 13 * len(lines))
    right, bottom = width - label_width(lines) - 60, height - 34
    across = Linear(0, len(loads) - 1, left, right)
    up = vertical(metric, [value[0] for points in lines.values() for _, value in points], bottom, top)
    svg = Svg(width, height, f"{metric.title} against load")
    svg.words(4, 14, f"{metric.title} against load" + (f" ({workload.load_text})" if workload.load_text else ""), "caption")
    for tick in up.ticks():
        svg.line(left, up(tick), right, up(tick), "grid")
        svg.words(left - 6, up(tick) + 4, short(metric, tick), "tick", "end")
    for place, load in enumerate(loads):
        svg.line(across(place), top, across(place), bottom, "grid")
        svg.words(across(place), bottom + 16, load, "tick", "middle")
    ends = apart([up(points[-1][1][0]) for points in lines.values()], 13, top, bottom)
    for (label, points), end in zip(lines.items(), ends):
        curve(svg, summary, label, points, across, up, end, right, metric)
    return svg.text()


def vertical(metric, values, bottom, top):
    positive = [value for value in values if value > 0]
    if metric.unit in ("ns", "x") and positive:
        return Log(min(positive) / 1.15, max(positive) * 1.15, bottom, top)
    return Linear(min(0, *values), max(*values, 1e-9) * 1.05, bottom, top)


def curve(svg, summary, label, points, across, up, end, right, metric):
    """The line, its intervals, and its name at the right."""
    colour, dash = colour_of(summary, label), dash_of(summary, label)
    thick = "curve base" if label == summary.labels[0] else "curve"
    svg.add(f'<g class="policy" data-policy="{label}">')
    svg.polyline([(across(place), up(value[0])) for place, value in points], thick, label, stroke=colour, **dash)
    for place, (middle, half) in points:
        if half:
            svg.line(across(place), up(middle - half), across(place), up(middle + half), "interval", stroke=colour)
        svg.circle(across(place), up(middle), 2.6, "", f"{label}: {value_text(metric, middle)}", fill=colour)
    last = points[-1]
    svg.polyline([(across(last[0]) + 4, up(last[1][0])), (right + 14, end)], "leader", stroke=colour)
    svg.words(right + 17, end + 4, f"{label} {short(metric, last[1][0])}", "label", fill=colour)
    svg.add("</g>")


# A sweep


def against_parameter(summary, workload, name, values):
    """What a workload is judged by, against the values of a parameter: [(number, label)] of variants of one policy."""
    judge, load = summary.judges[workload.name], summary.load_shown(workload.name)
    points = [(number, summary.value(workload.name, load, label, judge.name)) for number, label in values]
    points = [(number, value) for number, value in points if value]
    if len(points) < 2:
        return None
    left, top, width, height = 64, 30, 480, 240
    bottom, right = height - 40, width - 30
    numbers = [number for number, _ in points]
    across = Log(min(numbers), max(numbers), left, right) if min(numbers) > 0 else Linear(min(numbers), max(numbers), left, right)
    up = vertical(judge, [value[0] for _, value in points], bottom, top)
    svg = Svg(width, height, f"{judge.title} against {name}")
    svg.words(4, 14, f"{judge.title} at load {load} against {name}", "caption")
    for tick in up.ticks():
        svg.line(left, up(tick), right, up(tick), "grid")
        svg.words(left - 6, up(tick) + 4, short(judge, tick), "tick", "end")
    for number, label in values:
        svg.words(across(number), bottom + 16, label.rpartition("=")[2], "tick", "middle")
    svg.polyline([(across(number), up(value[0])) for number, value in points], "curve", stroke=COLOURS[0])
    for number, (middle, half) in points:
        if half:
            svg.line(across(number), up(middle - half), across(number), up(middle + half), "interval", stroke=COLOURS[0])
        svg.circle(across(number), up(middle), 3, "", value_text(judge, middle), fill=COLOURS[0])
    return svg.text()


# Shares over time


def class_colours(run):
    return {name: CLASS_COLOURS[place % len(CLASS_COLOURS)] for place, name in enumerate(run["classes"])}


def class_legend(run):
    keys = "".join(f'<span><i style="background:{colour}"></i>{name}</span>' for name, colour in class_colours(run).items())
    return f'<p class="legend">{keys}</p>'


def smoothed(values, reach=2):
    found = []
    for place in range(len(values)):
        near = values[max(0, place - reach) : place + reach + 1]
        found.append(sum(near) / len(near))
    return found


def shares(summary, workload):
    """A small plot per policy: each class' part of the machine over time, dashed what was fair over the whole run."""
    load = summary.load_shown(workload.name)
    runs = [(label, summary.runs(workload.name, load, label)[0]) for label in summary.policies(workload.name)
            if summary.runs(workload.name, load, label)]
    if not runs or len(runs[0][1]["classes"]) < 2:
        return None
    return "".join(share_plot(label, run, run["harts"]) for label, run in runs)


def share_plot(label, run, harts):
    width, height, left, top, bottom = 212, 118, 36, 20, 100
    svg = Svg(width, height, f"shares over time under {label}")
    across, up = Linear(0, metrics.WINDOWS - 1, left, width - 6), Linear(0, 1, bottom, top)
    svg.words(left, 13, label, "label")
    for part in (0, 0.5, 1):
        svg.line(left, up(part), width - 6, up(part), "grid")
        svg.words(left - 4, up(part) + 4, f"{100 * part:.0f}%", "tick", "end")
    svg.words(left, bottom + 14, "0", "tick")
    svg.words(width - 6, bottom + 14, f"{run['end_ns'] / 1e9:g} s", "tick", "end")
    for name, colour in class_colours(run).items():
        fair = run["classes"][name]["fair_ns"] / (run["end_ns"] * harts)
        svg.line(left, up(fair), width - 6, up(fair), "fair", stroke=colour)
        window = run["end_ns"] / metrics.WINDOWS * harts
        parts = smoothed([time / window for time in run["windows"][name]])
        svg.polyline([(across(place), up(min(part, 1))) for place, part in enumerate(parts)], "curve", name, stroke=colour)
    return svg.text()


# Who ran


def timeline(summary, workload):
    """A row per policy: which class ran, in a stretch of the run that all of them show."""
    load = summary.load_shown(workload.name)
    runs = [(label, summary.runs(workload.name, load, label)[0]) for label in summary.policies(workload.name)
            if summary.runs(workload.name, load, label)]
    if not runs:
        return None
    begin = runs[0][1]["timeline"]["from"]
    until = begin + stretch(runs, begin)
    harts = min(HARTS_SHOWN, 1 + max((segment[2] for _, run in runs for segment in run["timeline"]["segments"]), default=0))
    lane = 14 if harts == 1 else 8
    left, width, top = label_width([label for label, _ in runs]), 2 * WIDTH, 26
    height = top + len(runs) * (lane * harts + 4) + 30
    svg = Svg(width, height, "who ran when")
    scale = Linear(begin, until, left, width - 20)
    svg.words(4, 14, f"who ran, at load {load}" + (f" (harts 0 to {harts - 1})" if harts > 1 else ""), "caption")
    axis_bottom(svg, scale, metrics.BY_NAME["lag_max"], top, height - 30)
    for row, (label, run) in enumerate(runs):
        y = top + row * (lane * harts + 4)
        svg.words(left - 8, y + lane * harts / 2 + 5, label, "label", "end")
        lanes_draw(svg, scale, run, y, lane, harts, until)
    return svg.text()


def stretch(runs, begin):
    """How long a piece of the timeline is shown: the policy in the middle ran so many stretches in it."""
    ends = []
    for _, run in runs:
        segments = run["timeline"]["segments"]
        if segments:
            ends.append(segments[min(SEGMENTS_SHOWN, len(segments)) - 1][1] - begin)
    ends.sort()
    return max(ends[len(ends) // 2], 1) if ends else 1


def lanes_draw(svg, scale, run, y, lane, harts, until):
    class_of = {task["task"]: task["class"] for task in run["tasks"]}
    colours, shapes = class_colours(run), {}
    svg.rect(scale.start, y, scale.end - scale.start, lane * harts, "lane")
    shade = {}
    for task in run["tasks"]:
        shade[task["task"]] = sum(1 for one in run["tasks"] if one["class"] == task["class"] and one["task"] < task["task"]) % 3
    for since, end, hart, task in run["timeline"]["segments"]:
        if since < until and hart < harts:
            x, width = scale(since), max(scale(min(end, until)) - scale(since), 0.4)
            data = f"M{x:.1f} {y + hart * lane + 1:.0f}h{width:.1f}v{lane - 2}h-{width:.1f}z"
            shapes.setdefault((class_of[task], shade[task]), []).append(data)
    for (name, level), pieces in shapes.items():
        svg.path("".join(pieces), "", name, fill=colours[name], fill_opacity=(1, 0.7, 0.45)[level])
