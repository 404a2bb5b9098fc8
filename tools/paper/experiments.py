# SPDX-License-Identifier: BSD-2-Clause
"""The paper's experiments, as bench/paper.tsv lists them, and the machines they were done on.

A figure of 1995 is a time on a processor that begins at most one instruction per cycle. So its cycles are the most
instructions that it can have been, which is what stands beside a count of instructions here.
"""

import os
import re
from dataclasses import dataclass, field
from fractions import Fraction

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIST = os.path.join(ROOT, "bench", "paper.tsv")
FIGURE = re.compile(r"(\w+):([0-9.]+)(us|s|i)([*/])?([0-9]+)?")  # *2: there and back; /100: for each of a hundred
SECONDS = {"us": Fraction(1, 1_000_000), "s": Fraction(1)}
TITLE = ("Exokernel: An Operating System Architecture for Application-Level Resource Management (Engler, Kaashoek, O'Toole, "
         "SOSP 1995)")


@dataclass
class Machine:
    name: str   # what a reader is shown
    system: str
    hertz: int


MACHINES = {
    "ultrix": Machine("Ultrix, DEC5000/125", "Ultrix", 25_000_000),
    "aegis": Machine("Aegis, DEC5000/125", "Aegis", 25_000_000),
    "exos": Machine("ExOS, DEC5000/125", "ExOS", 25_000_000),
    "l3": Machine("L3, scaled to DEC5000/125", "L3", 25_000_000),
    "exos2100": Machine("ExOS, DEC2100", "ExOS", 12_500_000),
    "inverted2100": Machine("ExOS, inverted, DEC2100", "ExOS", 12_500_000),
}


@dataclass
class Figure:
    """What the paper says of one machine."""
    machine: Machine
    value: Fraction
    unit: str
    factor: Fraction  # what makes of it what Rivet's row is

    @property
    def text(self):
        value = f"{float(self.value):g}"
        value += f" * {self.factor}" if self.factor > 1 else f" / {1 / self.factor}" if self.factor < 1 else ""
        return f"{value} instructions" if self.unit == "i" else f"{value} {self.unit}"

    @property
    def instructions(self):
        """At most so many."""
        value = self.value * self.factor
        return value if self.unit == "i" else value * SECONDS[self.unit] * self.machine.hertz


@dataclass
class Row:
    name: str
    figures: list
    source: str  # in bench/
    text: str


@dataclass
class Table:
    key: str
    title: str
    repeats: str
    differs: str
    rows: list = field(default_factory=list)

    @property
    def of_paper(self):
        return "not in the paper" if self.repeats == "-" else self.repeats

    @property
    def sources(self):
        return list(dict.fromkeys(row.source for row in self.rows))


class ListError(Exception):
    """A line of the list that is none."""


def figures_parse(text):
    if text == "-":
        return []
    found = []
    for word in text.split():
        match = FIGURE.fullmatch(word)
        if not match or match[1] not in MACHINES:
            raise ListError(f"bench/paper.tsv has a figure {word!r} that nobody can read.")
        times = Fraction(int(match[5] or 1))
        found.append(Figure(MACHINES[match[1]], Fraction(match[2]), match[3], 1 / times if match[4] == "/" else times))
    return found


def line_parse(line, tables):
    cells = line.split("\t")
    if cells[0].startswith("= ") and len(cells) == 4:
        tables.append(Table(cells[0][2:], cells[1], cells[2], cells[3]))
    elif tables and len(cells) == 4:
        tables[-1].rows.append(Row(cells[0], figures_parse(cells[1]), cells[2], cells[3]))
    else:
        raise ListError(f"bench/paper.tsv has a line {line!r} that is neither a table nor a row.")


def tables_read(path=LIST):
    tables = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                line_parse(line.rstrip("\n"), tables)
    return tables


def shown(value):
    """A row's value, with commas."""
    whole, _, decimals = str(value).partition(".")
    return f"{int(whole):,}" + ("." + decimals if decimals else "")


def best_text(row):
    """What the paper says in a row, `Ultrix 21.3 us, Aegis 1.6 us`."""
    parts = {}
    for figure in row.figures:
        parts.setdefault(figure.machine.name, []).append(figure.text)
    return "; ".join(f"{name}: {', '.join(texts)}" for name, texts in parts.items())


@dataclass
class Beaten:
    """A row in which another system needs less than Rivet."""
    row: Row
    system: str
    theirs: str
    ours: str


def beaten_by(tables, values, systems, linux):
    """values: name to Rivet's figure; systems: of the paper's, or "Linux"; linux: name to (stock, lean)."""
    found = []
    for row in (row for table in tables for row in table.rows):
        ours = Fraction(values[row.name])
        least = {}
        for figure in row.figures:
            if figure.machine.system in systems and ours > figure.instructions:
                least.setdefault(figure.machine.system, figure)
                if figure.instructions < least[figure.machine.system].instructions:
                    least[figure.machine.system] = figure
        found += [Beaten(row, system, figure.text, shown(values[row.name])) for system, figure in least.items()]
        if "Linux" in systems and row.name in linux and ours > min(map(Fraction, linux[row.name])):
            found.append(Beaten(row, "Linux", shown(min(linux[row.name], key=Fraction)), shown(values[row.name])))
    return found
