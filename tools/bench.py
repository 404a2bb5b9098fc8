#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The figures: `name<TAB>value` rows, the same on every machine.

Each group is a list of programs that print rows themselves. They run on one hart with counted instructions, a
fixed seed and a fixed date, so a figure changes only when the code does. Rows about the size of the kernel
come from its ELF.
"""

import os
import re
import subprocess
import sys

import run
from guest import ERR, KERNEL, OUT, Guest, GuestError, QEMU_DEFAULT, qemu_check

# A group is a line: its programs, in the order in which they run; those behind the first are variants of it.
GROUPS = {
    "base": ["bench_base"],
    "vm": ["bench_vm", "bench_vm_inverted", "bench_vm_ranges"],
    "sched": ["bench_sched"],
}

FIXED = ["-seed", "1", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
TIMEOUT_SECONDS = 300
ROW = re.compile(r"([a-z][a-z0-9_]*)\t(-?[0-9]+(?:\.[0-9]+)?)")

# kernel_text is instructions, kernel_data what the kernel writes to; read-only data counts in neither.
SECTIONS = {
    "kernel_text": re.compile(r"\.(text|head|init)(\..*)?"),
    "kernel_data": re.compile(r"\.(s?data|s?bss|stack|percpu)(\..*)?"),
}


class BenchError(Exception):
    """One plain sentence."""


def rows_parse(app, text):
    """The rows that a program printed; anything else on its standard output is a mistake."""
    rows = []
    for line in text.splitlines():
        match = ROW.fullmatch(line)
        if not match:
            raise BenchError(f"{app} printed {line!r}, which is no row of a name, a tab and a number.")
        rows.append((match[1], match[2]))
    if not rows:
        raise BenchError(f"{app} printed no row.")
    return rows


def app_measure(options, app, arguments=(), kernel=None):
    machine = {"harts": 1, "mem": "128M", "icount": True, "qemu": options.qemu, "extra": FIXED}
    with Guest(options.build, app=[app, *arguments], kernel=kernel, **machine) as guest:
        try:
            status = guest.wait(TIMEOUT_SECONDS)
        except AssertionError:
            status = f"no status within {TIMEOUT_SECONDS} s"
        said = guest.text
    if status != 0:
        sys.stderr.buffer.write(bytes(said[KERNEL] + said[OUT] + said[ERR]))
        sys.stderr.flush()
        raise BenchError(f"{app} ended with {'a panic' if status is None else status}.")
    sys.stderr.buffer.write(bytes(said[ERR]))
    return rows_parse(app, said[OUT].decode(errors="replace"))


def kernel_sizes(build):
    """Sums the sections of kernel.elf by what they hold."""
    path = os.path.join(build, "kernel.elf")
    try:
        listing = subprocess.run(["riscv64-unknown-elf-size", "-A", path], stdout=subprocess.PIPE, text=True,
                                 check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise BenchError(f"The sections of {path} can't be read.") from None
    sizes = dict.fromkeys(SECTIONS, 0)
    for line in listing.splitlines():
        fields = line.split()
        for name, pattern in SECTIONS.items():
            if len(fields) == 3 and pattern.fullmatch(fields[0]):
                sizes[name] += int(fields[1])
    return [(name, str(size)) for name, size in sizes.items()]


def group_measure(options):
    """All rows of a group. Those that count fences come from a kernel that counts them."""
    kernel = os.path.join(options.build, f"rivet-{options.variant}.bin") if options.variant else None
    rows = [row for app in GROUPS[options.group] for row in app_measure(options, app, kernel=kernel)]
    if options.variant:
        return rows
    # Variants of the first program fence as it does.
    rows += app_measure(options, GROUPS[options.group][0], ["counts"], os.path.join(options.build, "rivet-count.bin"))
    if options.group == "base":
        rows += kernel_sizes(options.build)
    return rows


def rows_check(rows):
    names = [name for name, _ in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BenchError(f"There is more than one row called {', '.join(twice)}.")


def options_parse(arguments):
    build = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "build", "rivet")
    parser = run.Parser(prog="bench", description="Prints one row per figure.", allow_abbrev=False)
    parser.add_argument("--build", default=build, metavar="DIR")
    parser.add_argument("--qemu", default=QEMU_DEFAULT, metavar="PATH")
    parser.add_argument("--check", action="store_true", help="only say whether these arguments are right")
    parser.add_argument("--variant", metavar="NAME", help="measure the kernel rivet-NAME.bin (nops: a slower one)")
    parser.add_argument("--tsv", metavar="FILE", help="write the rows to FILE too")
    parser.add_argument("group", nargs="?", default="base", metavar="GROUP", help=", ".join(GROUPS))
    options = parser.parse_args(arguments)
    if options.group not in GROUPS:
        parser.error(f"There is no group called '{options.group}'; there is: {', '.join(GROUPS)}.")
    return options


def main(arguments):
    options = options_parse(arguments)
    if options.check:
        return 0
    run.signals_end_us()
    try:
        qemu_check(options.qemu)
        rows = group_measure(options)
        rows_check(rows)
        table = "".join(f"{name}\t{value}\n" for name, value in rows)
        sys.stdout.write(table)
        if options.tsv:
            with open(options.tsv, "w", encoding="utf-8") as out:
                out.write(table)
    except (BenchError, GuestError) as error:
        run.say(error)
        return 1
    except OSError as error:
        run.say(f"{error.filename or 'the output'} can't be written ({error.strerror}).")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
