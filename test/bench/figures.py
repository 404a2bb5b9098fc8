#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The figures hold, and could fail.

    figures.py --build DIR targets    each row of bench/targets.tsv is printed by the benchmark, and is no worse
    figures.py --build DIR nops       with seven more instructions on each fast path, each row rises by seven for each
                                      time it takes such a path, and `resume`, which takes none, by nothing
"""

import argparse
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXTRA = 7
# How many fast paths an operation takes. Rows that are no single operation are not here.
PASSES = {
    "null_call": 1, "exception": 1, "exception_fault": 1, "resume": 0, "user_fault": 2, "page_alloc": 1,
    "page_map": 1, "page_protect": 1, "page_unmap": 1, "page_protect_100": 1, "cap_grant": 1, "cap_drop": 1,
    "stlb_refill": 1, "pct_oneway": 1, "pct_roundtrip": 2, "slice_end": 1, "yield_to": 1, "irq": 1,
}


def rows_measure(build, *options):
    bench = os.path.join(ROOT, "tools", "bench.py")
    text = subprocess.run([bench, "--build", build, *options], stdout=subprocess.PIPE, check=True, text=True).stdout
    return {name: int(value) for name, value in (line.split("\t") for line in text.splitlines())}


def targets_read():
    with open(os.path.join(ROOT, "bench", "targets.tsv"), encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                name, most, _ = line.split("\t")
                yield name, int(most)


def targets_check(build):
    rows = rows_measure(build)
    complaints = []
    for name, most in targets_read():
        print(f"{name}\t{rows.get(name)}\tat most {most}")
        if name not in rows:
            complaints.append(f"there is no row {name}")
        elif rows[name] > most:
            complaints.append(f"{name} is {rows[name]}, more than {most}")
    return complaints


def nops_check(build):
    before, after = rows_measure(build), rows_measure(build, "--variant", "nops")
    complaints = []
    for name, passes in PASSES.items():
        rise = after[name] - before[name]
        print(f"{name}\t{before[name]}\t{after[name]}\t{rise:+d}")
        if rise != EXTRA * passes:
            complaints.append(f"{name} rose by {rise}, not by {EXTRA * passes}")
    return complaints


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("check", choices=("targets", "nops"))
    options = parser.parse_args()
    complaints = targets_check(options.build) if options.check == "targets" else nops_check(options.build)
    if complaints:
        sys.exit("FAILED: " + "; ".join(complaints))


if __name__ == "__main__":
    main()
