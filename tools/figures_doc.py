#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fills the table of the trap path's lengths in docs/architecture.md with what the benchmark measures.

    figures_doc.py            rewrites docs/architecture.md in place (the CMake target `docs`)
    figures_doc.py --check    only says whether it would change (the test docs.figures)

Only paths that are assembly from end to end stand there: their lengths change when somebody edits them and at no other time.
"""

import argparse
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs", "architecture.md")
HEAD = "| row | path | instructions |\n|---|---|---|\n"
TABLE = re.compile(re.escape(HEAD) + r"(\|[^\n]*\n)*")
PATHS = {
    "exception": "an exception, to its handler in the program",
    "exception_fault": "a page fault, to its handler, in a space without an STLB",
    "resume": "from the handler back to the program",
    "null_call": "a call that does nothing (`env_null`)",
    "pct_oneway": "a call into another environment in another space, until its first instruction",
    "pct_roundtrip": "the same and its return",
    "stlb_refill": "a page fault whose address is in the STLB",
    "slice_end": "the end of a slice, to the program's handler",
    "irq": "an interrupt of a device that is bound to the environment that runs, to its handler",
}


def rows_measure(build):
    bench = [os.path.join(ROOT, "tools", "bench.py"), "--build", build]
    result = subprocess.run(bench, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        sys.exit("figures_doc: the benchmark failed (see above).")
    return dict(line.split("\t") for line in result.stdout.splitlines())


def page_fill(text, rows):
    missing = [name for name in PATHS if name not in rows]
    if missing:
        sys.exit(f"figures_doc: the benchmark prints no row {missing[0]}.")
    if not TABLE.search(text):
        sys.exit("figures_doc: docs/architecture.md has lost its table of figures.")
    return TABLE.sub(HEAD + "".join(f"| `{name}` | {path} | {rows[name]} |\n" for name, path in PATHS.items()), text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="change nothing; fail when something would change")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "rivet"), metavar="DIR")
    options = parser.parse_args()
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    filled = page_fill(text, rows_measure(options.build))
    if options.check and filled != text:
        old, new = set(text.splitlines()), set(filled.splitlines())
        print("\n".join([*(f"shown:    {line}" for line in old - new), *(f"measured: {line}" for line in new - old)]))
        sys.exit("figures_doc: docs/architecture.md shows other figures than the benchmark prints: build the target `docs`.")
    if not options.check and filled != text:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(filled)


if __name__ == "__main__":
    main()
