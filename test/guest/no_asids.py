#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Where the machine has no ASIDs, every switch of space flushes the TLB.

    no_asids.py --build build/rivet

QEMU flushes by itself when satp is written, so no program can see that the kernel forgot to. This test looks at the
instructions that QEMU executed: behind each write of satp where boot leaves a nop, it must have put sfence.vma.
"""

import argparse
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))

from guest import OUT, Guest  # noqa: E402 (its folder is known only now)

LIMIT_SECONDS = 60
SITES_LEAST = 2  # a call to the console and its return
INSTRUCTION = re.compile(r"^(0x[0-9a-f]{16}):\s+[0-9a-f]+\s+(\S.*?)\s*$", re.M)
SATP_WRITE = re.compile(r"csrrw\s+zero,satp,")


def executed(build, append, facts):
    """Every instruction of the kernel's that a run executed, by its address as a number."""
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "instructions")
        with Guest(build, harts=1, append=append, app=["test_machine"], extra=["-d", "in_asm", "-D", log]) as guest:
            status = guest.wait(LIMIT_SECONDS)
            said = bytes(guest.text[OUT])
        if status != 0 or facts not in said:
            sys.exit(f"FAILED: with {append} the program ended with {status} and said {said!r}")
        with open(log, encoding="utf-8", errors="replace") as text:
            found = {int(address, 16): what for address, what in INSTRUCTION.findall(text.read())}
    return {address: what for address, what in found.items() if address >> 31 == 0x1FFFFFFFF}


def behind_satp(instructions, what):
    """Where the instruction behind a write of satp is this one."""
    writes = [address for address, text in instructions.items() if SATP_WRITE.match(text)]
    return {at + 4 for at in writes if instructions.get(at + 4, "").split()[:1] == [what]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True, help="where the kernel and the programs were built")
    build = parser.parse_args().build

    sites = behind_satp(executed(build, [], b"asid_bits 16"), "nop")
    without = executed(build, ["no_asids"], b"asid_bits 0")
    flushed, forgotten = behind_satp(without, "sfence.vma"), behind_satp(without, "nop")
    print(f"{len(sites)} switches of space with ASIDs; without, {len(flushed)} flush and {len(forgotten)} do not")
    if len(sites) < SITES_LEAST or forgotten or not sites <= flushed:
        sys.exit("FAILED: " + ", ".join(f"{site:x}" for site in sorted(sites - flushed | forgotten)))


if __name__ == "__main__":
    main()
