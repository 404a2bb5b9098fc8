#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Packs the bundle: a cpio archive (newc) of NAME=FILE, the same bytes for the same input.

Sorted, no owners, no times, and ELF files without what only a debugger reads.
"""

import argparse
import os
import subprocess
import sys
import tempfile

MODE_FILE = 0o100755
TRAILER = "TRAILER!!!"
ELF_MAGIC = b"\x7fELF"


def stripped(strip, path):
    with open(path, "rb") as file:
        data = file.read()
    if not data.startswith(ELF_MAGIC):
        return data
    with tempfile.NamedTemporaryFile() as copy:
        subprocess.run([strip, "--strip-all", "-o", copy.name, path], check=True)
        with open(copy.name, "rb") as file:
            return file.read()


def padded(data):
    return data + bytes(-len(data) % 4)


def record(number, name, data, mode=MODE_FILE):
    """One member: a header of 8-digit fields, the name, the contents, both padded to 4 bytes."""
    encoded = name.encode() + b"\0"
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0]
    return padded(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded) + padded(data)


def archive_of(records):
    """The whole archive out of its members' records."""
    archive = b"".join(records) + record(0, TRAILER, b"", mode=0)
    return archive + bytes(-len(archive) % 512)


def archive_extend(archive, members):
    """An archive of ours with more members at its end: (name, contents)."""
    end = archive.rindex(b"070701", 0, archive.rindex(TRAILER.encode()))
    return archive_of([archive[:end], *(record(0, name, data) for name, data in members)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--strip", default="riscv64-unknown-elf-strip")
    parser.add_argument("output")
    parser.add_argument("members", nargs="*", metavar="NAME=FILE")
    options = parser.parse_args()

    members = sorted(member.split("=", 1) for member in options.members)
    names = [name for name, _ in members]
    for name in names:
        if names.count(name) > 1:
            sys.exit(f"initrd: two programs are called {name}.")

    with open(options.output + ".new", "wb") as out:
        out.write(archive_of(record(number, name, stripped(options.strip, path))
                             for number, (name, path) in enumerate(members, start=1)))
    os.replace(options.output + ".new", options.output)


if __name__ == "__main__":
    main()
