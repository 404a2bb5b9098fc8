# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel executes on a path, by kind: loads, stores, atomics, accesses to control registers, fences.

An instruction count knows no memory, so these stand beside it. QEMU traces every block of the kernel's that the hart executes
while a benchmark runs an operation that is COUNTED (bench/measure.h), and disassembles each block when it first meets it. The
kernel takes no exceptions, so a block that begins is executed to its end. The firmware isn't traced, nor is the program.
"""

import os
import re
import subprocess
import tempfile
import threading
from dataclasses import dataclass, fields

import bench
from guest import ERR, OUT, Guest

GROUPS = ("base", "vm", "sched", "ipc")  # with paths to look at
TIMEOUT_SECONDS = 300
KERNEL = "0xffffffff80000000..0xffffffff801fffff"
BLOCK = re.compile(r"Trace \d+: (0x[0-9a-f]+) \[[0-9a-f]+/([0-9a-f]+)/")
STOPPED = "Stopped execution of TB chain before"
LOAD = re.compile(r"(l[bhwd]u?|fl[wd]|lr\.[wd].*)$")
STORE = re.compile(r"(s[bhwd]|fs[wd]|sc\.[wd].*)$")


@dataclass
class Path:
    """Of one operation, in the kernel."""
    instructions: int = 0
    loads: int = 0
    stores: int = 0
    atomics: int = 0
    registers: int = 0  # control registers read or written
    fences: int = 0     # sfence.vma
    satp: int = 0       # writes of satp

    def add(self, other):
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    def part(self, times):
        return Path(*(getattr(self, one.name) // times for one in fields(self)))

    def cells(self):
        return [str(getattr(self, one.name)) for one in fields(self)]


HEADS = [one.name for one in fields(Path)]


def instruction_kind(name, operands):
    path = Path(instructions=1)
    path.loads = int(bool(LOAD.match(name)))
    path.stores = int(bool(STORE.match(name)))
    path.atomics = int(name.startswith("amo"))
    path.registers = int(name.startswith("csr"))
    path.fences = int(name.startswith("sfence"))
    # csrrs and csrrc with zero only read.
    path.satp = int(name.startswith("csrrw") and ",satp," in operands)
    return path


class Trace:
    """Reads QEMU's log line by line, and keeps a Path for each operation, in their order."""

    def __init__(self, begin, end):
        self.begin, self.end = begin, end
        self.operations = []
        self.current = None  # the operation that is going on
        self.blocks = {}     # what QEMU calls a block: what is in it
        self.fresh = None    # a block that was disassembled and not executed yet
        self.last = None     # executed last, as far as we know
        self.listing = False

    def see(self, line):
        if line.startswith("Trace"):
            self.listing = False
            self.executed(line)
        elif line.startswith("IN:"):
            self.listing, self.fresh = True, Path()
        elif self.listing and line.startswith("0x"):
            words = line.split(None, 3)
            self.fresh.add(instruction_kind(words[2], words[3].strip() if len(words) > 3 else ""))
        elif line.startswith(STOPPED) and self.current and self.last:
            for one in fields(Path):  # it was announced and did not happen
                setattr(self.current, one.name, getattr(self.current, one.name) - getattr(self.last, one.name))
            self.last = None

    def executed(self, line):
        match = BLOCK.match(line)
        if not match:
            return
        name, address = match[1], int(match[2], 16)
        if self.fresh:
            self.blocks[name], self.fresh = self.fresh, None
        if address == self.begin:
            self.current, self.last = Path(), None
        elif address == self.end:
            if self.current:
                self.operations.append(self.current)
            self.current = None
        elif self.current:
            self.last = self.blocks[name]
            self.current.add(self.last)


def marks_find(program):
    """Where count_begin and count_end are."""
    try:
        listing = subprocess.run(["riscv64-unknown-elf-nm", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise bench.BenchError(f"The names in {program} can't be read.") from None
    names = {name: int(address, 16) for address, name in re.findall(r"^([0-9a-f]+) \w (\w+)$", listing, re.M)}
    return names["count_begin"], names["count_end"]


def trace(options, app):
    """Runs a program: (what it printed, the operations)."""
    begin, end = marks_find(os.path.join(options.build, "apps", app))
    seen = Trace(begin, end)

    def read(pipe):
        with open(pipe, encoding="ascii", errors="replace") as lines:
            for line in lines:
                seen.see(line)

    with tempfile.TemporaryDirectory(prefix="rivet-paths-") as folder:
        pipe = os.path.join(folder, "trace")
        os.mkfifo(pipe)
        reader = threading.Thread(target=read, args=[pipe], daemon=True)
        reader.start()
        filters = f"{begin:#x}..{begin + 1:#x},{end:#x}..{end + 1:#x},{KERNEL}"
        extra = [*bench.FIXED, "-d", "in_asm,exec,nochain", "-dfilter", filters, "-D", pipe]
        with Guest(options.build, app=[app, "paths"], harts=1, mem="128M", icount=True, qemu=options.qemu, extra=extra) as guest:
            try:
                status = guest.wait(TIMEOUT_SECONDS)
            except AssertionError:
                status = f"no status within {TIMEOUT_SECONDS} s"
            text = guest.text
        reader.join(TIMEOUT_SECONDS)
    if status != 0:
        raise bench.BenchError(f"{app} ended with {status} while it was traced: {bytes(text[ERR]).decode(errors='replace').strip()}")
    return bench.rows_parse(app, text[OUT].decode(errors="replace")), seen.operations


def paths_measure(options, group):
    """Row to Path, of one operation."""
    rows, operations = trace(options, bench.GROUPS[group][0])
    values = dict(rows)
    found = {}
    for name, value in rows:
        if name.startswith("path_"):
            if int(value) > len(operations):
                raise bench.BenchError(f"the trace has {len(operations)} operations, and {name} is the {value}th.")
            found[name[5:]] = operations[int(value) - 1].part(int(values["times_" + name[5:]]))
    return found
