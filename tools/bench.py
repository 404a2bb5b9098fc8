#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The figures: `name<TAB>value` rows, the same on every machine.

Each group is a list of programs that print rows themselves. They run on one hart with counted instructions, a
fixed seed and a fixed date, so a figure changes only when the code does. Rows about the size of the kernel
come from its ELF. `paper` is no group: it runs those that the experiments of the 1995 paper need, prints their tables
and draws them (paper/).
"""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "paper"))
import baseline
import experiments
import linux_bench
import linux_figures
import run
from guest import ERR, KERNEL, MACHINES, OUT, Guest, GuestError, QEMU_DEFAULT, qemu_check

# A group is a line: its programs, in the order in which they run; those behind the first are variants of it.
GROUPS = {
    "base": ["bench_base"],
    "vm": ["bench_vm", "bench_vm_inverted", "bench_vm_ranges"],
    "sched": ["bench_sched"],
    "ipc": ["bench_ipc"],
    "stride": ["bench_stride"],
    "work": ["bench_work"],
}
PAPER = "paper"

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
    machine = {"machine": options.machine, "harts": 1, "mem": "128M", "icount": True, "qemu": options.qemu, "extra": FIXED}
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


def group_measure(options, group):
    """All rows of a group. Those that count fences come from a kernel that counts them."""
    kernel = os.path.join(options.build, f"rivet-{options.variant}.bin") if options.variant else None
    rows = [row for app in GROUPS[group] for row in app_measure(options, app, kernel=kernel)]
    if not options.variant:
        # Variants of the first program fence as it does.
        rows += app_measure(options, GROUPS[group][0], ["counts"], os.path.join(options.build, "rivet-count.bin"))
    if group == "base" and not options.variant:
        rows += kernel_sizes(options.build)
    names = [name for name, _ in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BenchError(f"There is more than one row called {', '.join(twice)}.")
    return rows


def groups_measure(options, groups):
    """Group to rows. What two groups print, both print the same."""
    measured, seen = {}, {}
    for group in groups:
        if len(groups) > 1 and sys.stderr.isatty():
            run.say(f"measuring {group}")
        measured[group] = group_measure(options, group)
        for name, value in measured[group]:
            if seen.setdefault(name, value) != value:
                raise BenchError(f"{name} is {seen[name]} in one group and {value} in another.")
    return measured


# What is done with them


def rows_of(measured):
    """Name to value of all groups."""
    return {name: value for rows in measured.values() for name, value in rows}


def paths_of(options, groups):
    """Row to what its path is made of."""
    import paths
    found = {}
    for group in groups:
        if group in paths.GROUPS:
            if len(groups) > 1 and sys.stderr.isatty():
                run.say(f"tracing {group}")
            found |= paths.paths_measure(options, group)
    return found


def paths_text(options, groups):
    import paths
    if options.group not in paths.GROUPS:
        raise BenchError(f"Only these groups have paths to look at: {', '.join(paths.GROUPS)}.")
    lines = [(name, *path.cells()) for name, path in paths_of(options, groups).items()]
    return lines_text([("path", *paths.HEADS), *lines])


def lines_text(lines):
    return "".join("\t".join(line) + "\n" for line in lines)


def baseline_update(options, measured):
    before = baseline.baseline_read() if os.path.exists(baseline.FILE) else {}
    baseline.baseline_write(measured)
    if options.linux:
        shutil.copyfile(linux_figures.FILE, linux_figures.KEPT)
    return lines_text(line for line in baseline.compare_lines(before, rows_of(measured)) if line[1] != line[2])


def compare(options, measured):
    after = rows_of(measured)
    before = options.before
    if options.group:  # other groups' are not gone, they were not asked for
        before = {name: value for name, value in before.items() if name in after}
    lines = baseline.compare_lines(before, after)
    changed = sum(old != new for _, old, new, _ in lines)
    run.say(f"{changed} of {len(lines)} rows changed since {options.compare}.")
    return lines_text(lines)


def paper(options, measured):
    import report
    import tables
    listed, values = experiments.tables_read(), rows_of(measured)
    missing = [row.name for table in listed for row in table.rows if row.name not in values]
    if missing:
        raise BenchError(f"bench/paper.tsv lists {missing[0]}, which no benchmark prints.")
    report.report_write(options.report, listed, values, paths_of(options, measured))
    run.say(f"the report is {os.path.relpath(options.report)}")
    text = tables.tables_text(listed, values, sys.stdout.isatty())
    return text + ("\n# Beside Linux\n" + lines_text(options.beside) if options.beside else "")


# Options


def parser_make():
    top = os.path.join(experiments.ROOT, "build")
    parser = run.Parser(prog="bench", description="Prints one row per figure.", allow_abbrev=False)
    add = parser.add_argument
    add("--build", default=os.path.join(top, "rivet"), metavar="DIR")
    add("--qemu", default=QEMU_DEFAULT, metavar="PATH")
    add("--machine", type=run.machine_parse, default="virt", metavar="NAME", help="virt (the default), sifive_u, u54 or icicle")
    add("--check", action="store_true", help="only say whether these arguments are right")
    add("--variant", metavar="NAME", help="measure the kernel rivet-NAME.bin (nops: a slower one)")
    add("--tsv", metavar="FILE", help="write what is printed to FILE too")
    add("--report", default=os.path.join(top, "bench", "report.html"), metavar="FILE", help="where paper draws its charts")
    add("--paths", action="store_true", help="what the kernel executes on each path of a group: loads, stores, fences ...")
    add("--compare", metavar="REV", help="the change of each row since a revision of this repository, in percent")
    add("--rebuild", action="store_true", help="with --compare: build and measure that revision; otherwise its bench/baseline.tsv counts")
    add("--baseline", action="store_true", help="write bench/baseline.tsv anew, with --linux bench/linux.tsv too; prints what changed")
    add("--linux", action="store_true", help="measure Debian's Linux too, and print both beside each other")
    add("--fetch", default=os.path.join(top, "fetch"), metavar="DIR", help="where ./rivet fetch left it")
    add("group", nargs="?", metavar="GROUP", help=f"{', '.join(GROUPS)}, or {PAPER}")
    return parser


def combination_wrong(options):
    """A sentence about words that don't go together, or None."""
    other = options.machine != "virt" or options.variant
    only = "and only the machine that the figures are of."
    if options.group and options.group not in (*GROUPS, PAPER):
        return f"There is no group called '{options.group}'; there is: {', '.join((*GROUPS, PAPER))}."
    if MACHINES[options.machine].harts_idle:
        return f"{options.machine} has a hart that only waits, and instructions can't be counted beside it."
    if options.baseline and (options.group or options.compare or options.paths or other):
        return f"--baseline measures all groups, {only}"
    if options.paths and (options.compare or options.linux or options.group == PAPER or other):
        return f"--paths takes a group or none, {only}"
    if options.compare and (options.linux or options.group == PAPER or other):
        return f"--compare takes a group or none, {only}"
    if options.linux and other:
        return f"--linux takes a group or none, {only}"
    if options.group == PAPER and other:
        return "paper has only the machine that the figures are of; its groups take --machine one by one."
    if options.rebuild and not options.compare:
        return "--rebuild is for --compare."
    return None


def options_parse(arguments):
    parser = parser_make()
    options = parser.parse_args(arguments)
    wrong = combination_wrong(options)
    if wrong:
        parser.error(wrong)
    return options


def groups_wanted(options):
    if options.group and options.group != PAPER:
        return [options.group]
    return list(GROUPS) if options.group or options.compare or options.baseline or options.linux else ["base"]


def text_make(options):
    """All that goes to standard output."""
    groups = groups_wanted(options)
    if options.compare:  # first, so that a revision that is none is told at once
        if options.rebuild:
            import rebuild
            options.before = rebuild.rows_of_revision(options.compare, groups, options)
        else:
            options.before = baseline.baseline_of(options.compare)
    if options.paths:
        options.group = groups[0]
        return paths_text(options, groups)
    if options.linux:
        linux_bench.linux_find(options)  # first, for the same reason
    measured = groups_measure(options, groups)
    options.beside = list(linux_bench.beside(options, rows_of(measured))) if options.linux else []
    for wanted, make in ((options.baseline, baseline_update), (options.compare, compare), (options.group == PAPER, paper)):
        if wanted:
            return make(options, measured)
    return lines_text(options.beside or measured[groups[0]])


def main(arguments):
    options = options_parse(arguments)
    if options.check:
        return 0
    run.signals_end_us()
    try:
        qemu_check(options.qemu)
        text = text_make(options)
        sys.stdout.write(text)
        if options.tsv:
            with open(options.tsv, "w", encoding="utf-8") as out:
                out.write(text)
    except (BenchError, GuestError, baseline.BaselineError, experiments.ListError,
            linux_bench.LinuxError) as error:
        run.say(error)
        return 1
    except OSError as error:
        run.say(f"{error.filename or 'the output'} can't be written ({error.strerror}).")
        return 1
    return 0


if __name__ == "__main__":
    import bench  # ourselves, by the name by which the modules of paper/ know us
    sys.exit(bench.main(sys.argv[1:]))
