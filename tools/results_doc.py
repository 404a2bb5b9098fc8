#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fills docs/results.md and docs/microkernels.md with what the benchmarks print.

    results_doc.py            rewrites the pages in place (the CMake target `docs`)
    results_doc.py --check    only says whether they would change (the test docs.results)

Words are written by hand; what stands between `<!-- fill: NAME -->` and `<!-- end -->` is made here. Linux' figures are those of
bench/linux.tsv, seL4's those of bench/peers.tsv.
"""

import os
import re
import sys
from fractions import Fraction

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tools", "paper")]
import baseline  # noqa: E402 (these lie in paper/)
import bench  # noqa: E402
import experiments  # noqa: E402
import linux_figures  # noqa: E402
import measured  # noqa: E402
import paths  # noqa: E402
from doc_page import options_parse, page_update  # noqa: E402
from experiments import shown  # noqa: E402
from guest import GuestError  # noqa: E402

PAGES = ("results.md", "microkernels.md")
PEERS = os.path.join(ROOT, "bench", "peers.tsv")
BLOCK = re.compile(r"(<!-- fill: ([a-z]+) -->\n).*?(<!-- end -->)", re.S)


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


# What is filled in. Each takes everything that was measured.


def named(found):
    return "; ".join(f"`{one.row.name}` ({one.system} {one.theirs}, Rivet {one.ours})" for one in found)


def verdict(facts):
    worse = experiments.beaten_by(facts.listed, facts.rows, ("Ultrix", "Linux"), facts.linux)
    older = experiments.beaten_by(facts.listed, facts.rows, ("Aegis", "ExOS", "L3"), {})
    text = (f"**Ultrix or Linux needs less than Rivet in {len(worse)} {'row' if len(worse) == 1 else 'rows'}:** {named(worse)}." if worse else
            "**Ultrix or Linux needs less than Rivet in no row.**")
    text += f" The exokernel of 1995 needs less in {len(older)}: {named(older)}." if older else ""
    return text + "\n"


def paper_cell(row):
    parts = [f"{one.machine.name.partition(',')[0]}{' (DEC2100)' if '2100' in one.machine.name else ''} {one.text}"
             + ("" if one.unit == "i" else f" ({shown(round(one.instructions))})") for one in row.figures]
    return ", ".join(parts) or "-"


def linux_cell(row, linux):
    return f"{shown(linux[row.name].stock)} / {shown(linux[row.name].lean)}" if row.name in linux else "-"


def experiment(one, facts):
    rows = [(f"`{row.name}`", row.text, shown(facts.rows[row.name]), linux_cell(row, facts.linux), paper_cell(row))
            for row in one.rows]
    programs = ", ".join(f"`bench/{source}`" for source in one.sources)
    return (f"### {one.title}\n\n{one.of_paper.capitalize()}; {programs}. {one.differs}\n\n"
            + table(("row", "what is measured", "Rivet", "Linux, stock / lean", "the paper"), rows))


def experiments_text(facts):
    return "\n".join(experiment(one, facts) for one in facts.listed)


def paths_text(facts):
    return table(("path", *paths.HEADS), [(f"`{name}`", *path.cells()) for name, path in facts.paths.items()])


def peers_read():
    with open(PEERS, encoding="utf-8") as lines:
        return [line.rstrip("\n").split("\t") for line in lines if line.strip() and not line.startswith("#")]


def peers_text(facts):
    rows = []
    for name, plain, mcs, text in peers_read():
        times = float(Fraction(plain) / Fraction(facts.rows[name]))
        rows.append((f"`{name}`", shown(facts.rows[name]), shown(plain), mcs if mcs == "-" else shown(mcs), f"{times:.1f}", text))
    return table(("row", "Rivet", "seL4", "seL4 MCS", "seL4 / Rivet", "what it is there"), rows)


FILLS = {"verdict": verdict, "experiments": experiments_text, "paths": paths_text, "peers": peers_text}


class Facts:
    """Everything that is measured."""

    def __init__(self, options):
        self.listed = experiments.tables_read()
        self.rows = bench.rows_of(measured.rows_by_group(options.build, options.measured))
        self.linux = linux_figures.linux_read(linux_figures.KEPT)
        traced = measured.paths_by_group(options.build, options.measured)
        self.paths = {name: path for found in traced.values() for name, path in found.items()}


def page_filled(name, text, facts):
    wrong = [found for _, found, _ in BLOCK.findall(text) if found not in FILLS]
    if wrong or not BLOCK.search(text):
        sys.exit(f"results_doc: docs/{name} asks for {wrong[0] if wrong else 'nothing'} to be filled in.")
    return BLOCK.sub(lambda match: match[1] + FILLS[match[2]](facts) + match[3], text)


def main():
    options = options_parse(__doc__)
    try:
        facts = Facts(options)
    except (bench.BenchError, GuestError, experiments.ListError, baseline.BaselineError) as error:
        sys.exit(f"results_doc: {error}")
    for name in PAGES:
        page_update("results_doc", name, lambda text, name=name: page_filled(name, text, facts), options.check)


if __name__ == "__main__":
    main()
