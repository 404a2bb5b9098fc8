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
import struct
import subprocess
import sys
import tempfile

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
sys.path.insert(0, TOOLS)

from guest import FIRMWARE, Guest  # noqa: E402 (its folder is known only now)

LIMIT_SECONDS = 40
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
    ("segment_large", lambda i: i.segment(0, field(6, 0x1000000 + 1)), (LARGE, SHARED)),
    ("segments_overlap", lambda i: i.segment(1, field(3, i.first_address())), SHARED),
    ("entry_nowhere", lambda i: i.header(24, "Q", 0x123456), ENTRY),
    ("entry_in_kernel", lambda i: i.header(24, "Q", 0xFFFFFFFF80000000), ENTRY),
    ("entry_odd", lambda i: i.header(24, "Q", i.first_address() + 1), ENTRY),
    ("entry_in_data", lambda i: i.header(24, "Q", i.data_address()), ENTRY),
)
FRAMED = ("missing", "noise", "cut_in_init", "text_init", "segments_overlap")  # these with `run APP`, too


def boot(build, initrd, framed):
    """What the line said, without the firmware's part when framed; QEMU's exit status."""
    if framed:
        command = [os.path.join(TOOLS, "run.py"), "--build", build, "--harts", "2", "--timeout", str(LIMIT_SECONDS),
                   "--initrd", initrd, "hello"]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=2 * LIMIT_SECONDS)
        assert result.stdout == b"", f"on stdout came {result.stdout!r}"
        return result.stderr, result.returncode
    with Guest(build, harts=1, framed=False, initrd=initrd) as guest:
        if os.path.getsize(initrd) == 0:  # QEMU would take it for a file that is too short
            guest.command = without_initrd(guest.command)
        guest.start() if guest.process is None else None
        guest.wait(LIMIT_SECONDS)
        return bytes(guest.text[FIRMWARE]), guest.process.wait(LIMIT_SECONDS)
