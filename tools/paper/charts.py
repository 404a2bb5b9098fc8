# SPDX-License-Identifier: BSD-2-Clause
"""The bar charts of the report: a chart per table, a group of bars per row, an instruction scale that is logarithmic.

Each bar says at its end what it is worth and which program said so. Drawn as the report of the schedulers is (sched/svg.py),
so that it needs no package to be made and nothing from the network to be looked at.
"""

import os
import sys
from dataclasses import dataclass
from fractions import Fraction

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "sched"))
import svg
from experiments import shown

WIDTH = 1180
NAMES, END = 232, 760  # where bars begin and the scale ends; behind it there is room for what the last bar says
BAR, GAP, HEAD, FOOT = 15, 3, 24, 34
COLOURS = {"Rivet": "#0072b2", "Linux, lean": "#5a9367", "Linux, stock": "#a3c9a8", "Ultrix": "#8c8c8c", "Aegis": "#d55e00",
           "ExOS": "#d55e00", "L3": "#b8860b"}


@dataclass
class Bar:
    system: str  # of COLOURS
    name: str
    value: Fraction
    says: str


def paper_bars(table, row):
    """One for each machine; where the paper counts instructions, these and not the cycles."""
    bars = {}
    for figure in row.figures:
        counted = figure.unit == "i"
        name = figure.machine.name
        old = bars.get(name)
        says = figure.text if counted else f"{figure.text}, {shown(round(figure.instructions))} cycles"
        if old:
            says = f"{old.says.split(',')[0]}, {figure.text}" if counted else f"{figure.text}, {old.says}"
        value = figure.instructions if counted or not old else old.value
        bars[name] = Bar(figure.machine.system, name, value, says)
    for bar in bars.values():
        bar.says += f" · the paper, {table.repeats}"
    return list(bars.values())


def row_bars(table, row, values, linux):
    bars = [Bar("Rivet", "Rivet", Fraction(values[row.name]), f"{shown(values[row.name])} · bench/{row.source}")]
    if row.name in linux:
        of = linux[row.name]
        bars += [Bar(f"Linux, {kind}", f"Linux 6.12, {kind}", Fraction(value), f"{shown(value)} · {of.source}")
                 for kind, value in (("lean", of.lean), ("stock", of.stock))]
    return bars + paper_bars(table, row)


def scale_draw(picture, scale, top, bottom):
    for tick in scale.ticks():
        picture.line(scale(tick), top, scale(tick), bottom, "grid")
        text = f"{tick:,.0f}"
        picture.words(scale(tick), bottom + 15, text, "tick", "middle")
    picture.words(END, bottom + 30, "instructions, logarithmic", "tick", "end")


def bar_draw(picture, scale, bar, y):
    picture.words(NAMES - 8, y + BAR - 4, bar.name, "label base" if bar.system == "Rivet" else "label", "end")
    width = max(scale(float(bar.value)) - NAMES, 1.5)
    picture.rect(NAMES, y, width, BAR, title=f"{bar.name}: {bar.says}", fill=COLOURS[bar.system])
    picture.words(NAMES + width + 6, y + BAR - 4, bar.says, "label")


def table_chart(table, values, linux):
    groups = [(row, row_bars(table, row, values, linux)) for row in table.rows]
    most = max(float(bar.value) for _, bars in groups for bar in bars)
    least = min(float(bar.value) for _, bars in groups for bar in bars)
    scale = svg.Log(1000 if least > 10_000 else 1, most, NAMES, END)
    height = sum(HEAD + len(bars) * (BAR + GAP) + 6 for _, bars in groups) + FOOT
    picture = svg.Svg(WIDTH, height, table.title)
    scale_draw(picture, scale, 0, height - FOOT)
    y = 0
    for row, bars in groups:
        picture.words(0, y + 17, f"{row.name}: {row.text}", "caption")
        y += HEAD
        for bar in bars:
            bar_draw(picture, scale, bar, y)
            y += BAR + GAP
        y += 6
    return picture.text()


# Figure 3

STRIDE_ROW = "stride_{tickets}_{quanta}"
TICKETS, QUANTA = (3, 2, 1), range(10, 101, 10)
SHADES = {3: "#0072b2", 2: "#d55e00", 1: "#5a9367"}
HEIGHT, LEFT, RIGHT = 360, 70, 700


def stride_chart(table, values):
    """How far each has counted after so many quanta, and what would be ideal."""
    counts = {tickets: [0, *(int(values[STRIDE_ROW.format(tickets=tickets, quanta=quanta)]) for quanta in QUANTA)] for tickets in TICKETS}
    picture = svg.Svg(WIDTH, HEIGHT + FOOT, table.title)
    across, up = svg.Linear(0, QUANTA[-1], LEFT, RIGHT), svg.Linear(0, max(counts[3]), HEIGHT - 4, 16)
    for tick in up.ticks():
        picture.line(LEFT, up(tick), RIGHT, up(tick), "grid")
        picture.words(LEFT - 6, up(tick) + 4, f"{tick:,.0f}", "tick", "end")
    for tick in across.ticks():
        picture.words(across(tick), HEIGHT + 13, f"{tick:.0f}", "tick", "middle")
    picture.words(RIGHT, HEIGHT + 29, "quanta", "tick", "end")
    picture.words(LEFT + 6, 14, "thousands counted", "tick")
    for tickets, points in counts.items():
        ideal = sum(one[-1] for one in counts.values()) * tickets / sum(TICKETS)
        picture.line(across(0), up(0), across(QUANTA[-1]), up(ideal), "fair", stroke="#111")
        picture.polyline([(across(10 * at), up(value)) for at, value in enumerate(points)], "curve", f"{tickets} tickets",
                         stroke=SHADES[tickets])
        for at, value in enumerate(points):
            picture.circle(across(10 * at), up(value), 3, title=f"{value:,} after {10 * at} quanta", fill=SHADES[tickets])
        says = f"{tickets} ticket{'s' if tickets > 1 else ''}: {points[-1]:,} · bench/{table.rows[0].source}"
        picture.words(RIGHT + 8, up(points[-1]) + 4, says, "label")
    return picture.text()
