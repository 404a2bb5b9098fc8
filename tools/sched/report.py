# SPDX-License-Identifier: BSD-2-Clause
"""report.html: one file, without anything from the network, by which a reader can judge policies.

An overview first, then each workload with its figures and plots, then what was run, what was equal, and what each
figure means. The data behind all of it is embedded as JSON.
"""

import os
from html import escape

import agreement
import compare
import metrics
import plots
from options import number_of
from summary import value_text

HERE = os.path.dirname(os.path.abspath(__file__))
STRONG = 3.0  # a figure 2^STRONG times as good, or bad, has the full colour
UNITS = {"%": " (%)", "points": " (points)", "x": " (×)"}


def part(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as source:
        return source.read()


def title_of(metric):
    return escape(metric.title) + UNITS.get(metric.unit, "")


def tinted(goodness):
    """Blue is better, orange worse."""
    if not goodness:
        return ""
    strength = min(abs(goodness) / STRONG, 1) * 0.55
    return f' style="background:rgba(var(--{"better" if goodness > 0 else "worse"}),{strength:.2f})"' if strength > 0.02 else ""


# The overview


def overview_row(summary, workload, load):
    name, judge, base = workload.name, summary.judges[workload.name], summary.labels[0]
    there = summary.policies(name)
    ratios = {label: summary.ratio(name, load, label, judge.name) for label in there if label != base}
    known = [goodness for _, goodness in ratios.values() if goodness is not None]
    best = max(known, default=0)
    cells = [f'<td><a href="#{name}">{name}</a> <span class="soft">{load}</span></td>'
             f'<td class="metric">{title_of(judge)}</td>',
             f'<td class="base">{value_text(judge, summary.mean(name, load, base, judge.name))}</td>']
    for label in summary.labels[1:]:
        if label not in ratios:
            cells.append('<td class="none"></td>')
            continue
        text, goodness = ratios[label]
        misused = any(run["misuse"] for run in summary.runs(name, load, label))
        kind = " ".join(["best"] * (goodness is not None and goodness == best > 0) + ["bad"] * misused)
        value = value_text(judge, summary.mean(name, load, label, judge.name))
        cells.append(f'<td class="{kind}" title="{escape(label)}: {value}"{tinted(goodness)}>{text}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def overview_matrix(summary, place):
    """place: 0 the lowest load, 1 the middle one, 2 the highest."""
    heads = "".join(f'<th class="policy{" base" if not number else ""}"><span>{escape(label)}</span></th>'
                    for number, label in enumerate(summary.labels))
    rows = []
    for workload in summary.workloads:
        loads = summary.loads(workload.name)
        rows.append(overview_row(summary, workload, loads[(0, len(loads) // 2, -1)[place]]))
    return (f'<div class="wide"><table class="overview"><thead><tr><th>workload, load</th><th>judged by</th>{heads}</tr>'
            f"</thead><tbody>{''.join(rows)}</tbody></table></div>")


def overview(summary):
    base = escape(summary.labels[0])
    words = (f"<p>Each workload is judged by one figure. The first column is {base}'s; the others say what a policy's is beside "
             f"it: a factor (×), or percentage points (+, −). <span{tinted(1.5)}>&nbsp;Blue&nbsp;</span> is better than {base}, "
             f"<span{tinted(-1.5)}>&nbsp;orange&nbsp;</span> worse, the best of a row is bold, = is equal to two digits, and a "
             "cell is empty where the policy doesn't heed what the workload is about.</p>")
    if max(len(summary.loads(one.name)) for one in summary.workloads) < 2:
        return words + overview_matrix(summary, 1)
    tabs, panes = "", ""
    for place, title in enumerate(("lowest load", "middle load", "highest load")):
        checked = " checked" if place == 1 else ""
        tabs += f'<input type="radio" name="load" id="load{place}"{checked}><label for="load{place}">{title}</label>'
        panes += f'<div class="pane">{overview_matrix(summary, place)}</div>'
    return f'{words}<div class="tabs">{tabs}{panes}</div>'


# A workload


def figures_table(summary, workload, load):
    """A row per policy, a column per figure that somebody has, the baseline first."""
    name, base = workload.name, summary.labels[0]
    policies = summary.policies(name)
    shown = [metric for metric in metrics.METRICS
             if any(summary.mean(name, load, label, metric.name) is not None for label in policies)]
    judge = summary.judges[name]
    shown.sort(key=lambda metric: metric.name != judge.name)
    head = "".join(f'<th title="{escape(metric.text)}">{title_of(metric)}</th>' for metric in shown)
    rows = []
    for label in policies:
        if not summary.runs(name, load, label):
            continue
        cells = [f'<td class="{"base" if label == base else ""}">{escape(label)}</td>']
        for metric in shown:
            value = summary.value(name, load, label, metric.name)
            goodness = summary.ratio(name, load, label, metric.name)[1] if metric.better != metrics.NEITHER else None
            half = f' ± {value_text(metric, value[1])}' if value and value[1] else ""
            text = value_text(metric, value[0] if value else None)
            cells.append(f'<td title="{text}{half}"{tinted(goodness)}>{text}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f'<div class="wide"><table><thead><tr><th>policy</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def sweeps(summary, workload):
    """A plot for each policy of which one parameter was given several values."""
    groups = {}
    for label in summary.policies(workload.name):
        name, colon, words = label.partition(":")
        parameters = dict(word.split("=") for word in words.split(",")) if colon else {}
        for one, value in parameters.items():
            rest = tuple(sorted((key, other) for key, other in parameters.items() if key != one))
            groups.setdefault((name, one, rest), []).append((number_of(value), f"{name}:{one}={value}", label))
    found = []
    for (name, one, _), points in groups.items():
        if len(points) > 1:
            found.append(plots.against_parameter(summary, workload, f"{name}'s {one}",
                                                 [(number, label) for number, _, label in sorted(points)]))
    return "".join(filter(None, found))


def workload_section(summary, workload):
    name, judge = workload.name, summary.judges[workload.name]
    first = next(run for run in summary.results if run["workload"] == name)
    focus = f" The figures are those of {' and '.join(workload.focus)}, unless they are the machine's." if workload.focus else ""
    scaled = f" The load is {escape(workload.load_text)}." if workload.load_text else ""
    parts = [f'<h2 id="{name}">{name}</h2><p>{escape(workload.text.rstrip("."))}.{scaled} Judged by {title_of(judge)}.{focus}</p>']
    over = [load for load in summary.loads(name)
            if any(run["demand_permille"] > 1000 for run in summary.results
                   if run["workload"] == name and run["load"] == load)]
    if over:
        parts.append(f"<p>At load {' and '.join(over)} the tasks ask for more than the machine has.</p>")
    shown = summary.load_shown(name)
    for load in [shown] + [load for load in summary.loads(name) if load != shown]:
        parts.append(f'<details{" open" if load == shown else ""}><summary>Figures at load {load}</summary>'
                     f"{figures_table(summary, workload, load)}</details>")
    pictures = [plots.distribution(summary, workload), plots.against_load(summary, workload), sweeps(summary, workload)]
    parts.append(f'<div class="grid-of-plots">{"".join(filter(None, pictures))}</div>')
    share_plots = plots.shares(summary, workload)
    if share_plots:
        parts.append(f"<h3>Each class' part of the machine over time, at load {shown}, seed {first['seed']} "
                     "(dashed: fair, over the whole run)</h3>"
                     f'{plots.class_legend(first)}<div class="grid-of-plots">{share_plots}</div>')
    who = plots.timeline(summary, workload)
    if who:
        parts.append(f"<h3>A piece of the run, seed {first['seed']} (all of it: "
                     f"<code>traces/{escape(first['file'])}.txt.gz</code> and its like, for Perfetto)</h3>"
                     f"{plots.class_legend(first)}{who}")
    return "".join(parts)


# What was run


def listing(pairs):
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{value}</td></tr>" for name, value in pairs)
    return f'<div class="wide"><table class="prose">{rows}</table></div>'


def run_section(about):
    versions = ", ".join(f"{name} {escape(version)}" for name, version in about["versions"].items())
    products = ", ".join(f"{escape(name)} <code>{digest}</code>" for name, digest in about["products"].items())
    seeds = about["seeds"]
    return '<h2 id="run">What was run, and what was equal</h2>' + listing([
        ("command", f"<code>{escape(about['command'])}</code>"),
        ("commit", f"<code>{escape(about['commit'])}</code>"),
        ("where", escape(about["place"])),
        ("versions", versions),
        ("what ran", f"{products} (the beginnings of their SHA-256)"),
        ("seeds", f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else str(seeds[0])),
        ("runs", f"{about['runs']}, of which {len(about['failures'])} failed or broke a rule"),
    ]) + (
        "<p>Only the policy changes between the runs of a row of the overview: the same program, workload file, load, seed, "
        "number of harts and length of the run. The tasks and their attributes are the same, and so are the jobs of each "
        f"task: {escape(about['alike'])}</p>"
        + ("" if about["simulated"] else "<p>A guest counts one nanosecond per instruction; caches, memory and other machines "
           "don't take part. On one hart a seed gives the same bytes every time. QEMU with several harts would measure the "
           "machine it runs on, so figures on several harts are the simulator's (<code>--sim --harts N</code>).</p>"))


def policies_section(about):
    pairs = []
    for label, facts in about["policies"].items():
        defaults = ", ".join(f"<code>{name}={one['default']}</code> {escape(one['text'])}"
                             for name, one in facts["parameters"].items())
        text = "".join(f"<p>{escape(one)}</p>" for one in facts["about"])
        pairs.append((label, f"{escape(facts['text'])}<details><summary>more</summary>{text}"
                             f"{f'<p>Parameters: {defaults}</p>' if defaults else ''}</details>"))
    return '<h2 id="policies">The policies</h2>' + listing(pairs)


def metrics_section():
    pairs = [(metric.title, escape(metric.text)) for metric in metrics.METRICS]
    return ('<h2 id="metrics">What the figures mean</h2><p>With several seeds a figure is the mean over them, ± half of its '
            "95% interval (Student's t).</p>") + listing(pairs)


def failures_section(about):
    if not about["failures"]:
        return ""
    rows = "".join(f"<li>{escape(one)}</li>" for one in about["failures"])
    return ('<div class="failed"><b>Not everything went well.</b> A policy that broke a rule is marked !: its tasks were rescued '
            f'by round robin, so its figures are not its own.<ul>{rows}</ul></div>')


def make(summary, about, pair, gaps, data):
    """The whole file as text. pair: the labels of --compare, or nothing. gaps: between guest and simulator. data: results.json."""
    names = [workload.name for workload in summary.workloads]
    links = "".join(f'<a href="#{name}">{name}</a>' for name in [*names, "run", *["simulator"] * bool(gaps), "policies", "metrics"])
    title = "Rivet: scheduling policies compared"
    body = [f"<h1>{title}</h1>",
            f'<p class="soft">{len(summary.results)} runs; {escape(about["place"])}. Commit {escape(about["commit"][:12])}.'
            ' <button data-save="results.json">Save the data (JSON)</button></p>',
            f"<nav>{links}</nav>", failures_section(about), compare.section(summary, pair) if pair else "",
            '<h2 id="overview">Overview</h2>', overview(summary),
            *(workload_section(summary, workload) for workload in summary.workloads),
            run_section(about), agreement.section(gaps), policies_section(about), metrics_section()]
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{title}</title><style>{part('report.css')}</style></head><body>{''.join(body)}"
            f'<script type="application/json" id="data">{data.replace("</", "<" + chr(92) + "/")}</script>'
            f"<script>{part('report.js')}</script></body></html>\n")
