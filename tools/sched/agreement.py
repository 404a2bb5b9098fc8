# SPDX-License-Identifier: BSD-2-Clause
"""How far the simulator is from the guest: the same runs in both, figure by figure.

The simulator is believed where it agrees with the guest, so a comparison in the guest says how well it does. Some runs stand on
an edge: who is first of two that wake within nanoseconds decides about all that follows. There the simulator does not agree with
itself when each decision takes up to a tick of the timer longer, at random (rivet-sim --jitter): nothing about the guest is known
more exactly. A figure that differs is on an edge when the simulator, nudged so, comes to the guest's; otherwise the two disagree.
"""

from dataclasses import dataclass, replace
from html import escape

import metrics
from summary import value_text

# Figure, how it is compared, and by how much the two may differ: points, or per cent of the guest's.
LIMITS = (("share_max", "points", 1), ("miss_ratio", "points", 2), ("latency_p50", "per cent", 20),
          ("latency_p99", "per cent", 20))
NUDGES = range(1, 31)  # seeds of the jitter


@dataclass
class Gap:
    """The largest difference of one figure on one workload."""

    workload: str
    metric: metrics.Metric
    way: str
    limit: float
    difference: float
    run: dict  # the guest's, where it is
    guest: float
    simulated: float
    runs: int = 1
    beyond: int = 0  # of them, in how many it is more than the limit
    edges: int = 0  # of these, how many are on an edge
    nudge: int = None  # the jitter's seed with which the simulator agrees here

    @property
    def within(self):
        return self.difference <= self.limit

    @property
    def text(self):
        return f"{self.difference:.2f} points" if self.way == "points" else f"{self.difference:.1f} %"


def apart(way, guest, simulated):
    if way == "points":
        return abs(guest - simulated)
    return 100 * abs(guest - simulated) / guest if guest else 0.0 if guest == simulated else 100.0


def key_of(run):
    return run["policy"], run["workload"], run["load"], run["seed"]


def each(guests, simulated):
    """A Gap of each figure of each run."""
    others = {key_of(run): run for run in simulated}
    for run in guests:
        other = others.get(key_of(run))
        for name, way, limit in LIMITS if other else ():
            here, there = run["metrics"][name], other["metrics"][name]
            if here is None or there is None:
                continue
            gap = Gap(run["workload"], metrics.BY_NAME[name], way, limit, apart(way, here, there), run, here, there)
            gap.beyond = int(not gap.within)
            yield gap


def nudged(gaps, runs_do, seeds):
    """Finds out which of the gaps are on an edge. runs_do(runs, nudge) simulates them with that jitter."""
    for nudge in seeds:
        open_gaps = [gap for gap in gaps if not gap.within and gap.nudge is None]
        runs = {key_of(gap.run): gap.run for gap in open_gaps}
        if not runs:
            return
        others = {key_of(run): run for run in runs_do(list(runs.values()), nudge)}
        for gap in open_gaps:
            other = others.get(key_of(gap.run))
            value = other["metrics"][gap.metric.name] if other else None
            if value is not None and apart(gap.way, gap.guest, value) <= gap.limit:
                gap.nudge, gap.edges = nudge, 1


def gaps(guests, simulated, runs_do=None, seeds=NUDGES):
    """Every gap, and which are on an edge."""
    found = list(each(guests, simulated))
    if runs_do:
        nudged(found, runs_do, seeds)
    return found


def disagreements(found):
    return [gap for gap in found if not gap.within and gap.nudge is None]


def worst(found):
    """For each workload and figure the gap that is largest; one that is on no edge goes first."""
    most = {}
    for gap in found:
        key = gap.workload, gap.metric.name
        known = most.get(key)
        rank = (not gap.within and gap.nudge is None, gap.difference)
        if not known:
            most[key] = replace(gap)
            continue
        counts = known.runs + 1, known.beyond + gap.beyond, known.edges + gap.edges
        if rank > (not known.within and known.nudge is None, known.difference):
            known = most[key] = replace(gap)
        known.runs, known.beyond, known.edges = counts
    return list(most.values())


def sentence(found):
    """For the terminal."""
    if not found:
        return "no run was done in the simulator too."
    count, beyond, wrong = len(found), sum(gap.beyond for gap in found), disagreements(found)
    limits = ", ".join(f"{metrics.BY_NAME[name].title} {limit} {way}" for name, way, limit in LIMITS)
    if not beyond:
        return f"the simulator agrees with the guest in all {count} figures that were compared (within: {limits})."
    text = f"the simulator agrees with the guest in {count - beyond} of {count} figures (within: {limits})"
    if beyond > len(wrong):
        text += f"; {beyond - len(wrong)} are on an edge, where nanoseconds decide"
    if not wrong:
        return text + "."
    most = max(wrong, key=lambda gap: gap.difference / gap.limit)
    return (f"{text}; {len(wrong)} differ, most {most.metric.title} of {most.run['policy']} on {most.run['workload']} at load "
            f"{most.run['load']} ({most.text}).")


EXPLANATION = (
    "Each run was done in the simulator, too. Its figures (tails, many seeds, many harts) are worth as much as it agrees with the guest "
    "here. A figure is on an edge when two events come within nanoseconds and who is first changes what follows: a lottery's draws, a "
    "median where half of the wake-ups are served at once and half have to wait. The simulator then differs as much from itself: "
    "with decisions that take up to a tick of the timer longer, at random, it comes to the guest's figure. For each that differs, "
    f"{len(NUDGES)} seeds of that were tried.")


def row(gap, cells):
    tint = "" if gap.within or gap.nudge is not None else ' style="background:rgba(var(--worse),.25)"'
    return "<tr>" + "".join(f"<td{tint if place == 2 else ''}>{escape(cell)}</td>" for place, cell in enumerate(cells)) + "</tr>"


def table(head, rows, title):
    names = "".join(f"<th>{word}</th>" for word in head)
    return (f'<details><summary>{title}</summary><div class="wide"><table><thead><tr>{names}</tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table></div></details>")


def cells_of(gap):
    return [gap.workload, gap.metric.title, gap.text, f"{gap.limit:g} {gap.way}", f"{gap.run['policy']} at {gap.run['load']}",
            value_text(gap.metric, gap.guest), value_text(gap.metric, gap.simulated)]


def section(found):
    if not found:
        return ""
    head = ("workload", "figure", "difference", "limit", "under", "guest", "simulator")
    most = [row(gap, [*cells_of(gap), f"{gap.beyond} of {gap.runs}", str(gap.edges)]) for gap in worst(found)]
    apart_ones = [row(gap, [*cells_of(gap), "none" if gap.nudge is None else f"seed {gap.nudge}"])
                  for gap in sorted(found, key=lambda gap: gap.nudge is not None) if not gap.within]
    text = f'<h2 id="simulator">The simulator beside the guest</h2><p>{EXPLANATION}</p><p>In short, {escape(sentence(found))}</p>'
    if apart_ones:
        text += table((*head, "agrees with jitter"), apart_ones, f"All {len(apart_ones)} that differ by more than the limit")
    return text + table((*head, "runs beyond the limit", "on an edge"), most, "The largest difference of each figure")
