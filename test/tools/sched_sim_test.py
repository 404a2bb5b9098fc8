#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The simulator: the same words give the same bytes, what it records holds together, wrong words get one sentence.

    sched_sim_test.py RIVET-SIM
"""

import os
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
sys.path[1:1] = [os.path.join(TOP, "tools", "sched"), os.path.join(TOP, "tools")]

import metrics  # noqa: E402
import rawrun  # noqa: E402
import summary  # noqa: E402
from catalogue import Catalogue, suits  # noqa: E402

WORKLOADS = os.path.join(TOP, "bench", "sched", "workloads")
SECOND = 10**9
MANY_SECONDS = 60  # for 1,000 tasks on 64 harts, on a machine that is busy with other tests
MANY = """text many tasks
suits any
loads 1
duration 1s
metrics wakeup
class worker
    count 500
    arrival demand 0.5
    compute exponential 2ms
class hog
    count 500
    compute forever
"""
SIM = None


def sim(*words, status=0):
    result = subprocess.run([SIM, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert result.returncode == status, result.stderr
    return result


def simulate(policy, workload, load=1, seed=1, harts=1, duration=SECOND // 2, more=()):
    path = workload if "/" in workload else os.path.join(WORKLOADS, f"{workload}.load")
    return sim("--policy", policy, "--workload", path, "--load", load, "--seed", seed, "--harts", harts, "--duration",
               duration, *more).stdout


class Recording(unittest.TestCase):
    def check(self, run):
        """What has to hold in any run: a task runs on one hart at a time, and only after it woke."""
        running, awake, on = {}, set(), {}
        for time_at, task, kind, one, two, _ in run.events:
            self.assertLessEqual(time_at, run.end)
            if kind == rawrun.WAKE:
                self.assertNotIn(task, awake)
                awake.add(task)
            elif kind == rawrun.RUN:
                self.assertIn(task, awake)
                self.assertNotIn(task, running)
                self.assertNotIn(one, on)
                running[task] = one
                on[one] = task
            elif kind == rawrun.STOP:
                self.assertEqual(running.pop(task), one)
                del on[one]
                if two in (rawrun.BLOCKED, rawrun.ENDED):
                    awake.discard(task)

    def test_every_policy_on_every_workload_that_suits(self):
        known = Catalogue()
        for workload in known.workloads.values():
            results = []
            for policy in known.policies.values():
                if not suits(policy, workload):
                    continue
                with self.subTest(policy=policy.name, workload=workload.name):
                    run = rawrun.run_parse(simulate(policy.name, workload.name, workload.loads[-1]))
                    self.check(run)
                    self.assertNotIn("misuse", run.trailer)
                    self.assertEqual(run.end, SECOND // 2)
                    results.append({"policy": policy.name, "workload": workload.name, "load": "", "seed": 1,
                                    **metrics.measure(run)})
            self.assertIsNone(summary.arrivals_differ(results))

    def test_on_several_harts(self):
        for policy in ("eevdf", "work_stealing", "shinjuku", "gang", "edf"):
            with self.subTest(policy=policy):
                run = rawrun.run_parse(simulate(policy, "server", 0.7, harts=4))
                self.check(run)
                self.assertGreater(len({event[3] for event in run.events if event[2] == rawrun.RUN}), 1)

    def test_the_same_words_give_the_same_bytes(self):
        self.assertEqual(simulate("lottery", "server", 0.7), simulate("lottery", "server", 0.7))
        self.assertNotEqual(simulate("lottery", "server", 0.7), simulate("lottery", "server", 0.7, seed=2))

    def test_switches_cost_what_is_said(self):
        cheap, dear = (metrics.measure(rawrun.run_parse(simulate("round_robin:quantum=1000000", "bimodal", 0.8, more=more)))
                       for more in ((), ("--switch-cost", 50000)))
        self.assertLess(cheap["metrics"]["response_p50"], dear["metrics"]["response_p50"])

    def test_a_thousand_tasks_on_64_harts_take_seconds(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "many.load")
            with open(path, "w", encoding="utf-8") as out:
                out.write(MANY)
            began = time.monotonic()
            run = rawrun.run_parse(simulate("eevdf", path, harts=64, duration=SECOND))
            self.assertLess(time.monotonic() - began, MANY_SECONDS)
        self.check(run)
        self.assertEqual((len(run.tasks), run.harts), (1000, 64))


class Words(unittest.TestCase):
    def refused(self, *words):
        result = sim(*words, status=2)
        self.assertEqual(result.stdout, b"")
        self.assertRegex(result.stderr.decode(), r"\Arivet-sim: [^\n]+\.\n\Z")
        return result.stderr.decode()

    def test_wrong_ones_get_one_sentence(self):
        share = os.path.join(WORKLOADS, "share.load")
        for words, text in ((["--frobnicate", "1"], "no option"), (["--policy"], "value is missing"), ([], "--workload"),
                            (["--policy", "nothing", "--workload", share], "no policy"),
                            (["--policy", "eevdf", "--workload", "/nowhere"], "can't be read"),
                            (["--policy", "eevdf", "--workload", share, "--load", "much"], "--load"),
                            (["--policy", "eevdf", "--workload", share, "--harts", "65"], "from 1 to 64"),
                            (["--policy", "eevdf", "--workload", share, "--costs", "/nowhere"], "/nowhere")):
            with self.subTest(words=words):
                self.assertIn(text, self.refused(*words))

    def test_a_wrong_file_is_named_with_its_line(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "wrong.load")
            with open(path, "w", encoding="utf-8") as out:
                out.write("text something\nclass a\n    compute banana\n")
            self.assertRegex(self.refused("--policy", "eevdf", "--workload", path), r"wrong\.load:3: ")

    def test_no_half_of_a_recording_is_left(self):
        words = [SIM, "--workload", os.path.join(WORKLOADS, "share.load"), "--out"]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "share.run")
            result = subprocess.run(["prlimit", "--fsize=100", *words, path], capture_output=True, check=False)
            self.assertEqual((result.returncode, os.listdir(folder)), (4, []))
            self.assertEqual(result.stderr, b"rivet-sim: The recording can't be written (File too large).\n")
            result = subprocess.run([*words, "/dev/full"], capture_output=True, check=False)
            self.assertEqual(result.returncode, 4)
            self.assertEqual(result.stderr, b"rivet-sim: The recording can't be written (No space left on device).\n")
            self.assertTrue(os.path.exists("/dev/full"))


if __name__ == "__main__":
    SIM = sys.argv.pop(1)
    unittest.main()
