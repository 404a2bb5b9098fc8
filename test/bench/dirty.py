#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Looking at a dirty bit takes no instruction of the kernel's or the firmware's.

    dirty.py --build DIR --nm NM --work DIR

Runs the benchmark under QEMU's trace of executed blocks. Between the first instruction of the measured stretch and that
of stretch_end, which the program calls behind it, nothing may run but user mode; a stretch with a call in it, looked at
the same way, has to show the kernel, or the trace would show nothing at all.
"""

import argparse
import os
import re
import subprocess
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from guest import Guest  # noqa: E402 (it lies in tools/)

PROGRAM = "bench_vm"
QUIET, LOUD, END = "stretch_dirty", "stretch_dirty_call", "stretch_end"
BLOCK = re.compile(r"Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/([0-9a-f]+)/")
PRIVILEGE, USER = 3, 0  # the lowest bits of a block's flags
# User mode, the kernel's image, the firmware.
ADDRESSES = "0x10000..0x3fffffffff,0xffffffff80000000..0xffffffff801fffff"


def addresses_find(nm, path):
    """The first instruction of each of the three functions."""
    listing = subprocess.run([nm, path], stdout=subprocess.PIPE, text=True, check=True).stdout
    names = {name: int(address, 16) for address, _, name in re.findall(r"^([0-9a-f]+) (\w) (\w+)$", listing, re.M)}
    return {names[name]: name for name in (QUIET, LOUD, END)}


class Visits:
    """How often each stretch was visited, and in how many of its visits something else than user mode ran."""

    def __init__(self, functions):
        self.functions = functions
        self.count = {QUIET: 0, LOUD: 0}
        self.left = {QUIET: 0, LOUD: 0}
        self.inside = None
        self.others = False

    def see(self, line):
        match = BLOCK.search(line)
        if not match:
            return
        if int(match[2], 16) & PRIVILEGE != USER:
            self.others = True
            return
        function = self.functions.get(int(match[1], 16))
        if function == END and self.inside:
            self.count[self.inside] += 1
            self.left[self.inside] += self.others
            self.inside = None
        elif function:
            self.inside, self.others = function, False


def trace(build, work, visits):
    pipe = os.path.join(work, "dirty.trace")
    if os.path.exists(pipe):
        os.unlink(pipe)
    os.mkfifo(pipe)

    def read():
        with open(pipe, encoding="ascii", errors="replace") as lines:
            for line in lines:
                visits.see(line)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    options = ["-d", "exec,nochain", "-dfilter", ADDRESSES, "-D", pipe]
    try:
        with Guest(build, harts=1, icount=True, extra=options, app=[PROGRAM, "dirty"]) as guest:
            status = guest.wait(90)
    finally:
        os.unlink(pipe)
    reader.join(10)
    return status


def main():
    parser = argparse.ArgumentParser()
    for name in ("build", "nm", "work"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    visits = Visits(addresses_find(options.nm, os.path.join(options.build, "apps", PROGRAM)))
    status = trace(options.build, options.work, visits)
    for name, count in visits.count.items():
        print(f"{name}: {count} visits, {visits.left[name]} of them left user mode")
    if status != 0:
        sys.exit(f"FAILED: {PROGRAM} ended with {status}")
    if not visits.count[QUIET] or not visits.count[LOUD]:
        sys.exit("FAILED: the trace shows no visit to a stretch")
    if visits.left[QUIET]:
        sys.exit(f"FAILED: {QUIET} left user mode")
    if visits.left[LOUD] != visits.count[LOUD]:
        sys.exit("FAILED: the trace does not show the kernel where it was called")


if __name__ == "__main__":
    main()
