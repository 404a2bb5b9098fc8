#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The recipes of docs/adding.md work as they stand: each step is done in a copy of the tree, in the order of the page.

    recipes.py --build build/rivet --work FOLDER [--page docs/PAGE.md]

What a step does is said by the line above its block:

    New file `PATH`:                             the block is the file
    All of `PATH` now:                           the block is the file, which was there
    In `PATH`, at the end:                       it is appended
    In `PATH`, behind the line with `TEXT`:      it is inserted behind the first such line
    In `PATH`, in place of the line with `TEXT`: it replaces that line
    ```console                                   lines with `$ ` are commands, run in the copy; the lines below one
                                                 must appear in what it prints

NEXT in a line of syscall.def is the next free number.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "docs", "adding.md")
STEPS_LEAST = {"adding.md": 20}  # so that a page whose steps aren't found any more doesn't pass
STEP = re.compile(r"(?:^(?P<what>(?:New file|All of|In) `[^\n]*):\n\n)?^```(?P<kind>[a-z]+)\n(?P<block>.*?)^```$", re.M | re.S)
PLACES = {
    "new": re.compile(r"New file `([^`]+)`"),
    "whole": re.compile(r"All of `([^`]+)` now"),
    "end": re.compile(r"In `([^`]+)`, at the end"),
    "behind": re.compile(r"In `([^`]+)`, behind the line with `([^`]+)`"),
    "replace": re.compile(r"In `([^`]+)`, in place of the line with `([^`]+)`"),
}
LEFT_OUT = shutil.ignore_patterns("build", ".git", "__pycache__")


def file_read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def file_write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def next_number(text):
    return str(max(int(number) for number in re.findall(r"^SYSCALL\((\d+),", text, re.M)) + 1)


def edit(tree, what, block):
    """One step on a file of the copy."""
    for kind, pattern in PLACES.items():
        match = pattern.fullmatch(what)
        if not match:
            continue
        print(f"--- {what}", flush=True)
        path = os.path.join(tree, match[1])
        if kind == "new":
            if os.path.exists(path):
                sys.exit(f"{match[1]} is there already")
            return file_write(path, block)
        text = file_read(path)
        if kind == "whole":
            return file_write(path, block)
        block = block.replace("NEXT", next_number(text)) if path.endswith("syscall.def") else block
        if kind == "end":
            return file_write(path, text + block)
        lines = text.splitlines(keepends=True)
        at = next((number for number, line in enumerate(lines) if match[2] in line), None)
        if at is None:
            sys.exit(f"no line of {match[1]} has {match[2]}")
        lines[at : at + 1] = [lines[at], block] if kind == "behind" else [block]
        return file_write(path, "".join(lines))
    sys.exit(f"the page says what no step does: {what}")


def command_run(tree, command, wanted):
    print(f"$ {command}", flush=True)
    began = time.monotonic()
    result = subprocess.run(["bash", "-c", command], cwd=tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False)
    print(result.stdout[-4000:] + f"({time.monotonic() - began:.0f} s)", flush=True)
    if result.returncode != 0:
        sys.exit(f"it failed with {result.returncode}")
    for line in wanted:
        if line not in result.stdout:
            sys.exit(f"it did not print: {line}")


def console(tree, block):
    commands = []
    for line in block.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        else:
            commands[-1][1].append(line)
    for command, wanted in commands:
        command_run(tree, command, wanted)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", help="not needed: the copy is built by itself")
    parser.add_argument("--work", required=True, help="a folder for the copy; emptied first")
    parser.add_argument("--page", default=PAGE, help="another page of this kind")
    options = parser.parse_args()
    tree = os.path.join(os.path.abspath(options.work), "tree")
    shutil.rmtree(options.work, ignore_errors=True)
    shutil.copytree(ROOT, tree, ignore=LEFT_OUT, symlinks=True)

    steps = 0
    for step in STEP.finditer(file_read(options.page)):
        if step["kind"] == "console":
            console(tree, step["block"])
        elif step["what"]:
            edit(tree, step["what"], step["block"])
        else:
            sys.exit(f"this block of the page belongs to no step: {step['block'][:80]}")
        steps += 1
    if steps < STEPS_LEAST.get(os.path.basename(options.page), 8):
        sys.exit(f"only {steps} steps were found")
    print(f"{steps} steps")


if __name__ == "__main__":
    main()
