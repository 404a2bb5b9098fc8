#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""./rivet console at the serial line of a machine that runs Rivet: QEMU with a pseudo-terminal in the line's place.

    console_test.py --build build/rivet [--machine icicle]
"""

import argparse
import os
import re
import subprocess
import sys
import time

import pexpect

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
sys.path.insert(0, TOOLS)

from guest import MACHINES, Guest, die_with_parent, qemu_end  # noqa: E402 (its folder is known only now)

LIMIT_SECONDS = 60


def machine_start(build, machine):
    """QEMU, and the name of its line."""
    command = Guest(build, framed=False, machine=machine).command(serial=["-display", "none", "-monitor", "none", "-serial", "pty"])
    qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            preexec_fn=die_with_parent)
    for line in qemu.stdout:
        found = re.search(r"redirected to (/dev/\S+)", line)
        if found:
            return qemu, found[1]
    raise AssertionError("QEMU gave no pseudo-terminal")


def keep_pressing(console, key, wanted):
    """Some keys come too early: for a prompt that nobody was there to see, or for a program that doesn't run yet."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        console.send(key)
        if console.expect_exact([wanted, pexpect.TIMEOUT], timeout=1) == 0:
            return
    raise AssertionError(f"{wanted} did not come")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True, help="where the kernel and the programs were built")
    parser.add_argument("--machine", default="virt", choices=MACHINES)
    options = parser.parse_args()
    qemu, name = machine_start(options.build, options.machine)
    try:
        console = pexpect.spawn(os.path.join(TOOLS, "console.py"), ["--serial", name], timeout=LIMIT_SECONDS,
                                encoding="utf-8", codec_errors="replace", dimensions=(24, 80))
        try:
            console.expect_exact("Ctrl-A x leaves")
            keep_pressing(console, "\r", "rivet> ")
            console.send("echo one two\r")
            console.expect("\none two\r")
            console.send("spin\r")
            keep_pressing(console, "\x03", "spin: stopped (status 130)")
            if options.machine == "icicle":  # it can be neither switched off nor restarted
                console.send("reboot\r")
                console.expect_exact("init: the machine cannot be reset: ")
                qemu_end(qemu)
            else:
                console.send("poweroff\r")
            console.expect_exact(f"{name} is gone.")
            console.expect(pexpect.EOF)
        finally:
            console.close(force=True)
        assert console.exitstatus == 1, console.exitstatus
        qemu.wait(LIMIT_SECONDS)
    finally:
        qemu_end(qemu)
    print("ok")


if __name__ == "__main__":
    main()
