# SPDX-License-Identifier: BSD-2-Clause
"""The tables on the terminal: one per workload, and one of all of them when there are several."""

import metrics
from summary import shares_text, value_text

# Beside the metric that a workload is judged by, where it says something.
COLUMNS = ("latency_p50", "latency_p99", "latency_max", "share_max", "miss_ratio", "slowdown_p99", "throughput", "switches",
           "decision_cost", "migrations", "idle")
GAP = "  "


def aligned(rows):
    """Rows of text as lines; the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [GAP.join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]).rstrip()
            for row in rows]


def title_of(metric):
    units = {"%": " %", "points": " pt"}
    return metric.title + units.get(metric.unit, "")


def mark_of(runs):
    return " !" if any(run["misuse"] for run in runs) else ""


def columns_of(summary, workload, load, judge):
    """The columns that some policy has a value in, and that aren't all the same nothing."""
    found = []
    for name in COLUMNS:
        values = [summary.mean(workload, load, policy, name) for policy in summary.policies(workload)]
        if name != judge.name and any(values):
            found.append(metrics.BY_NAME[name])
    return found


def workload_table(summary, workload):
    """Lines about one workload: the metric that it is judged by at every load, everything else at one of them."""
    name, judge = workload.name, summary.judges[workload.name]
    loads, shown = summary.loads(name), summary.load_shown(name)
    policies = summary.policies(name)
    columns = columns_of(summary, name, shown, judge)
    shares = {policy: [shares_text(run) or "-" for load in loads for run in summary.runs(name, load, policy)[:1]]
              for policy in policies}
    with_shares = judge.name.startswith("share") and any(":" in text for texts in shares.values() for text in texts)
    classes = list(summary.results and next(run["classes"] for run in summary.results if run["workload"] == name))
    head = [f"{title_of(judge)} at load:"] + loads + ["vs " + summary.labels[0]]
    head += [f"shares at {load}" for load in loads] * with_shares + [title_of(metric) for metric in columns]
    rows = [head]
    for policy in policies:
        row = [policy + mark_of([run for load in loads for run in summary.runs(name, load, policy)])]
        row += [value_text(judge, summary.mean(name, load, policy, judge.name)) for load in loads]
        row += ["" if policy == summary.labels[0] else summary.ratio(name, shown, policy, judge.name)[0]]
        row += (shares[policy] + ["-"] * len(loads))[: len(loads)] * with_shares
        row += [value_text(metric, summary.mean(name, shown, policy, metric.name)) for metric in columns]
        rows.append(row)
    about = f" The columns behind them are at load {shown}." if len(loads) > 1 else ""
    focus = f" Of {', '.join(workload.focus)}." if workload.focus else ""
    if with_shares:
        about += f" Shares: {':'.join(classes)}."
    return [f"{name}: {workload.text.rstrip('.')}.{focus}{about}", *aligned(rows)]


def overview_rows(summary):
    """A row per workload, a column per policy: the baseline's figure, and how the others' compare at the load shown."""
    base = summary.labels[0]
    rows = [["", *summary.labels]]
    for workload in summary.workloads:
        judge, load = summary.judges[workload.name], summary.load_shown(workload.name)
        row = [f"{workload.name} {load} {title_of(judge)}",
               value_text(judge, summary.mean(workload.name, load, base, judge.name))]
        row += [summary.ratio(workload.name, load, label, judge.name)[0] if label in summary.policies(workload.name) else ""
                for label in summary.labels[1:]]
        rows.append(row)
    return rows


def overview_table(summary):
    """The same on a terminal, where policies are rows."""
    rows = [list(row) for row in zip(*overview_rows(summary))]
    heads = [[""] + [head.split(" ", 2)[part] for head in rows[0][1:]] for part in range(3)]
    return [f"all workloads, beside {summary.labels[0]} (× factors; + - points):", *aligned(heads + rows[1:])]


def print_all(summary):
    for workload in summary.workloads:
        print("\n".join(workload_table(summary, workload)), end="\n\n")
    if len(summary.workloads) > 1:
        print("\n".join(overview_table(summary)), end="\n\n")
