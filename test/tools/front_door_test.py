#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""./rivet with wrong input: one plain sentence on standard error, exit status 2, nothing built."""

import os
import subprocess
import unittest

RIVET = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rivet")
VERBS = ["run", "test", "bench", "sched", "exercise", "trace", "debug", "flash", "console", "fetch", "build",
         "clean", "help"]
SCREEN_LINES, SCREEN_COLUMNS = 24, 80

WRONG = [
    ["frobnicate"],
    ["--frobnicate"],
    ["run", "--harts", "0"],
    ["run", "--harts", "9"],
    ["run", "--harts", "many"],
    ["run", "--harts"],
    ["run", "--harts="],
    ["run", "--mem", "banana"],
    ["run", "--mem", "128"],
    ["run", "--mem", "16M"],
    ["run", "--mem", "17G"],
    ["run", "--mem"],
    ["run", "--machine", "pdp11"],
    ["run", "--machine"],
    ["run", "--qemu"],
    ["run", "--frobnicate", "hello"],
    ["run", ""],
    ["trace"],
    ["trace", "--harts", "2"],
    ["debug", "--mem", "0M"],
    ["test", "one", "two"],
    ["test", "--frobnicate"],
    ["test", "--machine", "pdp11"],
    ["test", "--machine", "u54", "one", "two"],
    ["bench", "--frobnicate"],
    ["bench", "one", "two"],
    ["bench", "frobnicate"],
    ["bench", "--tsv"],
    ["bench", "--machine", "pdp11"],
    ["bench", "--compare"],
    ["bench", "--rebuild"],
    ["bench", "base", "--baseline"],
    ["bench", "paper", "--compare", "HEAD"],
    ["bench", "paper", "--machine", "u54"],
    ["bench", "--linux", "--machine", "u54"],
    ["bench", "base", "--linux", "--baseline"],
    ["sched", "--frobnicate"],
    ["sched", "--harts", "0"],
    ["sched", "--harts", "2"],
    ["sched", "--policy", "./missing.c"],
    ["sched", "--compare", "one"],
    ["run", "--boot", "grub"],
    ["run", "--boot"],
    ["flash", "--frobnicate"],
    ["flash", "--device"],
    ["flash", "--device", ""],
    ["flash", "--as-built"],
    ["flash", "/dev/null"],
    ["exercise", "0"],
    ["exercise", "many"],
    ["exercise", "1", "missing.c"],
    ["exercise", "1", "/"],
    ["exercise", "1", "/etc/passwd"],
    ["exercise", "1", "--begin", "/etc/passwd"],
    ["exercise", "1", "--begin", "/"],
    ["exercise", "1", "--begin", "/missing/mine.c"],
    ["exercise", "--begin"],
    ["exercise", "--frobnicate"],
    ["exercise", "1", "mine.c", "yours.c"],
    ["fetch", "everything"],
    ["build", "everything"],
    ["clean", "everything"],
]


def rivet(*arguments, cwd="/"):
    return subprocess.run([RIVET, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)


class FrontDoor(unittest.TestCase):
    def test_wrong_input_gets_one_sentence(self):
        for arguments in WRONG:
            with self.subTest(arguments=arguments):
                result = rivet(*arguments)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertEqual(result.stdout, "")
                self.assertRegex(result.stderr, r"\Arivet: [^\n]+\.\n\Z|\Arivet: [^\n]+\n\Z")

    def test_help_fits_one_screen_and_names_every_verb(self):
        for arguments in ([], ["help"], ["--help"]):
            result = rivet(*arguments)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            lines = result.stdout.splitlines()
            self.assertLessEqual(len(lines), SCREEN_LINES)
            self.assertLessEqual(max(map(len, lines)), SCREEN_COLUMNS)
            for verb in VERBS:
                self.assertRegex(result.stdout, rf"(?m)^  {verb}\b")

    def test_every_verb_explains_itself(self):
        for verb in VERBS:
            result = rivet(verb, "--help")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertTrue(result.stdout.startswith(f"./rivet {verb}"), verb)


if __name__ == "__main__":
    unittest.main()
