#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The symbol table that kernel and programs carry with them, so that a backtrace has names on a machine
without us.

Section .rivet_symbols, symbol `rivet_symbols` at its beginning, little endian:

    u32 count, u32 size of the strings
    count x { u64 address; u32 offset of its name; u32 size }    sorted by address
    the names, each with its NUL

    symbols.py --output T.S              an empty table, for the first link
    symbols.py --output T.S PROGRAM      the table of that program's functions
    symbols.py --same PROGRAM PROGRAM    fails when the two links placed a function differently
"""

import argparse
import subprocess
import sys

HEAD = """/* SPDX-License-Identifier: BSD-2-Clause */
/* Written by tools/symbols.py. */
    .section .rivet_symbols, "a", @progbits
    .balign 8
    .globl rivet_symbols
rivet_symbols:
"""


def functions_read(nm, program):
    """[(address, size, name)] sorted by address, one per address: a global name goes before a local alias."""
    listing = subprocess.run([nm, "--defined-only", "--print-size", "--numeric-sort", program],
                             stdout=subprocess.PIPE, check=True, text=True).stdout
    found = {}
    for line in listing.splitlines():
        *numbers, kind, name = line.split()
        if kind not in "tTwW" or name.startswith((".L", "$")):
            continue
        address, size = int(numbers[0], 16), int(numbers[1], 16) if len(numbers) > 1 else 0
        better = (kind == "T", size > 0)
        if address not in found or better > found[address][0]:
            found[address] = (better, size, name)
    return sizes_fill([(address, size, name) for address, (_, size, name) in sorted(found.items())])


def sizes_fill(functions):
    """A label in assembly has no size: it reaches to the next one."""
    filled = []
    for index, (address, size, name) in enumerate(functions):
        if size == 0 and index + 1 < len(functions):
            size = min(functions[index + 1][0] - address, 0xFFFFFFFF)
        filled.append((address, size, name))
    return filled


def table_write(path, functions):
    names = b""
    rows = []
    for address, size, name in functions:
        rows.append(f"    .8byte {address:#x}\n    .4byte {len(names)}, {size}    /* {name} */\n")
        names += name.encode() + b"\0"
    with open(path, "w", encoding="ascii") as out:
        out.write(HEAD + f"    .4byte {len(functions)}, {len(names)}\n" + "".join(rows))
        out.writelines(f'    .asciz "{name}"\n' for _, _, name in functions)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nm", default="riscv64-unknown-elf-nm")
    parser.add_argument("--output")
    parser.add_argument("--same", action="store_true")
    parser.add_argument("programs", nargs="*")
    options = parser.parse_args()
    tables = [functions_read(options.nm, program) for program in options.programs]
    if options.same and tables[0] != tables[1]:
        moved = sorted(set(tables[0]) ^ set(tables[1]))[0]
        sys.exit(f"symbols: {moved[2]} moved between the links; .rivet_symbols must come last.")
    if options.output:
        table_write(options.output, tables[0] if tables else [])


if __name__ == "__main__":
    main()
