#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fills the tables of docs/workloads.md from bench/sched/workload.def, which the reader of workloads is made of.

    workloads_doc.py            rewrites the page in place (the CMake target `docs`)
    workloads_doc.py --check    only says whether it would change (the test docs.workloads)
"""

import argparse
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIST = os.path.join(ROOT, "bench", "sched", "workload.def")
PAGE = os.path.join(ROOT, "docs", "workloads.md")
BLOCK = re.compile(r"(<!-- table: ([a-z]+) -->\n).*?(<!-- end -->)", re.S)
ENTRY = re.compile(r"^([A-Z]+)\((.*)\)$", re.M)
FIELD = re.compile(r'"((?:[^"\\]|\\.)*)"|([A-Za-z_]+)')


def entries():
    """(macro, its fields) of each line of the list."""
    with open(LIST, encoding="utf-8") as file:
        return [(macro, [quoted or word for quoted, word in FIELD.findall(fields)])
                for macro, fields in ENTRY.findall(file.read())]


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in lines)


def word(name, arguments):
    """How it is written in a file."""
    return f"`{name} {arguments}`" if arguments else f"`{name}`"


def tables():
    found = entries()
    keywords = [fields for macro, fields in found if macro == "KEYWORD"]
    made = {section: table(["line", "meaning"], [[word(name, arguments), text] for where, name, arguments, text in keywords
                                                 if where == section]) for section in ("top", "class")}
    for macro, name in (("ARRIVAL", "arrivals"), ("LENGTH", "lengths")):
        made[name] = table([macro, "meaning"], [[word(fields[0], fields[2]), fields[3]] for kind, fields in found
                                                if kind == macro])
    for macro, name in (("FEATURE", "features"), ("METRIC", "metrics")):
        made[name] = table([macro, "what it is"], [[f"`{fields[0]}`", fields[1]] for kind, fields in found if kind == macro])
    return made


def page_filled(text):
    made = tables()
    missing = set(made) - {match[2] for match in BLOCK.finditer(text)}
    if missing:
        sys.exit(f"workloads_doc: docs/workloads.md has no table {missing.pop()}.")
    return BLOCK.sub(lambda match: match[1] + made[match[2]] + match[3], text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; the status says whether it is current")
    options = parser.parse_args()
    with open(PAGE, encoding="utf-8") as file:
        before = file.read()
    after = page_filled(before)
    if options.check:
        if before != after:
            sys.exit("workloads_doc: docs/workloads.md is not current: run the target docs.")
        return
    with open(PAGE + ".new", "w", encoding="utf-8") as out:
        out.write(after)
    os.replace(PAGE + ".new", PAGE)


if __name__ == "__main__":
    main()
