#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The whole chain: OpenSBI starts U-Boot, U-Boot finds our files on the card that ./rivet flash builds, and they run.

    uboot_test.py --build build/rivet --work build/rivet/uboot

Checked are the header of the kernel's image, that arguments arrive as they were typed, the shell, and that the card
is the file that flash wrote, before and after.
"""

import argparse
import hashlib
import os
import struct
import subprocess
import sys

import pexpect

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
RUN, FLASH = os.path.join(TOOLS, "run.py"), os.path.join(TOOLS, "flash.py")
sys.path.insert(0, TOOLS)

import flash  # noqa: E402 (its folder is known only now)

LIMIT_SECONDS = 200  # U-Boot counts down two seconds, and a loaded host makes them long
MEGABYTES_2 = 2 << 20
STRANGE = ["", "two words", "50%", "a&b;c#d", "$HOME", "ü", "'", '"', "append run hello"]


def header_check(image):
    """Linux's header for RISC-V: booti starts the first instruction at a 2 MiB boundary, `size` bytes are ours."""
    jump, offset, size, flags, version = struct.unpack_from("<I4xQQQI", image)
    assert jump & 0x7F == 0x6F, "it begins with a jump of four bytes"
    assert (offset, flags, version) == (MEGABYTES_2, 0, 2), (offset, flags, version)
    assert len(image) <= size <= MEGABYTES_2, (len(image), size)
    assert image[0x30:0x38] == b"RISCV\0\0\0" and image[0x38:0x3C] == b"RSC\x05"


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def run(build, *words):
    command = [RUN, "--build", build, "--boot", "uboot", "--timeout", str(LIMIT_SECONDS), *words]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)


def program_check(build, options, *words, wanted):
    result = run(build, *options, *words)
    if (result.returncode, result.stdout) != (0, wanted):
        sys.stderr.buffer.write(result.stderr)
        raise AssertionError(f"{words} ended with {result.returncode} and said {result.stdout!r}, not {wanted!r}")
    print("ok", *options, *words[:1], flush=True)


def shell_check(build):
    """What a person sees, who types nothing until the prompt is there."""
    line = pexpect.spawn(RUN, ["--build", build, "--boot", "uboot"], timeout=LIMIT_SECONDS, encoding="utf-8",
                         codec_errors="replace", dimensions=(24, 80))
    try:
        line.expect_exact("Found /extlinux/extlinux.conf")
        line.expect_exact("Starting kernel")
        line.expect_exact("rivet> ")
        line.send("hello\r")
        line.expect_exact("Hello from Rivet")
        line.expect_exact("rivet> ")
        line.send("poweroff\r")
        line.expect(pexpect.EOF)
    finally:
        line.close(force=True)
    print("ok the shell", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True, help="where the kernel and the programs were built")
    parser.add_argument("--work", required=True, help="where the card is made: not the user's")
    options = parser.parse_args()

    os.makedirs(options.work, exist_ok=True)
    build = os.path.join(options.work, "rivet")
    if not os.path.islink(build):
        os.symlink(os.path.abspath(options.build), build)
    with open(os.path.join(build, "rivet.bin"), "rb") as file:
        header_check(file.read())
    subprocess.run([FLASH, "--build", build], check=True)
    card = flash.image_of(build)
    written, inode = digest(card), os.stat(card).st_ino

    program_check(build, [], "echo", *STRANGE, wanted=" ".join(STRANGE).encode() + b"\n")
    program_check(build, ["--machine", "u54", "--harts", "1"], "hello", wanted=b"Hello from Rivet\n")
    program_check(build, ["--harts", "8", "--mem", "1G"], "hello", wanted=b"Hello from Rivet\n")
    shell_check(build)
    assert (digest(card), os.stat(card).st_ino) == (written, inode), "the card that was booted is not what flash wrote"


if __name__ == "__main__":
    main()
