# SPDX-License-Identifier: BSD-2-Clause
"""report.html: the paper's experiments as bar charts, one file without anything from the network.

It begins with where others are better, because that is what a reader has to know first.
"""

import os
import platform
import subprocess
import sys
from html import escape

import charts
from experiments import ROOT, TITLE, beaten_by
from linux_figures import linux_read

PATH_HEADS = ("instructions", "loads", "stores", "atomics", "registers", "fences", "satp")

STYLE = os.path.join(ROOT, "tools", "sched", "report.css")


def page_part(path):
    with open(path, encoding="utf-8") as source:
        return source.read()


def output_of(*command):
    try:
        return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def rows_named(found):
    return "; ".join(f"<b>{one.row.name}</b> ({one.system} {one.theirs}, Rivet {one.ours})" for one in found)


def verdict(listed, values, linux):
    """The first paragraph."""
    worse = beaten_by(listed, values, ("Ultrix", "Linux"), linux)
    against = "Ultrix or Linux" if linux else "Ultrix"
    text = (f"{against} needs less than Rivet in {len(worse)} {'row' if len(worse) == 1 else 'rows'}: {rows_named(worse)}." if worse else
            f"{against} needs less than Rivet in no row.")
    text += "" if linux else " Linux was not measured: <code>./rivet bench paper --linux</code> does."
    older = beaten_by(listed, values, ("Aegis", "ExOS", "L3"), {})
    if older:
        text += f" The exokernel of 1995 needs less in {len(older)}: {rows_named(older)}."
    return f'<p class="{"failed" if worse else ""}" id="verdict">{text}</p>'


def chart(table, values, linux):
    return charts.stride_chart(table, values) if table.key == "stride" else charts.table_chart(table, values, linux)


def table_section(table, values, linux):
    return (f'<h2 id="{table.key}">{escape(table.title)}</h2><p>{escape(table.of_paper.capitalize())}. {escape(table.differs)}</p>'
            f'<div class="wide">{chart(table, values, linux)}</div>')


def method_section(linux):
    of_linux = ("<p>Linux is Debian's kernel on the same QEMU with the same flags: as it is shipped (stock) and with everything off "
                "that can be (lean).</p>" if linux else "")
    return (f'<h2 id="method">What the bars are</h2><p>Rivet: instructions of every mode, kernel, firmware and program, on one hart '
            "under QEMU's <code>-icount shift=0</code>; the same on every machine, so two runs agree to the instruction.</p>"
            f"{of_linux}<p>The paper's machines: its microseconds as cycles of its processors (25 MHz, or 12.5 of the DEC2100), which "
            "is the most instructions that they can have been; where it counts instructions itself, these. Its processors waited for "
            "memory, so a bar of 1995 is longer than its instructions.</p><p>An instruction count knows no cache, no TLB and no "
            f"pipeline: docs/results.md says what else a path costs. The experiments are those of {escape(TITLE)}.</p>")


def paths_section(paths):
    heads = "".join(f"<th>{name}</th>" for name in ("path", *PATH_HEADS))
    rows = "".join(f"<tr><td>{name}</td>{''.join(f'<td>{cell}</td>' for cell in path.cells())}</tr>" for name, path in paths.items())
    return ('<h2 id="paths">What an instruction count does not show</h2><p>Loads, stores and fences cost what the memory and the TLB '
            "of a machine make of them. So many of them does the kernel execute on each path: counted in a trace of all that the hart "
            "executed (<code>./rivet bench GROUP --paths</code>). Registers are accesses to control registers; fences are "
            "<code>sfence.vma</code>; satp are writes of the register that says which page tables count.</p>"
            f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>')


def run_section():
    facts = [("command", f"<code>{escape(' '.join(['./rivet', 'bench', *sys.argv[1:]]))}</code>"),
             ("commit", f"<code>{escape(output_of('git', 'describe', '--always', '--dirty', '--abbrev=12') or 'unknown')}</code>"),
             ("QEMU", escape((output_of("qemu-system-riscv64", "--version").splitlines() or ["unknown"])[0])),
             ("compiler", escape((output_of("riscv64-unknown-elf-gcc", "--version").splitlines() or ["unknown"])[0])),
             ("Python", platform.python_version())]
    rows = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in facts)
    return f'<h2 id="run">What was run</h2><div class="wide"><table class="prose">{rows}</table></div>'


def report_make(listed, values, paths, linux):
    """paths: name to what its path is made of."""
    title = "Rivet: the exokernel paper's experiments"
    links = " ".join(f'<a href="#{key}">{escape(text)}</a>' for key, text in
                    [*((table.key, table.title) for table in listed), ("paths", "Loads, stores, fences"), ("method", "What the bars are"), ("run", "What was run")])
    body = [f"<h1>{title}</h1>", verdict(listed, values, linux), f"<nav>{links}</nav>",
            *(table_section(table, values, linux) for table in listed), paths_section(paths), method_section(linux), run_section()]
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{title}</title><style>{page_part(STYLE)}</style></head><body>{''.join(body)}</body></html>\n")


def report_write(path, listed, values, paths):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as out:
        out.write(report_make(listed, values, paths, linux_read()))
    os.replace(path + ".new", path)
