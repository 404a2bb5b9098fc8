# SPDX-License-Identifier: BSD-2-Clause
"""A page of docs/ that holds figures: measured anew it is rewritten, or held against what it shows."""

import argparse
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def options_parse(text):
    """What the command line of whoever fills pages says; `text` is its --help."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when something would change")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "rivet"), metavar="DIR")
    parser.add_argument("--measured", metavar="DIR", help="where the figures were kept; otherwise they are measured")
    return parser.parse_args()


def page_update(tool, name, fill, check):
    """Gives a page the text that `fill` makes of the one it has. With `check` it ends the tool where the two differ."""
    path = os.path.join(ROOT, "docs", name)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    filled = fill(text)
    if filled == text:
        return
    if check:
        old, new = set(text.splitlines()), set(filled.splitlines())
        print("\n".join([*(f"shown:    {line}" for line in sorted(old - new)), *(f"measured: {line}" for line in sorted(new - old))]))
        sys.exit(f"{tool}: docs/{name} shows other figures than the benchmarks print: build the target `docs`.")
    with open(path + ".new", "w", encoding="utf-8") as out:
        out.write(filled)
    os.replace(path + ".new", path)
