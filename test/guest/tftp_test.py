#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The commands that docs/visionfive2.md gives for booting over the network, typed at a U-Boot on QEMU.

    tftp_test.py --build build/rivet

QEMU is the TFTP server. Two things are not as on the board: where the server is, and that the tree is QEMU's own.
"""

import argparse
import os
import re
import sys

import pexpect

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tools"))

from guest import QEMU_DEFAULT, UBOOT, die_with_parent  # noqa: E402 (its folder is known only now)

PAGE = os.path.join(ROOT, "docs", "visionfive2.md")
LIMIT_SECONDS = 200
PROMPT = "\n=> "
SERVER = ("192.168.1.2", "10.0.2.2")  # the page's, and QEMU's
TREE = ("setenv rivet_tree 'tftpboot ${fdt_addr_r} dtbs/visionfive2.dtb'",
        "setenv rivet_tree 'setenv fdt_addr_r ${fdtcontroladdr}'")


def commands_read():
    with open(PAGE, encoding="utf-8") as page:
        block = re.search(r"^```\n(setenv autoload.*?)^```", page.read(), re.M | re.S)[1]
    for place in (SERVER, TREE):
        assert place[0] in block, f"{PAGE} does not say {place[0]}"
        block = block.replace(*place)
    return block.splitlines()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True, help="where the kernel and the programs were built")
    folder = os.path.abspath(parser.parse_args().build).replace(",", ",,")
    line = ["-M", "virt", "-smp", "4", "-m", "256M", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
            "-kernel", UBOOT, "-netdev", f"user,id=net,restrict=on,tftp={folder}", "-device", "virtio-net-device,netdev=net"]
    qemu = pexpect.spawn(QEMU_DEFAULT, line, timeout=LIMIT_SECONDS, encoding="utf-8", codec_errors="replace",
                         dimensions=(24, 200), preexec_fn=die_with_parent)
    qemu.logfile_read = sys.stdout
    try:
        qemu.expect_exact("Hit any key")
        qemu.send(" ")
        qemu.expect_exact(PROMPT)
        for command in [*commands_read(), "setenv bootargs console=ttyS0,115200 run hello"]:
            qemu.send(command + "\r")
            qemu.expect_exact(PROMPT)
        qemu.send("run rivet\r")
        qemu.expect_exact("Starting kernel")
        qemu.expect_exact("Hello from Rivet")
        qemu.expect(pexpect.EOF)
    finally:
        qemu.close(force=True)


if __name__ == "__main__":
    main()
