#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Where a boot loader may put things: the image, the device tree and the initrd, each somewhere else in memory.

    places.py --build build/rivet [NAME...]

QEMU puts all three where it likes. Here they are segments of one ELF file, and the firmware starts a loader of a few
instructions (placed_loader.S) that gives the tree's address to the image. The trees are those that QEMU makes for the machine, with the
place of the initrd written into them and, for machines that QEMU does not have, an overlay from dts/overlay.
A machine that the kernel cannot start on is refused in one sentence, by way of the firmware's console.
"""

import argparse
import os
import re
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tools"))

from guest import KERNEL, OUT, Guest, GuestError  # noqa: E402 (its folder is known only now)

LIMIT_SECONDS = 60
MIB = 1 << 20
LOADER = 0x80200000  # where the firmware goes on
NOBODY = (1 << 64) - 1
HELLO = b"Hello from Rivet\n"
RISCV, EXECUTABLE, LOAD, ALL_RIGHTS = 243, 2, 1, 7


def up(value, unit):
    return (value + unit - 1) // unit * unit


def elf(entry, segments):
    """An ELF file that puts bytes to physical addresses."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", EXECUTABLE, RISCV, 1, entry, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    behind = 64 + 56 * len(segments)
    body = b""
    for address, data in segments:
        header += struct.pack("<IIQQQQQQ", LOAD, ALL_RIGHTS, behind + len(body), address, address, len(data), len(data), 1)
        body += data
    return header + body


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_SECONDS)


class Place:
    """One machine with everything in its place.

    `image`, `initrd` and `tree` are addresses; `tree` may be a function of where the initrd ends and of the tree's size.
    `more` is what else is in memory: (address, bytes). The hart `shy` does not boot. `refused` is a sentence that the kernel or init says instead of starting hello, `said`
    one that the kernel says besides, `unsaid` part of one that it does not.
    """

    def __init__(self, name, image, initrd, tree, *, harts=4, mem="128M", overlay=None, shy=NOBODY, refused=None, said=None,
                 unsaid=None, more=()):
        self.name, self.image, self.initrd, self.tree = name, image, initrd, tree
        self.harts, self.mem, self.overlay, self.shy = harts, mem, overlay, shy
        self.refused, self.said, self.unsaid, self.more = refused, said, unsaid, more

    def tree_make(self, build, folder, initrd_end):
        """QEMU's tree of the machine, as this place wants it."""
        path, padded = os.path.join(folder, "tree.dtb"), os.path.join(folder, "padded.dtb")
        guest = Guest(build, harts=self.harts, mem=self.mem, app=["hello"])
        command = guest.command()
        command[command.index("-M") + 1] += f",dumpdtb={padded}"
        run(*command)
        run("dtc", "-q", "-I", "dtb", "-O", "dtb", "-o", path, padded)
        for which, value in (("start", self.initrd), ("end", initrd_end)):
            run("fdtput", "-t", "x", path, "/chosen", "linux,initrd-" + which, f"{value >> 32:x}", f"{value & 0xffffffff:x}")
        if self.overlay:
            overlay = os.path.join(build, "overlay", self.overlay + ".dtbo")
            run("fdtoverlay", "-i", path, "-o", padded, overlay)
            path = padded
        return read(folder, os.path.basename(path))

    def boot(self, build, folder):
        """The exit status (None: there was none), what the program said and what the kernel said."""
        image, initrd, loader = (read(build, name) for name in ("rivet.bin", "initrd.cpio", "placed_loader.bin"))
        tree = self.tree_make(build, folder, self.initrd + len(initrd))
        at = self.tree(self.initrd + len(initrd), len(tree)) if callable(self.tree) else self.tree
        loader += struct.pack("<QQQ", self.image, at, self.shy)
        kernel = os.path.join(folder, "placed.elf")
        with open(kernel, "wb") as file:
            file.write(elf(LOADER, [(LOADER, loader), (self.image, image), (self.initrd, initrd), (at, tree), *self.more]))
        return self.guest_run(build, kernel)

    def guest_run(self, build, kernel):
        guest = Guest(build, harts=self.harts, mem=self.mem, app=["hello"], kernel=kernel)
        command = guest.command()
        at = command.index("-initrd")
        del command[at : at + 2]
        guest.command = lambda: command
        with guest:
            try:
                status = guest.wait(LIMIT_SECONDS)
            except (GuestError, AssertionError):  # it ended without a status, or it did not end
                status = None
            return status, bytes(guest.text[OUT]), b"".join(map(bytes, guest.text.values()))

    def wrong(self, build):
        """What differs from what is wanted; '' when all is well."""
        with tempfile.TemporaryDirectory() as folder:
            status, said, all_text = self.boot(build, folder)
        if self.refused:
            sentences = re.findall(rb"(?m)^((?:rivet|init|console): .*?)\r*$", all_text)
            well = sentences == [self.refused.encode()] and said == b""
            return "" if well else f"not the refusal, but {all_text[-300:]!r}"
        if (status, said) != (0, HELLO):
            return f"it ended with {status} and said {all_text[-300:]!r}"
        if self.said and self.said.encode() not in all_text:
            return f"the kernel said {all_text[-300:]!r}"
        if self.unsaid and self.unsaid.encode() in all_text:
            return f"the kernel said {self.unsaid}"
        return ""


IN_REACH = {"image": 0x80400000, "initrd": 0x84000000, "tree": 0x83000008}
# A watchdog in RAM (dts/overlay/watchdog.dtso): its clocks' gates are open, and it counts and would reset.
CLOCKS, RUNS = [(0x87000000 + 4 * 122, struct.pack("<II", 1 << 31, 1 << 31))], struct.pack("<I", 3)
STOPPED = "the watchdog that the firmware started is stopped."
PLACES = (
    Place("image_4_mib", **IN_REACH),
    Place("image_in_the_middle", 0x83E00000, 0x85000000, 0x84A00008),
    Place("image_behind_the_initrd", 0x86200000, 0x84000000, 0x83000000),
    Place("image_in_another_gigabyte", 0xC0200000, 0xD0000000, 0xE0000000 - 8 * MIB, mem="2G"),
    Place("tree_behind_the_initrd", 0x80400000, 0x84000000, lambda end, size: up(end, 8)),
    Place("tree_before_the_initrd", 0x80400000, 0x84000000, lambda end, size: (0x84000000 - size) // 8 * 8),
    Place("tree_behind_the_image", 0x80400000, 0x84000000, 0x80400000 + 2 * MIB),
    Place("tree_at_the_end", 0x80400000, 0x84000000, lambda end, size: (0x88000000 - size) // 8 * 8),
    Place("initrd_not_in_pages", 0x80400000, 0x84000123, 0x83000008),
    Place("memory_elsewhere", 0x90200000, 0x94000000, 0x93000008, mem="512M", overlay="memory_elsewhere"),
    Place("memory_in_pieces", 0x80400000, 0x84000000, 0x82000008, overlay="memory_in_pieces"),
    Place("hart_0_off", **IN_REACH, overlay="hart_0_off", shy=0),
    Place("twelve_harts", **IN_REACH, harts=12, said="4 harts are left alone: the kernel holds 8."),
    Place("watchdog", **IN_REACH, overlay="watchdog", more=[*CLOCKS, (0x87010008, RUNS)], said=f"rivet: {STOPPED}"),
    Place("watchdog_at_rest", **IN_REACH, overlay="watchdog", more=[*CLOCKS, (0x87010008, bytes(4))], unsaid=STOPPED),
    Place("watchdog_without_clocks", **IN_REACH, overlay="watchdog", more=[(0x87010008, RUNS)], unsaid=STOPPED),
    Place("memory_none", **IN_REACH, overlay="memory_none", refused="rivet: cannot start: the device tree names no memory."),
    Place("memory_twice", **IN_REACH, overlay="memory_twice", refused="rivet: cannot start: memory ranges overlap."),
    Place("timebase_none", **IN_REACH, overlay="timebase_none",
          refused="rivet: cannot start: the timebase-frequency is not between 10 kHz and 10 GHz."),
    Place("tree_unaligned", 0x80400000, 0x84000000, 0x83000004, refused="rivet: cannot start: the firmware gave no device tree."),
    Place("uart_none", **IN_REACH, overlay="uart_none", refused="init: the machine has no UART for a console."),
    Place("hart_0_boots_but_is_off", **IN_REACH, harts=2, overlay="hart_0_off", shy=1,
          refused="rivet: cannot start: the device tree does not name the hart that boots as usable."),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True, help="where the kernel and the programs were built")
    parser.add_argument("only", nargs="*", help="names of places; all without")
    options = parser.parse_args()
    failed = 0
    for place in PLACES:
        if not options.only or place.name in options.only:
            wrong = place.wrong(options.build)
            print(f"not ok {place.name}: {wrong}" if wrong else f"ok {place.name}", flush=True)
            failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
