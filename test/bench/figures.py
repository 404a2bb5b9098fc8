#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The figures hold, and could fail.

    figures.py --build DIR [--measured DIR] targets    each row of bench/targets.tsv is printed by a benchmark, and is no
                            worse; a row that two groups print has one value
    figures.py ... nops     with seven more instructions on each fast path, each row rises by seven for each time it takes
                            such a path, and `resume`, which takes none, by nothing
    figures.py ... baseline no row of bench/baseline.tsv became more than 3% and 2 instructions slower, and two runs agree in
                            every row
    figures.py ... paths    a trace of all that the hart executes has, on paths of the kernel's alone, as many instructions
                            as were counted, and everywhere the fences and writes of satp that were

    figures.py --build DIR --measured DIR measure      measures what all of them look at, and keeps it in the folder
    figures.py --build DIR --measured DIR trace        ... what the paths are made of

Without --measured each measures for itself.
"""

import argparse
import os
import sys
from fractions import Fraction

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tools", "paper")]
import baseline  # noqa: E402 (these lie in tools/)
import bench  # noqa: E402
import measured  # noqa: E402
from guest import GuestError  # noqa: E402

NOPS_GROUPS = ("base", "vm", "sched", "ipc")  # with all rows of PASSES
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


def rows_exact(groups):
    """The rows of all groups, as exact numbers."""
    return {name: Fraction(value) for name, value in bench.rows_of(groups).items()}


def rows_kept(options):
    return rows_exact(measured.rows_by_group(options.build, options.measured))


def show(value):
    return f"{float(value):g}"


def targets_read():
    with open(os.path.join(ROOT, "bench", "targets.tsv"), encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                name, most, _ = line.split("\t")
                yield name, Fraction(most)


def targets_check(options):
    rows = rows_kept(options)
    complaints = []
    for name, most in targets_read():
        if name not in rows:
            complaints.append(f"there is no row {name}")
            continue
        print(f"{name}\t{show(rows[name])}\tat most {show(most)}")
        if rows[name] > most:
            complaints.append(f"{name} is {show(rows[name])}, more than {show(most)}")
    return complaints


def nops_check(options):
    slower = bench.parser_make().parse_args(["--build", options.build, "--variant", "nops"])
    before, after = rows_kept(options), rows_exact(bench.groups_measure(slower, NOPS_GROUPS))
    complaints = []
    for name, passes in PASSES.items():
        rise = after[name] - before[name]
        print(f"{name}\t{show(before[name])}\t{show(after[name])}\t+{show(rise)}")
        if rise != EXTRA * passes:
            complaints.append(f"{name} rose by {show(rise)}, not by {show(EXTRA * Fraction(passes))}")
    return complaints


def baseline_check(options):
    before = {name: Fraction(value) for name, value in baseline.baseline_read().items()}
    first, again = rows_kept(options), rows_exact(measured.rows_measure(options.build))
    complaints = baseline.complaints(before, first)
    complaints += [f"{name} is {show(first[name])} in one run and {show(again[name])} in the next"
                   for name in first if first[name] != again[name]]
    print(f"{len(before)} rows in {baseline.NAME}, {len(first)} measured twice")
    if complaints:
        complaints.append("what became slower on purpose is written down by `./rivet bench --baseline`")
    return complaints


def paths_check(options):
    rows = rows_kept(options)
    complaints = []
    for traced in measured.paths_by_group(options.build, options.measured).values():
        for name, path in traced.items():
            counted = {"fences": rows.get("fences_" + name), "satp": rows.get("satp_" + name)}
            if name in KERNEL_ONLY:
                counted["instructions"] = rows[name]
            complaints += [f"{name} has {getattr(path, kind)} {kind} in the trace and {show(value)} counted"
                           for kind, value in counted.items() if value is not None and getattr(path, kind) != value]
            print(name, *path.cells())
    return complaints


def measure(options):
    measured.keep(options.measured, measured.ROWS, measured.rows_measure(options.build))
    return []


def trace(options):
    measured.keep(options.measured, measured.PATHS, measured.paths_measure(options.build))
    return []


def main():
    checks = {"targets": targets_check, "nops": nops_check, "baseline": baseline_check, "paths": paths_check,
              "measure": measure, "trace": trace}
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--measured", metavar="DIR", help="where figures are kept")
    parser.add_argument("check", choices=checks)
    options = parser.parse_args()
    if options.check in ("measure", "trace") and not options.measured:
        parser.error(f"{options.check} needs --measured.")
    try:
        complaints = checks[options.check](options)
    except (bench.BenchError, GuestError) as error:
        sys.exit(f"FAILED: {error}")
    if complaints:
        sys.exit("FAILED: " + "; ".join(complaints))


if __name__ == "__main__":
    main()
