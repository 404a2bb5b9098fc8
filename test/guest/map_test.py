#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel's page tables map, as QEMU's monitor sees them while the shell waits: nothing is writable and
executable, no page of code is writable at another address, and each stack has an unmapped page below it."""

import argparse
import re
import subprocess
import sys
import time

LINE = re.compile(r"^([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{16}) ([rwxugad-]+)\s*$", re.M)
KERNEL = 1 << 63
STACK_GAPS = 8  # one below the stack of each hart that the kernel has room for


def mappings_read(build, qemu):
    process = subprocess.Popen(
        [qemu, "-M", "virt", "-smp", "1", "-m", "64M", "-display", "none", "-serial", "null", "-monitor", "stdio",
         "-kernel", f"{build}/rivet.bin", "-initrd", f"{build}/initrd.cpio"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        time.sleep(3)  # the shell waits for input by then, and the hart sleeps on the kernel's own root
        text, _ = process.communicate("info mem\nquit\n", timeout=20)
    finally:
        process.kill()
    return [(int(v, 16), int(p, 16), int(size, 16), rights) for v, p, size, rights in LINE.findall(text)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--qemu", default="qemu-system-riscv64")
    options = parser.parse_args()
    kernel = [one for one in mappings_read(options.build, options.qemu) if one[0] & KERNEL]
    code = [one for one in kernel if "x" in one[3]]
    complaints = []
    if not code:
        complaints.append("no code is mapped: was the kernel up?")
    for virtual, physical, size, rights in kernel:
        print(f"{virtual:016x} {physical:016x} {size:016x} {rights}")
        if "w" in rights and "x" in rights:
            complaints.append(f"{virtual:x} is writable and executable")
        if "w" in rights and any(physical < p + n and p < physical + size for _, p, n, _ in code):
            complaints.append(f"{virtual:x} makes code writable")
        if "w" in rights and "u" in rights:
            complaints.append(f"{virtual:x} is writable for programs")
    image = sorted((v, v + size) for v, _, size, _ in kernel if v >= 0xFFFFFFFF80000000)
    gaps = sum(end + 4096 == start for (_, end), (start, _) in zip(image, image[1:]))
    if gaps != STACK_GAPS:
        complaints.append(f"there are {gaps} unmapped pages between stacks, not {STACK_GAPS}")
    if complaints:
        sys.exit("FAILED: " + "; ".join(complaints))


if __name__ == "__main__":
    main()
