#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What ./rivet sched checks of guests on several harts, against records that are as they must not be."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, "..", "..", "tools", "sched"), os.path.join(HERE, "..", "..", "tools")]

import behaviour  # noqa: E402
import rawrun  # noqa: E402
from sched_fake import BLOCKED, EXPIRED, NOTE, RUN, STOP, WAKE, raw_run  # noqa: E402

WOKEN = [(0, 0, WAKE), (0, 1, WAKE)]
GOOD = WOKEN + [(1, 0, RUN, 0), (1, 1, RUN, 1), (2, 0, NOTE, 4, 7), (3, 0, NOTE, 5, 7), (3, 1, NOTE, 4, 7), (4, 1, NOTE, 5, 7),
                (5, 0, STOP, 0, BLOCKED), (5, 1, STOP, 1, EXPIRED), (6, 1, RUN, 0), (7, 0, WAKE), (8, 0, RUN, 1)]
BAD = {
    "task 0 ran on hart 1 while it ran on hart 0": [(1, 0, RUN, 0), (2, 0, RUN, 1)],
    "hart 0 ran task 1 while it ran task 0": [(1, 0, RUN, 0), (2, 1, RUN, 0)],
    "task 0 ran on hart 0 though it had not woken": [(1, 0, RUN, 0), (2, 0, STOP, 0, BLOCKED), (3, 0, RUN, 0)],
    "task 0 ran on hart 2, which there is not": [(1, 0, RUN, 2)],
    "task 0 stopped on hart 1, where it did not run": [(1, 0, RUN, 0), (2, 0, STOP, 1, EXPIRED)],
    "task 1 got lock 7 while task 0 had it": [(1, 0, NOTE, 4, 7), (2, 1, NOTE, 4, 7)],
    "task 1 gave lock 7 back, which it did not have": [(1, 0, NOTE, 4, 7), (2, 1, NOTE, 5, 7)],
}


def complaint(events):
    tasks = [(number, "hog", 1, 0, 0, 0, 0) for number in range(2)]
    return behaviour.complaint(rawrun.run_parse(raw_run({"harts": 2}, tasks, events, 10)))


class Behaviour(unittest.TestCase):
    def test_a_good_run_has_none(self):
        self.assertIsNone(complaint(GOOD))

    def test_each_rule_is_seen_to_be_broken(self):
        for words, events in BAD.items():
            with self.subTest(words=words):
                self.assertIn(words, complaint(WOKEN + events) or "no complaint")

    def test_sentence(self):
        said = behaviour.sentence([{"harts_used": 4}, {"harts_used": 1}, {"harts_used": 4}], 4)
        self.assertIn("3 runs in guests with 4 harts, tasks as environments (2 used 4, 1 used 1)", said)


if __name__ == "__main__":
    unittest.main()
