#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""./rivet console at a pseudo-terminal: every byte both ways, our keys, and one sentence when there is no line."""

import os
import pty
import select
import subprocess
import termios
import threading
import time
import tty
import unittest

import pexpect

CONSOLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "console.py")
LIMIT_SECONDS = 30
ALL_BYTES = bytes(range(256)) * 400


class Board:
    """The other end of the line."""

    def __init__(self, test):
        self.end, self.line = pty.openpty()
        test.addCleanup(self.close)
        tty.setraw(self.end)
        self.name = os.ttyname(self.line)
        self.before = termios.tcgetattr(self.line)

    def close(self):
        for one in (self.end, self.line):
            if one is not None:
                os.close(one)
        self.end = self.line = None

    def said(self, size):
        """What came over the line, when so much has come."""
        data, deadline = b"", time.monotonic() + LIMIT_SECONDS
        while len(data) < size and time.monotonic() < deadline:
            if select.select([self.end], [], [], 1)[0]:
                data += os.read(self.end, 65536)
        return data

    def ready(self):
        """Waits until the console has made the line raw."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while termios.tcgetattr(self.line)[3] & termios.ICANON:
            assert time.monotonic() < deadline, "the console did not come"
            time.sleep(0.01)


class Console(unittest.TestCase):
    def setUp(self):
        self.board = Board(self)
        mode = termios.tcgetattr(self.board.line)
        mode[3] |= termios.ICANON | termios.ECHO
        termios.tcsetattr(self.board.line, termios.TCSANOW, mode)

    def at_terminal(self, *options):
        console = pexpect.spawn(CONSOLE, ["--serial", self.board.name, *options], timeout=LIMIT_SECONDS)
        self.addCleanup(console.close, force=True)
        console.expect_exact(b"Ctrl-A x leaves")
        self.board.ready()
        return console

    def through_pipes(self):
        console = subprocess.Popen([CONSOLE, "--serial", self.board.name], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: [pipe.close() for pipe in (console.stdout, console.stderr)])
        self.addCleanup(lambda: (console.kill(), console.wait()))
        self.board.ready()
        return console

    def test_a_person(self):
        console = self.at_terminal()
        os.write(self.board.end, b"rivet> ")
        console.expect_exact(b"rivet> ")
        console.send(b"hello\r\x03\x04\x1a")
        self.assertEqual(self.board.said(9), b"hello\r\x03\x04\x1a")
        console.send(b"a\x01\x01b\x01zc\x01h")
        self.assertEqual(self.board.said(4), b"a\x01bc")
        console.expect_exact(b"sends a break")
        console.send(b"\x01bd")
        self.assertIn(b"d", self.board.said(1))
        console.send(b"\x01x")
        console.expect(pexpect.EOF)
        console.close()
        self.assertEqual(console.exitstatus, 0)

    def test_the_line(self):
        console = self.at_terminal("--baud", "9600")
        mode = termios.tcgetattr(self.board.line)
        self.assertEqual(mode[4:6], [termios.B9600, termios.B9600])
        self.assertEqual(mode[2] & (termios.CSIZE | termios.PARENB | termios.CSTOPB | termios.CRTSCTS), termios.CS8)
        self.assertFalse(mode[3] & (termios.ICANON | termios.ECHO | termios.ISIG))
        console.send(b"\x01x")
        console.expect(pexpect.EOF)
        self.assertTrue(termios.tcgetattr(self.board.line)[3] & termios.ICANON, "as it was")

    def test_every_byte(self):
        console = self.through_pipes()
        typing = threading.Thread(target=lambda: (console.stdin.write(ALL_BYTES), console.stdin.close()))
        typing.start()
        self.addCleanup(typing.join)  # behind the end of the console
        self.assertTrue(self.board.said(len(ALL_BYTES)) == ALL_BYTES)
        os.set_blocking(self.board.end, False)
        left, came = ALL_BYTES, b""
        while len(came) < len(ALL_BYTES):
            readable, writable, _ = select.select([console.stdout], [self.board.end] if left else [], [], LIMIT_SECONDS)
            self.assertTrue(readable or writable, "nothing moves")
            if writable:
                left = left[os.write(self.board.end, left[:1000]) :]
            if readable:
                came += os.read(console.stdout.fileno(), 65536)
        self.assertTrue(came == ALL_BYTES)

    def test_the_line_goes(self):
        console = self.through_pipes()
        name = self.board.name
        self.board.close()
        self.assertEqual(console.wait(LIMIT_SECONDS), 1)
        self.assertEqual(console.stderr.read().decode(), f"rivet: {name} is gone.\n")

    def refused(self, pattern, *arguments):
        result = subprocess.run([CONSOLE, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertRegex(result.stderr, rf"\Arivet: {pattern}\n\Z")

    def test_two_at_one_line(self):
        self.through_pipes()
        deadline = time.monotonic() + LIMIT_SECONDS
        self.refused(rf"{self.board.name} is in use by another program\.", "--serial", self.board.name)
        self.assertLess(time.monotonic(), deadline)

    def test_no_line(self):
        self.refused(r"/dev/nowhere: No such file or directory \(there is .*\)\.", "--serial", "/dev/nowhere")
        self.refused(r"/dev/null is no serial line\.", "--serial", "/dev/null")

    def test_wrong_words(self):
        for words in (["--serial", "x", "--baud", "fast"], ["--serial", "x", "--baud", "115201"], [], ["--serial", ""]):
            result = subprocess.run([CONSOLE, *words], capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 2)
            self.assertRegex(result.stderr, r"\Arivet: [^\n]+\.\n\Z")


if __name__ == "__main__":
    unittest.main()
