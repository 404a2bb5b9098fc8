# SPDX-License-Identifier: BSD-2-Clause
"""How far the simulator is from the guest: the same runs in both, figure by figure.

The simulator is believed where it agrees with the guest, so a comparison in the guest says how well it does.
"""

from dataclasses import dataclass
from html import escape

import metrics
from summary import value_text

# Figure, how it is compared, and by how much the two may differ: points, or per cent of the guest's.
LIMITS = (("share_max", "points", 1), ("miss_ratio", "points", 2), ("latency_p50", "per cent", 20),
          ("latency_p99", "per cent", 20))


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


def gaps(guests, simulated):
    """For each workload and figure the run on which the two differ most."""
    others = {key_of(run): run for run in simulated}
    worst = {}
    for run in guests:
        other = others.get(key_of(run))
        for name, way, limit in LIMITS if other else ():
            here, there = run["metrics"][name], other["metrics"][name]
            if here is None or there is None:
                continue
            gap = Gap(run["workload"], metrics.BY_NAME[name], way, limit, apart(way, here, there), run, here, there)
            gap.beyond = int(not gap.within)
            known = worst.get((gap.workload, name))
            if known:
                gap.runs, gap.beyond = known.runs + 1, known.beyond + gap.beyond
            if known and known.difference >= gap.difference:
                known.runs, known.beyond = gap.runs, gap.beyond
            else:
                worst[gap.workload, name] = gap
    return list(worst.values())


def sentence(found):
    """For the terminal."""
    if not found:
        return "no run was done in the simulator too."
    count, beyond = sum(gap.runs for gap in found), sum(gap.beyond for gap in found)
    limits = ", ".join(f"{metrics.BY_NAME[name].title} {limit} {way}" for name, way, limit in LIMITS)
    if not beyond:
        return f"the simulator agrees with the guest in all {count} figures that were compared (within: {limits})."
    most = max(found, key=lambda gap: gap.difference / gap.limit)
    return (f"the simulator agrees with the guest in {count - beyond} of {count} figures (within: {limits}); it differs most in "
            f"{most.metric.title} of {most.run['policy']} on {most.workload} at load {most.run['load']} ({most.text}).")


def section(found):
    if not found:
        return ""
    rows = []
    for gap in found:
        cells = [gap.workload, gap.metric.title, gap.text, f"{gap.limit:g} {gap.way}", f"{gap.run['policy']} at {gap.run['load']}",
                 value_text(gap.metric, gap.guest), value_text(gap.metric, gap.simulated), f"{gap.beyond} of {gap.runs}"]
        tint = "" if gap.within else ' style="background:rgba(var(--worse),.25)"'
        rows.append("<tr>" + "".join(f"<td{tint if place == 2 else ''}>{escape(cell)}</td>" for place, cell in enumerate(cells))
                    + "</tr>")
    head = "".join(f"<th>{word}</th>" for word in ("workload", "figure", "largest difference", "limit", "under", "guest",
                                                    "simulator", "runs beyond the limit"))
    return ('<h2 id="simulator">The simulator beside the guest</h2><p>Each run was done in the simulator, too. Its figures '
            "(tails, many seeds, many harts) are worth as much as it agrees with the guest here. They can't agree in everything: where half "
            "of the wake-ups are served at once and half have to wait, the median is on a cliff, and at high loads a few nanoseconds "
            "decide who is next.</p>"
            f'<p>In short, {escape(sentence(found))}</p><details><summary>The largest differences</summary><div class="wide">'
            f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></details>")
