#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The figures hold, and could fail.

    figures.py --build DIR targets    each row of bench/targets.tsv is printed by a benchmark, and is no worse; a row that
                                      two groups print has one value
    figures.py --build DIR nops       with seven more instructions on each fast path, each row rises by seven for each
                                      time it takes such a path, and `resume`, which takes none, by nothing
    figures.py --build DIR baseline   no row of bench/baseline.tsv became more than 3% and 2 instructions slower, and two runs
                                      agree in every row
    figures.py --build DIR paths      a trace of all that the hart executes has, on paths of the kernel's alone, as many
                                      instructions as were counted, and everywhere the fences and writes of satp that were
"""

import argparse
import os
import subprocess
import sys
from fractions import Fraction

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tools", "paper")]
import baseline  # noqa: E402 (these lie in tools/)
import bench  # noqa: E402
import paths  # noqa: E402

GROUPS = ("base", "vm", "sched", "ipc", "stride", "work")
# Rows that are what the kernel executes on a path, and nothing else.
KERNEL_ONLY = ("null_call", "exception", "exception_store", "exception_fetch", "page_map", "page_protect", "page_unmap",
               "page_protect_100", "stlb_refill", "pct_roundtrip", "slice_end", "alarm", "yield_to", "slice_to_next", "env_dispatch")
EXTRA = 7
# How many fast paths an operation takes. Rows that are no single operation are not here.
PASSES = {
    "null_call": 1, "exception": 1, "exception_fault": 1, "resume": 0, "user_fault": 2, "page_alloc": 1,
    "page_map": 1, "page_protect": 1, "page_unmap": 1, "page_protect_100": 1, "cap_grant": 1, "cap_drop": 1,
    "stlb_refill": 1, "pct_oneway": 1, "pct_roundtrip": 2, "slice_end": 1, "alarm": 1, "slice_to_next": 1, "env_dispatch": 2, "yield_to": 1, "irq": 1,
    "exception_store": 1, "exception_fetch": 1, "exception_illegal": 1, "exception_unaligned": 1, "exception_float": 1,
    "dirty": 0, "prot1": 1, "prot100": Fraction(1, 100), "unprot100": Fraction(1, 100), "trap": 1, "trap_unprot": 2, "appel1": 3,
    "revoke_request": 1, "revoke_slice": 1, "revoke_irq": 1, "revoke_table": 1,
    "appel2": Fraction(201, 100), "zero_fault": 3, "cow_fault": 3, "radix_fault": 3,
    "inverted_fault": 3, "ranges_fault": 3, "break_1": 1, "break_8": 1, "break_64": 1, "abort_piece_max": 1,
    "pipe_rt": 2, "shm_rt": 2, "pipe_64k": 2, "copy_64k": 0, "lrpc": 2, "tlrpc": 2,
}


def rows_measure(build, *options):
    """The rows of all groups, as exact numbers."""
    bench = os.path.join(ROOT, "tools", "bench.py")
    rows = {}
    for group in GROUPS:
        text = subprocess.run([bench, "--build", build, *options, group], stdout=subprocess.PIPE, check=True, text=True).stdout
        for name, value in (line.split("\t") for line in text.splitlines()):
            if rows.setdefault(name, Fraction(value)) != Fraction(value):
                sys.exit(f"FAILED: {name} is {show(rows[name])} in one group and {value} in another")
    return rows


def show(value):
    return f"{float(value):g}"


def targets_read():
    with open(os.path.join(ROOT, "bench", "targets.tsv"), encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                name, most, _ = line.split("\t")
                yield name, Fraction(most)


def targets_check(build):
    rows = rows_measure(build)
    complaints = []
    for name, most in targets_read():
        if name not in rows:
            complaints.append(f"there is no row {name}")
            continue
        print(f"{name}\t{show(rows[name])}\tat most {show(most)}")
        if rows[name] > most:
            complaints.append(f"{name} is {show(rows[name])}, more than {show(most)}")
    return complaints


def nops_check(build):
    before, after = rows_measure(build), rows_measure(build, "--variant", "nops")
    complaints = []
    for name, passes in PASSES.items():
        rise = after[name] - before[name]
        print(f"{name}\t{show(before[name])}\t{show(after[name])}\t+{show(rise)}")
        if rise != EXTRA * passes:
            complaints.append(f"{name} rose by {show(rise)}, not by {show(EXTRA * Fraction(passes))}")
    return complaints


def baseline_check(build):
    before = {name: Fraction(value) for name, value in baseline.baseline_read().items()}
    first, again = rows_measure(build), rows_measure(build)
    complaints = baseline.complaints(before, first)
    complaints += [f"{name} is {show(first[name])} in one run and {show(again[name])} in the next"
                   for name in first if first[name] != again[name]]
    print(f"{len(before)} rows in {baseline.NAME}, {len(first)} measured twice")
    if complaints:
        complaints.append("what became slower on purpose is written down by `./rivet bench --baseline`")
    return complaints


def paths_check(build):
    rows = rows_measure(build)
    options = bench.parser_make().parse_args(["--build", build])
    complaints = []
    for group in paths.GROUPS:
        for name, path in paths.paths_measure(options, group).items():
            counted = {"fences": rows.get("fences_" + name), "satp": rows.get("satp_" + name)}
            if name in KERNEL_ONLY:
                counted["instructions"] = rows[name]
            complaints += [f"{name} has {getattr(path, kind)} {kind} in the trace and {show(value)} counted"
                           for kind, value in counted.items() if value is not None and getattr(path, kind) != value]
            print(name, *path.cells())
    return complaints


def main():
    checks = {"targets": targets_check, "nops": nops_check, "baseline": baseline_check, "paths": paths_check}
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("check", choices=checks)
    options = parser.parse_args()
    complaints = checks[options.check](options.build)
    if complaints:
        sys.exit("FAILED: " + "; ".join(complaints))


if __name__ == "__main__":
    main()
