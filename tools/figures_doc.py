#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fills the tables of figures in the pages of docs/ with what the benchmarks measure.

    figures_doc.py            rewrites the pages in place (the CMake target `docs`)
    figures_doc.py --check    only says whether they would change (the test docs.figures)

In docs/architecture.md stand only paths that are assembly from end to end: their lengths change when somebody edits them
and at no other time. docs/memory.md has every row of the group vm, beside what others need for the same; docs/scheduling.md every row
of the group sched, and for each policy how its decisions grow with the number of tasks.
"""

import os
import re
import sys

import bench
import measured
from doc_page import ROOT, options_parse, page_update
from guest import GuestError

STRUCTURES = ("radix", "inverted", "ranges")  # libos/vm/structure/; rows of the first carry no suffix

PATHS = {
    "exception": "an exception, to its handler in the program",
    "exception_fault": "a page fault, to its handler, in a space without an STLB",
    "resume": "from the handler back to the program",
    "null_call": "a call that does nothing (`env_null`)",
    "pct_oneway": "a call into another environment in another space, until its first instruction",
    "pct_roundtrip": "the same and its return",
    "stlb_refill": "a page fault whose address is in the STLB",
    "slice_end": "the end of a slice, to the program's handler",
    "alarm": "an alarm inside a slice, to the program's handler",
    "irq": "an interrupt of a device that is bound to the environment that runs, to its handler",
}

# What each row is, Linux 6.12's instructions for the same (as it is shipped / with everything off that can be), and
# microseconds of ExOS: linear table on a 25 MHz DECstation, then linear and inverted on a slower one.
PRIMITIVES = {
    "dirty": ("has a page been written?", "3,813 / 2,630", "9.8", "17.5 / 8.0"),
    "prot1": ("one page is made read-only", "11,898 / 11,403", "16.9", "32.5 / 23.1"),
    "prot100": ("a hundred are; per page", "151 / 142", "1.09", "2.13 / 2.53"),
    "unprot100": ("and writable again; per page", "214 / 212", "1.43", "2.75 / 3.25"),
    "trap": ("a store to a read-only page, to the handler and past it", "4,562 / 4,375", "4.8", "13.9 / 13.9"),
    "trap_unprot": ("the handler makes the page writable", "13,667 / 12,114", "", ""),
    "appel1": ("... and another one read-only", "28,706 / 27,416", "34.0", "74.4 / 54.4"),
    "appel2": ("100 made read-only, each written, made writable; per page", "15,251 / 14,581", "22.0", "45.9 / 38.8"),
    "zero_fault": ("first store to a page of the heap", "4,524 / 3,406", "", ""),
    "cow_fault": ("first store to a page shared with a copy of the program", "5,583 / 4,463", "", ""),
    "*_fault": ("a page that only the structure knows is looked up and bound", "", "", ""),
}
OTHERS = {
    "stlb_refill": "a page that is in the STLB: filled into the leaf table, unseen by the program (kernel only)",
    "matmul_identity": "150x150 matrix product, all rows in one superpage",
    "matmul": "the same code, rows in 55 regions of 2 MiB, 8 leaf tables",
    "matmul_permille": "how much more that is, in thousandths",
    "matmul_tables": "tables taken from one region for another",
    "matmul_refills": "leaves filled from the STLB",
    "break_1": "all bindings of a frame that is bound once (kernel only)",
    "break_8": "... 8 times",
    "break_64": "... 64 times",
    "revoke_request": "a request for frames, to the first instruction of the victim's handler (kernel only, as all that follow)",
    "revoke_slice": "an abort takes a slice",
    "revoke_irq": "... an interrupt source",
    "revoke_table": "... a page table in which sixteen pages are bound, and its twin",
    "abort_256": "aborts take 256 frames of data, each bound once",
    "abort_piece_max": "the longest piece of an abort, of every kind and in its worst case",
}

SWITCHES = {
    "env_dispatch": ("a scheduler donates to a child on its board, which hands the time back at once: both ways (kernel only)", ""),
    "slice_to_next": ("an environment yields, to the first instruction of the one that has the next slice (kernel only)", ""),
    "slice_to_next_child": ("the same, where the one that yields is a child of a scheduler, which sees what it used", ""),
    "wake_to_scheduler": ("from a child that posts an event to another one that waits for it, to the scheduler of both, whose board says so (kernel only)", "seL4's signal 602"),
    "thread_switch": ("from a thread that gives way to where the next one goes on, round robin's decision included", "FreeRTOS 128, Linux 2,242"),
    "thread_preempt": ("from a thread whose turn ends, by the kernel's timer, to where the next one goes on", ""),
}
TASKS = (10, 100, 1000)  # in bench/decide.c


def architecture_table(rows):
    return [(f"`{name}`", path, rows(name)) for name, path in PATHS.items()]


def primitives_table(rows):
    table = []
    for name, (text, linux, aegis, slower) in PRIMITIVES.items():
        names = [name.replace("*", one) if "*" in name else name if one == STRUCTURES[0] else f"{name}_{one}" for one in STRUCTURES]
        shown = name.replace("*", "STRUCTURE")
        table.append((f"`{shown}`", text, *(rows(one) for one in names), linux, aegis, slower))
    return table


def others_table(rows):
    return [(f"`{name}`", text, rows(name)) for name, text in OTHERS.items()]


def switches_table(rows):
    return [(f"`{name}`", text, rows(name), others) for name, (text, others) in SWITCHES.items()]


def growth(ten, hundred, thousand):
    """How a cost grows with the tasks, as measured: what is in proportion to them is at least twice as great for ten times as many."""
    if thousand <= 1.2 * ten:
        return "not"
    return "with the logarithm" if thousand < 1.9 * hundred else "in proportion"


def policies_read():
    """In the order of the list of policies."""
    with open(os.path.join(ROOT, "libos", "sched", "policies.def"), encoding="utf-8") as file:
        return re.findall(r"^POLICY\((\w+)\)", file.read(), re.M)


def decisions_table(rows):
    table = []
    for name in policies_read():
        costs = [rows(f"decide_{name}_{tasks}") for tasks in TASKS]
        table.append((f"`{name}`", *costs, growth(*(int(cost.replace(",", "")) for cost in costs))))
    return table


# Page, the head of its table, the group whose rows it shows, what makes its lines.
TABLES = [
    ("architecture.md", "| row | path | instructions |\n|---|---|---|\n", "base", architecture_table),
    ("memory.md", "| row | what | radix | inverted | ranges | Linux | ExOS, us | ExOS on the slower machine, linear / inverted, us |\n"
                  "|---|---|---|---|---|---|---|---|\n", "vm", primitives_table),
    ("memory.md", "| row | what | measured |\n|---|---|---|\n", "vm", others_table),
    ("scheduling.md", "| row | what | measured | others |\n|---|---|---|---|\n", "sched", switches_table),
    ("scheduling.md", "| policy | 10 tasks | 100 tasks | 1,000 tasks | grows |\n|---|---|---|---|---|\n", "sched", decisions_table),
]


def row_shown(rows):
    """Name to what a page shows of its value."""
    def row(name):
        if name not in rows:
            sys.exit(f"figures_doc: the benchmark prints no row {name}.")
        whole, _, decimals = rows[name].partition(".")
        return f"{int(whole):,}" + ("." + decimals if decimals else "")

    return row


def page_fill(name, text, groups):
    for page, head, group, lines in TABLES:
        if page != name:
            continue
        pattern = re.compile(re.escape(head) + r"(\|[^\n]*\n)*")
        if not pattern.search(text):
            sys.exit(f"figures_doc: docs/{name} has lost its table of figures.")
        table = head + "".join("| " + " | ".join(cells) + " |\n" for cells in lines(groups[group]))
        text = pattern.sub(lambda _, table=table: table, text)
    return text


def main():
    options = options_parse(__doc__)
    try:
        found = measured.rows_by_group(options.build, options.measured)
    except (bench.BenchError, GuestError) as error:
        sys.exit(f"figures_doc: {error}")
    groups = {group: row_shown(dict(rows)) for group, rows in found.items()}
    for name in dict.fromkeys(page for page, _, _, _ in TABLES):
        page_update("figures_doc", name, lambda text, name=name: page_fill(name, text, groups), options.check)


if __name__ == "__main__":
    main()
