#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""One test in a guest: runs tools/run.py and compares exit status and output with what was promised.

    guest_test.py --status 0 --stdout 'Hello' -- --build build/rivet --harts 4 --timeout 60 hello

Everything the guest said is printed, so that a failure explains itself.
"""

import argparse
import os
import re
import subprocess
import sys

from guest import MACHINES

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run.py")


def complaint_of(options, result):
    """What is wrong with the result, or None."""
    if result.returncode != options.status:
        return f"the exit status is {result.returncode}, not {options.status}"
    streams = (("stdout", options.stdout, result.stdout), ("stderr", options.stderr, result.stderr))
    for name, pattern, text in streams:
        if pattern and not re.search(pattern.encode(), text, re.M | re.S):
            return f"{name} does not match {pattern!r}"
    return None


def skip_reason(options, arguments, machine):
    """Why the test cannot be on this machine, or None."""
    own = [one for one in arguments if one in ("--machine", "--cpu", "--qemu")]
    if machine != "virt" and own:
        return f"it chooses its own machine with {own[0]}"
    if machine != "virt" and options.only_virt:
        return "what it expects is virt's"
    if "--harts" in arguments and int(arguments[arguments.index("--harts") + 1]) > MACHINES[machine].harts_most:
        return "it takes more harts than there are"
    if MACHINES[machine].mem and "--mem" in arguments:
        return "it chooses its own memory"
    if MACHINES[machine].harts_idle and "--icount" in arguments:
        return "with --icount its hart without an MMU, which waits, starves the other"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("--stdout", metavar="REGEX")
    parser.add_argument("--stderr", metavar="REGEX")
    parser.add_argument("--needs", metavar="FILE", help="skip the test (exit 77) where there is none")
    parser.add_argument("--only-virt", action="store_true", help="skip the test on another RIVET_MACHINE")
    parser.add_argument("run", nargs=argparse.REMAINDER, metavar="-- RUN.PY'S ARGUMENTS")
    options = parser.parse_args()
    arguments = options.run[1:] if options.run[:1] == ["--"] else options.run

    machine = os.environ.get("RIVET_MACHINE", "virt")
    why = skip_reason(options, arguments, machine)
    if why:
        print(f"SKIPPED on {machine}: {why}.")
        sys.exit(77)
    if options.needs and not os.path.exists(options.needs):
        print(f"SKIPPED: there is no {os.path.basename(options.needs)}; ./rivet fetch brings it.")
        sys.exit(77)
    result = subprocess.run([RUN, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, check=False)
    for name, text in (("stdout", result.stdout), ("stderr", result.stderr)):
        print(f"--- {name}\n{text.decode(errors='replace')}")
    complaint = complaint_of(options, result)
    if complaint:
        sys.exit(f"FAILED: {complaint}")


if __name__ == "__main__":
    main()
