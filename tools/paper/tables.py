# SPDX-License-Identifier: BSD-2-Clause
"""The paper's tables as text: a block per table, a line per row, its cells apart by tabs or, for people, by columns.

A line that begins with # says what follows: which table is repeated, by which programs, and what had to differ.
"""

import textwrap

from experiments import TITLE, best_text, shown

WIDTH = 118
COLUMNS = ("row", "Rivet", "the paper", "what is measured")


def comment(text):
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def columns_text(lines):
    """Lines of cells, the second one to the right, the others to the left."""
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    return ["  ".join(cell.rjust(width) if place == 1 else cell.ljust(width)
                      for place, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines]


def table_lines(table, values, pretty):
    head = f"{table.title}: {table.of_paper}; by {', '.join('bench/' + one for one in table.sources)}. {table.differs}"
    lines = [(row.name, shown(values[row.name]) if pretty else values[row.name], best_text(row) or "-", row.text)
             for row in table.rows]
    return comment(head) + (columns_text([COLUMNS, *lines]) if pretty else ["\t".join(line) for line in lines])


def tables_text(tables, values, pretty):
    """values: name to figure; pretty: for people, in columns."""
    head = comment(f"The experiments of '{TITLE}'. Rivet: instructions, those of every mode. The paper: times on its machines; "
                   "25 cycles of the DEC5000/125 are a microsecond, 12.5 of the DEC2100.")
    blocks = ["\n".join(head), *("\n".join(table_lines(table, values, pretty)) for table in tables)]
    return "\n\n".join(blocks) + "\n"
