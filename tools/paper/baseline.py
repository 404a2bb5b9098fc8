# SPDX-License-Identifier: BSD-2-Clause
"""bench/baseline.tsv: what each row was when somebody last looked, and what has become slower since.

A row is slower when it is more than 3% and more than 2 instructions above: less than that is where the linker happened to
put something. The file is written by `./rivet bench --baseline`, in the commit that changes a count on purpose.
"""

import os
import subprocess
from fractions import Fraction

from experiments import ROOT

NAME = "bench/baseline.tsv"
FILE = os.path.join(ROOT, NAME)
PERCENT = 3
INSTRUCTIONS = 2
HEAD = """\
# What each row of the benchmarks is, by group, as `./rivet bench --baseline` wrote it. The test bench.baseline fails on a
# row that became more than 3% and 2 instructions slower. A commit that changes a count on purpose changes it here.
"""
# What grows with everything that is built in, the programs in the bundle too. bench/targets.tsv has a limit for boot.
SIZES = ("kernel_text", "kernel_data", "env_bytes", "boot")


class BaselineError(Exception):
    """One plain sentence."""


def baseline_parse(text):
    rows = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, value = line.split("\t")
            rows[name] = value
    return rows


def baseline_read(path=FILE):
    try:
        with open(path, encoding="utf-8") as file:
            return baseline_parse(file.read())
    except OSError as error:
        raise BaselineError(f"{path} can't be read ({error.strerror}).") from None


def baseline_of(revision):
    """The file as it was in a revision of this repository."""
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    try:
        known = git("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
        text = git("show", f"{known.stdout.strip()}:{NAME}")
    except OSError as error:
        raise BaselineError(f"git can't be run ({error.strerror}), so nothing is known of {revision}.") from None
    if known.returncode != 0:
        raise BaselineError(f"This repository has no revision {revision}.")
    if text.returncode != 0:
        raise BaselineError(f"{revision} has no {NAME}: --rebuild builds and measures it.")
    return baseline_parse(text.stdout)


def baseline_text(groups):
    """groups: group to rows, (name, value) each; a row of several groups stands in the first."""
    parts, seen = [HEAD], set()
    for group, rows in groups.items():
        parts.append(f"# {group}\n")
        parts += [f"{name}\t{value}\n" for name, value in rows if name not in seen]
        seen |= {name for name, _ in rows}
    return "".join(parts)


def baseline_write(groups):
    with open(FILE + ".new", "w", encoding="utf-8") as out:
        out.write(baseline_text(groups))
    os.replace(FILE + ".new", FILE)


def change(before, after):
    """In percent; of nothing, None when it is something now."""
    before, after = Fraction(before), Fraction(after)
    if before == after:
        return Fraction(0)
    return (after - before) * 100 / before if before else None


def change_text(before, after):
    percent = change(before, after)
    return "from 0" if percent is None else f"{float(percent):+.1f}%" if percent else "0.0%"


def is_slower(before, after):
    before, after = Fraction(before), Fraction(after)
    return after > before + INSTRUCTIONS and (after - before) * 100 > before * PERCENT


def complaints(before, after):
    """before, after: name to value. A sentence for each row that is slower or gone."""
    found = []
    for name, value in before.items():
        if name not in after:
            found.append(f"there is no row {name} any more")
        elif name not in SIZES and is_slower(value, after[name]):
            found.append(f"{name} was {float(value):g} and is {float(after[name]):g} ({change_text(value, after[name])})")
    return found


def compare_lines(before, after):
    """`name, before, after, change` of every row, those that changed most first."""
    def weight(name):
        if name not in before or name not in after:
            return (1, 0)
        percent = change(before[name], after[name])
        return (0, 0) if percent is None else (0 if percent else 2, -abs(percent))

    names = sorted([*after, *(name for name in before if name not in after)], key=weight)
    return [(name, before.get(name, "-"), after.get(name, "-"),
             "new" if name not in before else "gone" if name not in after else change_text(before[name], after[name]))
            for name in names]
