#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The framed channel's decoder: the same streams however the bytes arrive, and nothing lost."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))

from frames import ERR, FIRMWARE, KERNEL, OUT, Decoder  # noqa: E402
from guest import boot_words, word_encode  # noqa: E402

LINE = b"OpenSBI\r\n\x10kboot\n\x101a\x10\x10b\n\x102oops\n\x101c\n\x10x42\nafter"


def decoded(chunks):
    decoder = Decoder()
    streams = dict.fromkeys((FIRMWARE, KERNEL, OUT, ERR), b"")
    for chunk in chunks:
        for stream, text in decoder.feed(chunk):
            streams[stream] += text
    return streams, decoder.status


class Frames(unittest.TestCase):
    def test_streams_and_status(self):
        streams, status = decoded([LINE])
        self.assertEqual(streams[OUT], b"a\x10b\nc\n")
        self.assertEqual(streams[ERR], b"oops\n")
        self.assertEqual(streams[KERNEL], b"boot\n")
        self.assertEqual(streams[FIRMWARE], b"OpenSBI\r\n")
        self.assertEqual(status, 42)

    def test_any_split_gives_the_same(self):
        whole = decoded([LINE])
        for first in range(len(LINE)):
            for second in range(first, len(LINE), 7):
                self.assertEqual(decoded([LINE[:first], LINE[first:second], LINE[second:]]), whole)
        self.assertEqual(decoded([LINE[i : i + 1] for i in range(len(LINE))]), whole)

    def test_a_status_may_come_through_the_firmware(self):
        self.assertEqual(decoded([b"\x10x7\r\n"])[1], 7)

    def test_a_broken_status_is_no_status(self):
        for line in (b"\x10x\n", b"\x10x1a\n", b"\x10x \n", b"\x10x12", b"\x10x\r\n", b"\x10x1\r2\n"):
            self.assertIsNone(decoded([line])[1], line)

    def test_text_goes_on_after_a_broken_status(self):
        streams, status = decoded([b"\x101ok\x10x3oops\x101more"])
        self.assertIsNone(status)
        self.assertEqual(streams[OUT], b"okoopsmore")

    def test_an_unknown_escape_is_shown(self):
        self.assertEqual(decoded([b"\x101a\x10?b"])[0][OUT], b"a\x10?b")


class Words(unittest.TestCase):
    def test_what_would_split_a_word_is_encoded(self):
        self.assertEqual(word_encode("a b"), "a%20b")
        self.assertEqual(word_encode("100%"), "100%25")
        self.assertEqual(word_encode("\t\n\"'\u00e9"), "%09%0A%22%27%C3%A9")

    def test_an_empty_argument_stays_an_argument(self):
        self.assertEqual(word_encode(""), "%00")

    def test_the_program_comes_last(self):
        words = boot_words(True, True, ["x=1"], ["echo", "run", ""])
        self.assertEqual(words, "framed trace x=1 run echo run %00")
        self.assertEqual(boot_words(False, False, [], []), "")


if __name__ == "__main__":
    unittest.main()
