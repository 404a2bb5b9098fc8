#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The initrd: what cpio unpacks is what was packed, and the same input gives the same bytes."""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))

import initrd  # noqa: E402

INITRD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "initrd.py")
CONTENTS = {"b": b"xyz", "a": b"", "long-name.txt": b"0123456789" * 1000, "c": b"\0\1\2\3"}


class Initrd(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for name, data in CONTENTS.items():
            with open(self.path("in " + name), "wb") as out:
                out.write(data)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def pack(self, output, names, check=True):
        members = [f"{name}={self.path('in ' + name)}" for name in names]
        return subprocess.run([INITRD, self.path(output), *members], check=check, stderr=subprocess.PIPE)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_cpio_reads_it(self):
        self.pack("one.cpio", CONTENTS)
        os.mkdir(self.path("out"))
        unpacked = self.path("out")
        subprocess.run(["cpio", "--quiet", "-i"], input=self.read("one.cpio"), cwd=unpacked, check=True)
        self.assertEqual({name: self.read("out/" + name) for name in os.listdir(unpacked)}, CONTENTS)

    def test_members_can_be_added(self):
        self.pack("one.cpio", CONTENTS)
        os.mkdir(self.path("out"))
        added = initrd.archive_extend(self.read("one.cpio"), [("sched/x.load", b"text\n")])
        subprocess.run(["cpio", "--quiet", "-id"], input=added, cwd=self.path("out"), check=True)
        self.assertEqual(self.read("out/sched/x.load"), b"text\n")
        self.assertEqual({name: self.read("out/" + name) for name in CONTENTS}, CONTENTS)

    def test_reproducible(self):
        self.pack("one.cpio", CONTENTS)
        for name in CONTENTS:
            os.utime(self.path("in " + name), (1, 1))
        self.pack("two.cpio", reversed(list(CONTENTS)))
        self.assertEqual(self.read("one.cpio"), self.read("two.cpio"))

    def test_two_of_one_name_are_refused(self):
        result = self.pack("one.cpio", ["a", "a"], check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(b"two programs are called a", result.stderr)


if __name__ == "__main__":
    unittest.main()
