#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Linux beside Rivet.

    linux.py --build DIR same                What is called the same code is: both programs are linked with the same object
                                             files, and the machine code of these is in both.
    linux.py --build DIR anywhere            What Linux and the bare firmware run is byte for byte the same wherever the
                                             clone lies: else what they take would depend on it.
    linux.py --build DIR --fetch DIR table   `./rivet bench --linux` prints at least 15 operations with their ratios; what is
                                             the same code takes the same within 1%; a second run agrees to the instruction.
                                             Skipped (77) where Linux was not fetched.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, "tools", "bench.py")
FIGURES = os.path.join(ROOT, "build", "bench", "linux.tsv")
PROGRAMS = ("apps/bench_work", "linux/init")
MEASURED = {"matrix_multiply": "matrix", "block_copy": "block", "block_checksum": "block"}  # function: source
SAME_ROWS = ("matrix", "block_copy", "block_checksum")
WANTED_ROWS = ("boot", "null_call", "exception", "exception_fault", "prot1", "prot100", "trap", "appel1", "appel2", "zero_fault",
               "thread_switch", "yield_to", "duplicate_life", "alarm", *SAME_ROWS)
LEAST_ROWS = 15
SKIPPED = 77


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


# The same code


def object_of(source):
    return f"bench/CMakeFiles/bench_same.dir/same/{source}.c.obj"


def code_of(objcopy, path, function):
    """A function's section, in which there are no addresses: linking changes nothing of it."""
    with tempfile.NamedTemporaryFile() as out:
        output(objcopy, "-O", "binary", "-j", f".text.{function}", path, out.name)
        return out.read()


def same_check(options):
    complaints = []
    for program in PROGRAMS:
        linked_with = output("ninja", "-C", options.build, "-t", "query", program).decode()
        with open(os.path.join(options.build, program), "rb") as file:
            contents = file.read()
        for function, source in MEASURED.items():
            code = code_of(options.cross + "objcopy", os.path.join(options.build, object_of(source)), function)
            print(f"{program}: {function}, {len(code)} bytes")
            if object_of(source) not in linked_with:
                complaints.append(f"{program} is not linked with {object_of(source)}")
            if len(code) < 16 or code not in contents:
                complaints.append(f"{program} has another {function} than {object_of(source)}")
    return complaints


# The same bytes from another clone


def commands_of(options, program):
    return output("ninja", "-C", options.build, "-t", "commands", program).decode().splitlines()


def anywhere_check(options):
    complaints = []
    build = os.path.abspath(options.build)
    with tempfile.TemporaryDirectory(prefix="a-clone-that-lies-elsewhere-") as elsewhere:
        for folder in ("bench/linux", "bench/same", "kernel/abi", "libos"):
            shutil.copytree(os.path.join(ROOT, folder), os.path.join(elsewhere, folder))
        for program in ("linux/init", "linux/firmware"):
            for command in commands_of(options, program):
                for out in re.findall(r"-o (\S+)", command):
                    os.makedirs(os.path.dirname(os.path.join(elsewhere, "build", out)), exist_ok=True)
                command = command.replace(build, os.path.join(elsewhere, "build")).replace(ROOT, elsewhere)
                subprocess.run(command, shell=True, check=True, cwd=os.path.join(elsewhere, "build"))
            with open(os.path.join(build, program), "rb") as one, open(os.path.join(elsewhere, "build", program), "rb") as other:
                here, there = one.read(), other.read()
            print(f"{program}: {len(here)} bytes")
            if here != there:
                complaints.append(f"{program} is another one when the clone lies elsewhere")
    return complaints


# The table


def run(options, group, linux=True):
    """The lines of one run, as fields, and all of Linux's figures."""
    command = [BENCH, "--build", options.build, *(["--fetch", options.fetch, "--linux"] if linux else []), *group]
    lines = [line.split("\t") for line in output(*command).decode().splitlines()]
    with open(FIGURES, encoding="utf-8") as file:
        return lines, file.read()


def ratio_is_right(rivet, linux, ratio):
    return float(rivet) > 0 and abs(float(linux) / float(rivet) - float(ratio)) <= 0.005001


def table_check(options):
    if not glob.glob(os.path.join(options.fetch, "riscv64.root", "boot", "vmlinu[xz]-*")):
        print("SKIPPED: there is no Linux; ./rivet fetch brings it.")
        sys.exit(SKIPPED)
    (head, *lines), figures = run(options, [])
    print(*("\t".join(line) for line in lines), sep="\n")
    complaints = [] if head == ["operation", "Rivet", "Linux", "ratio"] else [f"the head is {head}"]
    rows = {line[0]: line for line in lines}
    if len(rows) < LEAST_ROWS or len(rows) != len(lines):
        complaints.append(f"{len(rows)} operations in {len(lines)} lines are not {LEAST_ROWS} or more, each once")
    complaints += [f"there is no {name}" for name in WANTED_ROWS if name not in rows]
    complaints += [f"the ratio of {line} is wrong" for line in lines if len(line) != 4 or not ratio_is_right(*line[1:])]
    complaints += [f"{name} is {rows[name][1]} here and {rows[name][2]} on Linux" for name in SAME_ROWS
                   if name in rows and not 0.99 <= float(rows[name][3]) <= 1.01]
    alone, again = dict(run(options, ["work"], linux=False)[0]), run(options, ["work"])
    complaints += [f"{name} is not what ./rivet bench work prints" for name in SAME_ROWS if alone[name] != rows[name][1]]
    complaints += [] if again[1] == figures else [f"a second run differs:\n{figures}\n{again[1]}"]
    complaints += [f"with a group there is {line[0]}" for line in again[0][1:] if line not in lines or line[0] == "null_call"]
    return complaints


CHECKS = {"same": same_check, "anywhere": anywhere_check, "table": table_check}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--fetch", default=os.path.join(ROOT, "build", "fetch"))
    parser.add_argument("--cross", default="riscv64-unknown-elf-")
    parser.add_argument("check", choices=tuple(CHECKS))
    options = parser.parse_args()
    complaints = CHECKS[options.check](options)
    if complaints:
        sys.exit("FAILED: " + "; ".join(complaints))


if __name__ == "__main__":
    main()
