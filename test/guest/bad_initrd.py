#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots initrds that are missing, corrupt, or hold an init that no kernel should start.

    bad_initrd.py --build build/rivet

Each ends with one sentence of the kernel's and the machine switched off, for a person at the line and for
`run APP` alike. The damage is done to the initrd that was built, so that the undamaged one proves, first, that
nothing else is wrong with these boots.
"""

import argparse
import os
import re
import struct
import subprocess
import sys
import tempfile

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
sys.path.insert(0, TOOLS)

from guest import Guest, die_with_parent  # noqa: E402 (its folder is known only now)

LIMIT_SECONDS = 40
LOST = 125  # what run.py says when there was no status
HEADER, FILE_SIZE, NAME_SIZE = 110, 54, 94  # of an entry of the archive, and offsets in it
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")  # type, flags, offset, address, physical, file size, size, alignment
LOAD, WRITE = 1, 2

EMPTY = "there is no initrd, or it is empty"
CORRUPT = "the initrd is not a cpio archive, or is corrupt"
TRUNCATED = "the initrd is truncated"
NO_INIT = "the initrd holds no program named init"
NO_ELF = "init is not an ELF file"
NOT_OURS = "init is not a 64-bit RISC-V program"
LIES = "init's ELF file is truncated or lies about its segments"
NO_PLACE = "init's ELF file has a segment where no program can be"
SHARED = "init's ELF file has segments that share a page"
LARGE = "init's program is larger than 16 MiB"
ENTRY = "init's entry point is not in its code"


class Initrd:
    """A copy of the good one to damage: where init's entry and its ELF file lie in it."""

    def __init__(self, good):
        self.bytes = bytearray(good)
        at = 0
        while (name := self.name(at)) != b"init":
            assert name != b"TRAILER!!!", "the initrd that was built holds no init"
            at = self.padded(self.contents(at) + self.number(at + FILE_SIZE))
        self.entry, self.elf, self.elf_size = at, self.contents(at), self.number(at + FILE_SIZE)

    def number(self, at):
        return int(self.bytes[at : at + 8], 16)

    def name(self, at):
        return bytes(self.bytes[at + HEADER : at + HEADER + self.number(at + NAME_SIZE) - 1])

    @staticmethod
    def padded(at):
        return (at + 3) & ~3

    def contents(self, at):
        return self.padded(at + HEADER + self.number(at + NAME_SIZE))

    # Each damages one thing and returns all bytes.

    def cut(self, size):
        return self.bytes[:size]

    def put(self, at, data):
        self.bytes[at : at + len(data)] = data
        return self.bytes

    def header(self, offset, kind, value):
        """A field of the ELF header."""
        return self.put(self.elf + offset, struct.pack("<" + kind, value))

    def segment(self, index, change):
        """Changes fields of a PT_LOAD; `change` gets them as a list."""
        start, size, count = struct.unpack_from("<Q", self.bytes, self.elf + 32)[0], 56, self.bytes[self.elf + 56]
        places = [self.elf + start + i * size for i in range(count)]
        places = [at for at in places if PROGRAM_HEADER.unpack_from(self.bytes, at)[0] == LOAD]
        fields = list(PROGRAM_HEADER.unpack_from(self.bytes, places[index]))
        change(fields)
        return self.put(places[index], PROGRAM_HEADER.pack(*fields))

    def code(self, data):
        """What stands at init's entry point."""
        entry = struct.unpack_from("<Q", self.bytes, self.elf + 24)[0]
        place = []
        self.segment(0, place.extend)
        assert place[3] <= entry < place[3] + place[5], "init does not begin in its first segment"
        return self.put(self.elf + place[2] + entry - place[3], data)

    def first_address(self):
        found = []
        self.segment(0, lambda fields: found.append(fields[3]))
        return found[0]

    def data_address(self):
        """Where the first segment lies that may be written: no code."""
        for index in range(8):
            found = []
            self.segment(index, lambda fields: found.extend(fields))
            if found[1] & WRITE:
                return found[3]
        raise AssertionError("init has no data")


def field(index, value):
    def change(fields):
        fields[index] = value

    return change


# Name, what it does to the initrd, what the kernel says.
DAMAGES = (
    ("missing", None, EMPTY),
    ("empty", lambda i: b"", EMPTY),
    ("zeros", lambda i: bytes(4096), CORRUPT),
    ("noise", lambda i: bytes(x * 167 % 251 for x in range(8192)), CORRUPT),
    ("short", lambda i: i.cut(100), TRUNCATED),
    ("cut_in_header", lambda i: i.cut(i.entry + 50), TRUNCATED),
    ("cut_in_name", lambda i: i.cut(i.entry + HEADER + 2), TRUNCATED),
    ("cut_in_init", lambda i: i.cut(i.elf + i.elf_size - 1), TRUNCATED),
    ("cut_half", lambda i: i.cut(len(i.bytes) // 2 if i.elf > len(i.bytes) // 2 else i.elf + 1), TRUNCATED),
    ("bad_magic", lambda i: i.put(i.entry, b"070707"), CORRUPT),
    ("bad_number", lambda i: i.put(i.entry + FILE_SIZE, b"0000zzzz"), CORRUPT),
    ("huge_file", lambda i: i.put(i.entry + FILE_SIZE, b"FFFFFFFF"), TRUNCATED),
    ("huge_name", lambda i: i.put(i.entry + NAME_SIZE, b"FFFFFFFF"), TRUNCATED),
    ("no_name", lambda i: i.put(i.entry + NAME_SIZE, b"00000000"), CORRUPT),
    ("no_init", lambda i: i.put(i.entry + HEADER, b"Init"), NO_INIT),
    ("empty_init", lambda i: i.put(i.entry + FILE_SIZE, b"00000000"), NO_ELF),
    ("tiny_init", lambda i: i.put(i.entry + FILE_SIZE, b"0000003F"), NO_ELF),
    ("text_init", lambda i: i.put(i.elf, b"#!/bin/sh"), NO_ELF),
    ("other_machine", lambda i: i.header(18, "H", 62), NOT_OURS),
    ("relocatable", lambda i: i.header(16, "H", 3), NOT_OURS),
    ("headers_only", lambda i: i.put(i.entry + FILE_SIZE, b"00000040"), LIES),
    ("headers_far", lambda i: i.header(32, "Q", 2**64 - 8), LIES),
    ("headers_many", lambda i: i.header(56, "H", 65535), LIES),
    ("segment_past_end", lambda i: i.segment(0, field(2, i.elf_size)), LIES),
    ("segment_wraps", lambda i: i.segment(0, field(2, 2**64 - 4096)), LIES),
    ("segment_in_kernel", lambda i: i.segment(0, field(3, 0xFFFFFFFF80000000)), NO_PLACE),
    ("segment_at_null", lambda i: i.segment(0, field(3, 0)), NO_PLACE),
    ("segment_endless", lambda i: i.segment(0, field(6, 2**64 - 1)), NO_PLACE),
    ("segment_over_save", lambda i: i.segment(1, field(3, 0x3FFFFFF000)), NO_PLACE),
    ("segment_large", lambda i: i.segment(0, field(6, 0x1000000 + 1)), LARGE),
    ("segments_overlap", lambda i: i.segment(1, field(3, i.first_address())), SHARED),
    ("entry_nowhere", lambda i: i.header(24, "Q", 0x123456), ENTRY),
    ("entry_in_kernel", lambda i: i.header(24, "Q", 0xFFFFFFFF80000000), ENTRY),
    ("entry_odd", lambda i: i.header(24, "Q", i.first_address() + 1), ENTRY),
    ("entry_in_data", lambda i: i.header(24, "Q", i.data_address()), ENTRY),
)
# Programs that end at once: nobody else could say so. What the kernel says, as a regular expression.
STOPS = (
    ("no_code", lambda i: i.code(bytes(64)), r"init was stopped by an exception: cause 2, pc [0-9a-f]+, address 0"),
    ("wild_jump", lambda i: i.code(struct.pack("<HH", 0x4081, 0x8082)),  # li ra, 0; ret
     "init was stopped by an exception: cause c, pc 0, address 0"),
)
FRAMED = ("empty", "noise", "cut_in_init", "text_init", "segments_overlap")  # these with `run APP`, too



def boot(build, initrd):
    """What went over the line, and QEMU's exit status. `initrd` is None: QEMU gets none."""
    command = Guest(build, harts=2, framed=False, initrd=initrd or "none").command()
    if initrd is None:
        at = command.index("-initrd")
        del command[at : at + 2]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=LIMIT_SECONDS, preexec_fn=die_with_parent, check=False)
    return re.sub(rb"\r+\n", b"\n", result.stdout), result.returncode


def run_hello(build, initrd):
    command = [os.path.join(TOOLS, "run.py"), "--build", build, "--harts", "2", "--initrd", initrd]
    return subprocess.run([*command, "--timeout", str(LIMIT_SECONDS), "hello"], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=2 * LIMIT_SECONDS, check=False)


def check(condition, *what):
    if not condition:
        raise AssertionError(" ".join(map(str, what)))


def refused(build, initrd, pattern):
    """At the line: the sentence is the kernel's only one and the last, and the machine is off."""
    try:
        text, status = boot(build, initrd)
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"")[-200:]
        raise AssertionError(f"QEMU did not end; the line said at last {said!r}") from None
    said = text[text.find(b"rivet: ") :] if b"rivet: " in text else b""
    check(re.fullmatch(f"rivet: {pattern}\\.\n".encode(), said), "the kernel said", said, "not", pattern)
    check(status == 0, "QEMU ended with", status)


def refused_framed(build, initrd, sentence):
    """A program that cannot run: nothing on standard output, the sentence on standard error, and a status."""
    result = run_hello(build, initrd)
    check(result.stdout == b"", "on standard output came", result.stdout)
    wanted = f"rivet: cannot start: {sentence}.".encode()
    check(result.stderr.count(wanted) == 1, "on standard error came", result.stderr, "without", sentence)
    check(result.returncode == LOST, "the status is", result.returncode)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True, help="where the kernel and the programs were built")
    parser.add_argument("only", nargs="*", help="names of damages; all without")
    options = parser.parse_args()
    with open(os.path.join(options.build, "initrd.cpio"), "rb") as file:
        good = file.read()

    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "initrd.cpio")

        def write(data):
            with open(path, "wb") as out:
                out.write(data)

        write(Initrd(good).bytes)
        result = run_hello(options.build, path)
        check((result.returncode, result.stdout) == (0, b"Hello from Rivet\n"), "undamaged:", result)
        refusals = [(name, damage, f"cannot start: {sentence}", sentence) for name, damage, sentence in DAMAGES]
        for name, damage, pattern, sentence in (*refusals, *((*stop, None) for stop in STOPS)):
            if options.only and name not in options.only:
                continue
            if damage:
                write(damage(Initrd(good)))
            try:
                refused(options.build, path if damage else None, pattern)
                if name in FRAMED:
                    refused_framed(options.build, path, sentence)
                print("ok", name, flush=True)
            except AssertionError as error:
                print(f"not ok {name}: {error}", flush=True)
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
