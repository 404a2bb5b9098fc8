#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plants bugs into copies of policies, one at a time, and requires that the test of the promise that each breaks fails.

    planted.py --commands COMPILE_COMMANDS --sources DIR --build DIR --program NAME=OBJECT,... [--plants FILE...]
               -- COMPILER WORD...     with what to link, behind the objects

A file of plants/ lists bugs in this form; each is a mistake that somebody could make:

    plant FILE PROGRAM TEST     a file of libos/sched; a test program, and the filter of the tests that have to fail.
                                HEADER.h:FILE: in that header, for this file alone
    what is wrong then, a line or more
    - a line of the source
    + what stands there instead, or nothing

Lines that follow each other are one piece of the text, which the file has exactly once. A plant may have several pieces.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

PLANTS = pathlib.Path(__file__).resolve().parent / "plants"
SECONDS = 120  # for one program
JOBS = 2


class PlantError(Exception):
    """The plant is wrong, not the test; its text is one sentence."""


class Plant:
    """One bug."""

    def __init__(self, where, words):
        if len(words) != 3:
            raise PlantError(f"{where}: a plant has a file, a program and a test.")
        self.where = where
        self.file, self.program, self.test = words
        self.file, _, self.unit = self.file.partition(":")
        self.unit = self.unit or self.file  # what is compiled
        self.what, self.pieces, self.last = [], [], ""

    def line(self, text):
        """A line below the first."""
        mark, rest = text[:1], text[2:] + "\n"
        if mark not in "+-":
            self.what.append(text.strip())
        elif mark == "-" and self.last != "-":
            self.pieces.append([rest, ""])
        elif not self.pieces:
            raise PlantError(f"{self.where}: nothing is taken out before something is put in.")
        else:
            self.pieces[-1][mark == "+"] += rest
        self.last = mark

    def apply(self, text):
        for before, after in self.pieces:
            if text.count(before) != 1:
                raise PlantError(f"{self.where}: {self.file} has changed, the bug has no place there any more.")
            text = text.replace(before, after)
        return text


def plants_read(path):
    plants = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        where = f"{path.name}:{number}"
        if text.startswith("plant "):
            plants.append(Plant(where, text.split()[1:]))
        elif plants and text.strip() and not text.startswith("#"):
            plants[-1].line(text)
        elif text.strip() and not text.startswith("#"):
            raise PlantError(f"{where}: this line belongs to no plant.")
    if not all(plant.pieces and plant.what for plant in plants) or not plants:
        raise PlantError(f"{path.name}: each plant says what is wrong, and what stands where.")
    return plants


def run(command, directory):
    result = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False)
    if result.returncode:
        raise PlantError(f"'{command[0]}' failed: {result.stdout}")


def program_build(plant, options, commands):
    """The program with another version of one file; its path."""
    source = pathlib.Path(options.sources) / plant.unit
    name = re.sub(r"\W", "_", plant.where)
    made, before = options.build / f"{name}.o", options.build / f"{name}_headers"
    planted = options.build / f"{name}.c" if plant.unit == plant.file else before / "libos/sched" / plant.file
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(plant.apply((pathlib.Path(options.sources) / plant.file).read_text()))
    entry = next((e for e in commands if e["file"] == str(source) and "/policies.dir/" in e["command"]), None)
    if entry is None or plant.program not in options.programs:
        raise PlantError(f"{plant.where}: the build has no {plant.unit} or no {plant.program}.")
    command = shlex.split(entry["command"])
    command[command.index("-o") + 1] = str(made)
    command[command.index("-c") + 1] = str(planted if plant.unit == plant.file else source)
    command[1:1] = ["-I", str(before)]  # in front of all others
    run([*command, "-Wno-error"], entry["directory"])
    program = options.build / name
    run([options.link[0], *options.programs[plant.program], str(made), *options.link[1:], "-o", str(program)], ".")
    return program


def found(plant, options, commands):
    """What the test says against the planted bug, or None."""
    program = program_build(plant, options, commands)
    run_ = subprocess.run([program, plant.test], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS,
                          text=True, errors="replace", check=False, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    if run_.returncode and "[  FAILED  ]" in run_.stdout:
        lines = [line for line in run_.stdout.splitlines() if re.search(r"(?i)error: (?!failure)|ERROR", line)]
        return lines[0].strip() if lines else "the test fails"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commands", required=True, type=pathlib.Path, metavar="FILE")
    parser.add_argument("--sources", required=True, metavar="DIR", help="libos/sched as it was compiled")
    parser.add_argument("--build", required=True, type=pathlib.Path, metavar="DIR")
    parser.add_argument("--program", action="append", required=True, metavar="NAME=OBJECT,...")
    parser.add_argument("--plants", nargs="+", type=pathlib.Path, default=sorted(PLANTS.glob("*.txt")), metavar="FILE")
    cut = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:cut])
    options.link = sys.argv[cut + 1:]
    options.programs = {name: objects.split(",") for name, objects in (one.split("=", 1) for one in options.program)}
    options.build.mkdir(parents=True, exist_ok=True)
    commands = json.loads(options.commands.read_text())
    missed = 0
    try:
        plants = [plant for path in options.plants for plant in plants_read(path)]
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            for plant, says in zip(plants, pool.map(lambda plant: found(plant, options, commands), plants)):
                print(f"{plant.where}: {' '.join(plant.what)}: {says or 'NOT FOUND by ' + plant.test}", flush=True)
                missed += says is None
    except PlantError as error:
        sys.exit(f"planted: {error}")
    except subprocess.TimeoutExpired as error:
        sys.exit(f"planted: '{error.cmd[0]}' takes longer than {SECONDS} s.")
    print(f"planted: {missed} of {len(plants)} bugs not found")
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
