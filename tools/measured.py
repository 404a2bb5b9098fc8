# SPDX-License-Identifier: BSD-2-Clause
"""What the benchmarks print and the kernel executes on their paths: measured, or read where it was kept.

The same build has the same figures, so tests that look at them from several sides share one measurement. The tests
bench.measure and bench.trace keep it (fixtures of ctest: they run before whoever reads). A file is believed only while it is
newer than all that was booted for it; who is given no folder measures.
"""

import json
import os

import bench
import paths  # behind bench, which says where it is

BOOTED = ("rivet.bin", "rivet-count.bin", "initrd.cpio", "kernel.elf")
ROWS, PATHS = "rows.json", "paths.json"


def options_of(build):
    return bench.parser_make().parse_args(["--build", build])


def rows_measure(build):
    return bench.groups_measure(options_of(build), list(bench.GROUPS))


def paths_measure(build):
    options = options_of(build)
    return {group: {name: vars(one) for name, one in paths.paths_measure(options, group).items()} for group in paths.GROUPS}


def keep(folder, name, found):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    with open(path + ".new", "w", encoding="utf-8") as out:
        json.dump(found, out, indent=1)
    os.replace(path + ".new", path)


def kept_read(folder, name, build):
    path = os.path.join(folder, name)
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        stale = [one for one in BOOTED if os.path.getmtime(os.path.join(build, one)) > os.path.getmtime(path)]
    except OSError as error:
        raise bench.BenchError(f"{error.filename} can't be read ({error.strerror}).") from None
    if stale:
        raise bench.BenchError(f"{path} was measured before {stale[0]} was built: it has to be measured anew.")
    return found


def rows_by_group(build, folder=None):
    """Group to its rows, (name, value) each."""
    found = kept_read(folder, ROWS, build) if folder else rows_measure(build)
    return {group: [(name, value) for name, value in rows] for group, rows in found.items()}


def paths_by_group(build, folder=None):
    """Group to Path of each of its paths, by the name of their rows."""
    found = kept_read(folder, PATHS, build) if folder else paths_measure(build)
    return {group: {name: paths.Path(**one) for name, one in traced.items()} for group, traced in found.items()}
