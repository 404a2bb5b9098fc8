#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What ./rivet sched computes, against records worked out by hand: metrics, percentiles, intervals, traces."""

import io
import math
import os
import re
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, "..", "..", "tools", "sched"), os.path.join(HERE, "..", "..", "tools")]

import agreement  # noqa: E402
import calibrate  # noqa: E402
import metrics  # noqa: E402
import rawrun  # noqa: E402
import stats  # noqa: E402
import summary  # noqa: E402
import trace  # noqa: E402
from sched_fake import (BLOCKED, DONE, EXPIRED, NOTE, PREEMPTED, RELEASE, RUN, STOP, WAKE, Machine,  # noqa: E402
                        raw_run)

MS = 1_000_000


def run_of(tasks, events, end, trailer=(), **header):
    return rawrun.run_parse(raw_run({"harts": 1, **header}, tasks, events, end, trailer))


def task(number, weight=1, klass="hog", deadline=0):
    return (number, klass, weight, 0, 0, deadline, 0)


def turns(*pieces):
    """RUN and STOP of (task, from, to), all of whom were woken at 0."""
    events = [(0, one, WAKE) for one in sorted({piece[0] for piece in pieces})]
    for one, since, until in pieces:
        events += [(since, one, RUN, 0), (until, one, STOP, 0, EXPIRED)]
    return events


class Format(unittest.TestCase):
    def test_what_was_written_is_read(self):
        run = run_of([task(0), task(300, weight=1024, klass="x")],
                     [(0, 0, WAKE), (5, 0, RUN, 0), (200, 300, RELEASE, 10**12, 7, 3), (300, 0, NOTE, 2, 9)],
                     10**10, {"decisions": 7, "misuse": "it was bad"}, load="0.5", policy="a b")
        self.assertEqual(run.events, [(0, 0, WAKE, 0, 0, 0), (5, 0, RUN, 0, 0, 0),
                                      (200, 300, RELEASE, 10**12, 7, 3), (300, 0, NOTE, 2, 9, 0)])
        self.assertEqual((run.end, run.header["load"], run.header["policy"]), (10**10, "0.5", "a b"))
        self.assertEqual((run.trailer["misuse"], run.tasks[1].klass, run.tasks[1].weight), ("it was bad", "x", 1024))

    def test_what_is_damaged_is_refused(self):
        whole = raw_run({"harts": 1}, [task(0)], [(0, 0, WAKE), (9, 0, RUN, 0)], 100, {"decisions": 1})
        cut = whole.index(b"decisions") - 1
        for data, words in ((b"", "begin"), (b"hello\n\n", "begin"), (whole[:20], "header"), (whole[: cut - 2], "cut off"),
                            (whole.replace(b"task 0 hog 1 0 0 0 0", b"task 0 hog 1 0 0 0"), "describes a task"),
                            (whole.replace(b"task 0", b"task 5"), "doesn't name"),
                            (whole + b"lost 3\n", "lacks 3 records"),
                            (whole.replace(b"\n\n\0\0", b"\n\n\0\6"), "kind 6")):
            with self.subTest(words), self.assertRaisesRegex(rawrun.RawError, words):
                rawrun.run_parse(data)


class Percentiles(unittest.TestCase):
    def test_ten_samples_have_to_lie_beyond(self):
        self.assertEqual(metrics.percentile(list(range(1, 21)), 50), 10)
        self.assertIsNone(metrics.percentile(list(range(1, 20)), 50))
        self.assertEqual(metrics.percentile(list(range(1, 1001)), 99), 990)
        self.assertIsNone(metrics.percentile(list(range(1, 1000)), 99))
        self.assertEqual(metrics.percentile(list(range(1, 10001)), 99.9), 9990)
        self.assertIsNone(metrics.percentile(list(range(1, 9001)), 99.9))
        self.assertIsNone(metrics.percentile([], 50))

    def test_it_shows_as_a_dash(self):
        self.assertEqual(summary.value_text(metrics.BY_NAME["latency_p99"], None), "-")


class Fairness(unittest.TestCase):
    def test_shares_as_weighted_have_no_error(self):
        tasks = [task(0, 3), task(1, 2), task(2, 1)]
        found = metrics.measure(run_of(tasks, turns((0, 0, 30 * MS), (1, 30 * MS, 50 * MS), (2, 50 * MS, 60 * MS)), 60 * MS))
        self.assertAlmostEqual(found["metrics"]["share_max"], 0)
        self.assertAlmostEqual(found["metrics"]["jain"], 1)
        # At 30 ms task 0 is furthest ahead: it has got 30, and should have 15. Behind is 1 then, by 10, and 2 at 50 ms, by 8.3.
        self.assertAlmostEqual(found["metrics"]["lag_max"], 15 * MS)

    def test_errors_are_points_of_the_machine(self):
        tasks = [task(0, 3), task(1, 1)]
        found = metrics.measure(run_of(tasks, turns((0, 0, 50 * MS), (1, 50 * MS, 100 * MS)), 100 * MS))
        self.assertAlmostEqual(found["metrics"]["share_max"], 25)
        self.assertAlmostEqual(found["metrics"]["share_rms"], 25)
        ratios = (50 / 75, 50 / 25)
        self.assertAlmostEqual(found["metrics"]["jain"], sum(ratios) ** 2 / (2 * sum(one * one for one in ratios)))
        self.assertEqual([one["fair_ns"] for one in found["tasks"]], [75 * MS, 25 * MS])

    def test_who_sleeps_is_not_owed_anything(self):
        events = [(0, 0, WAKE), (0, 1, WAKE), (0, 1, RUN, 0), (10, 1, STOP, 0, BLOCKED), (10, 0, RUN, 0),
                  (110, 0, STOP, 0, EXPIRED), (110, 0, RUN, 0)]
        found = metrics.measure(run_of([task(0), task(1)], events, 210))
        self.assertEqual([one["fair_ns"] for one in found["tasks"]], [205, 5])
        self.assertEqual([one["ran_ns"] for one in found["tasks"]], [200, 10])

    def test_nobody_is_owed_more_than_a_hart(self):
        events = [(0, 0, WAKE), (0, 1, WAKE), (0, 2, WAKE), (0, 0, RUN, 0), (0, 1, RUN, 1)]
        found = metrics.measure(run_of([task(0, 100), task(1), task(2)], events, 100, harts=2))
        self.assertEqual([one["fair_ns"] for one in found["tasks"]], [100, 50, 50])


class Latency(unittest.TestCase):
    def test_from_waking_to_running_without_the_start(self):
        events = [(0, 0, WAKE), (50, 0, RUN, 0), (60, 0, STOP, 0, BLOCKED)]
        for number in range(1, 26):
            at = number * 1000
            events += [(at, 0, WAKE), (at + number, 0, RUN, 0), (at + 100, 0, STOP, 0, BLOCKED)]
        events += [(30000, 0, WAKE)]  # doesn't run any more
        found = metrics.measure(run_of([task(0)], events, 31000))
        self.assertEqual(found["samples"]["latency"], 25)
        self.assertEqual((found["metrics"]["latency_p50"], found["metrics"]["latency_max"]), (13, 25))
        self.assertIsNone(found["metrics"]["latency_p90"])

    def test_of_the_focus_alone(self):
        events = [(0, 0, WAKE), (0, 1, WAKE), (0, 0, RUN, 0), (9, 0, STOP, 0, BLOCKED), (9, 1, RUN, 0), (10, 0, WAKE),
                  (19, 1, STOP, 0, BLOCKED), (20, 1, WAKE), (25, 0, RUN, 0), (30, 0, STOP, 0, BLOCKED), (95, 1, RUN, 0)]
        run = run_of([task(0, klass="probe"), task(1)], events, 100)
        self.assertEqual(metrics.measure(run, ["probe"])["metrics"]["latency_max"], 15)
        self.assertEqual(metrics.measure(run)["metrics"]["latency_max"], 75)


class Jobs(unittest.TestCase):
    def setUp(self):
        # Three jobs: done in time, done late (it arrived 10 before its record), never done. A fourth is not yet due.
        events = [(0, 0, RELEASE, 20, 50, 0), (0, 0, WAKE), (0, 0, RUN, 0), (20, 0, DONE),
                  (110, 0, RELEASE, 30, 50, 10), (170, 0, DONE),
                  (200, 1, RELEASE, 40, 100, 0), (200, 1, WAKE), (380, 0, RELEASE, 60, 50, 0)]
        self.found = metrics.measure(run_of([task(0), task(1)], events, 400))["metrics"]

    def test_misses_of_those_that_were_due(self):
        self.assertAlmostEqual(self.found["miss_ratio"], 100 * 2 / 3)

    def test_counts(self):
        self.assertEqual(self.found["unfinished"], 2)
        self.assertAlmostEqual(self.found["throughput"], 2 / 400e-9)

    def test_response_and_slowdown(self):
        jobs = [metrics.Job(0, 10, 0) for _ in range(20)]
        for number, job in enumerate(jobs, 1):
            job.done = 10 * number
        jobs += [metrics.Job(900, 50, 0), metrics.Job(990, 50, 0)]  # the second is younger than what it needs
        responses, slowdowns = metrics.job_samples(jobs, 1000)
        self.assertEqual(responses, sorted([*range(10, 201, 10), 100]))
        self.assertEqual(max(slowdowns), 20)
        self.assertEqual(slowdowns.count(2), 2)

    def test_a_job_that_never_ends_is_none(self):
        found = metrics.measure(run_of([task(0)], [(0, 0, RELEASE, 0, 0, 0), (0, 0, WAKE), (0, 0, RUN, 0)], 100))
        self.assertIsNone(found["metrics"]["unfinished"])


class Counts(unittest.TestCase):
    def test_switches_migrations_idleness_decisions(self):
        events = [(0, 0, WAKE), (0, 0, RUN, 0), (100, 0, STOP, 0, EXPIRED), (100, 0, RUN, 0), (200, 0, STOP, 0, BLOCKED),
                  (300, 0, WAKE), (310, 0, RUN, 1), (400, 1, WAKE), (400, 1, RUN, 0), (500, 0, STOP, 1, PREEMPTED),
                  (500, 1, STOP, 0, BLOCKED), (501, 0, RUN, 0), (1000, 0, STOP, 0, BLOCKED)]
        found = metrics.measure(run_of([task(0), task(1)], events, 1000, {"decisions": 4, "decision_instructions": 90},
                                       harts=2))["metrics"]
        second = 1e-6
        self.assertAlmostEqual(found["switches"] * second, 4)  # 0 on hart 0, 0 on 1, 1 on 0, 0 on 0
        self.assertAlmostEqual(found["migrations"] * second, 2)
        self.assertAlmostEqual(found["idle_wakeups"] * second, 3)  # at 0, 310 and 400; at 501 somebody waited
        self.assertAlmostEqual(found["idle"], 100 * (2000 - 200 - 190 - 100 - 499) / 2000)
        self.assertEqual((found["decisions"] * second, found["decision_cost"]), (4, 22.5))

    def test_windows_hold_all_the_time(self):
        found = metrics.measure(run_of([task(0), task(1)], turns((0, 0, 333), (1, 333, 1000)), 1000))
        self.assertEqual(sum(found["windows"]["hog"]), 1000)


class Intervals(unittest.TestCase):
    def test_student(self):
        self.assertAlmostEqual(stats.t_quantile(9), 2.262)
        self.assertAlmostEqual(stats.t_quantile(35), 2.030, places=3)
        self.assertAlmostEqual(stats.t_quantile(100000), 1.960, places=3)

    def test_an_interval_by_hand(self):
        middle, half = stats.interval([1, 2, 3, 4, 5])
        self.assertEqual(middle, 3)
        self.assertAlmostEqual(half, 2.776 * math.sqrt(2.5 / 5))
        self.assertEqual(stats.interval([7]), (7, None))

    def test_pairs_are_by_seed(self):
        middle, half, pairs = stats.paired({1: 10, 2: 20, 3: 30, 9: 1}, {1: 11, 2: 22, 3: 33})
        self.assertEqual((middle, pairs), (2, 3))
        self.assertAlmostEqual(half, 4.303 / math.sqrt(3))
        self.assertIsNone(stats.paired({1: 1}, {2: 1}))


# Ftrace text as Perfetto takes it: a line's beginning; and what it wants to know of an event, in this order.
TRACE_LINE = re.compile(r"\s*(?P<comm>.{1,16})-(?P<pid>\d+)\s+\[(?P<hart>\d{3})\] [dX.][Nnp.][Hhsz.][0-9a-f.] "
                        r"(?P<time>\d+\.\d{9}): (?P<event>sched_\w+): (?P<rest>.*)")
COMM = r"\S.{0,14}"
TRACE_EVENTS = {
    "sched_switch": re.compile(rf"prev_comm=({COMM}) prev_pid=(\d+) prev_prio=\d+ prev_state=(?:R\+?|S|X) ==> "
                               rf"next_comm=({COMM}) next_pid=(\d+) next_prio=\d+"),
    "sched_wakeup": re.compile(rf"comm=({COMM}) pid=[1-9]\d* prio=\d+ target_cpu=\d{{3}}"),
}


class Traces(unittest.TestCase):
    def grammar_check(self, text, harts):
        """Each line is one of the grammar's, times go forward, and a hart switches from what it switched to."""
        head = [line for line in text.splitlines() if line.startswith("#")]
        lines = text.splitlines()[len(head):]
        self.assertEqual(head[0], "# tracer: nop")
        self.assertIn(f"# entries-in-buffer/entries-written: {len(lines)}/{len(lines)}   #P:{harts}", head)
        self.assertRegex(head[-2], r"^# +TASK-PID +CPU# +\S+ +TIMESTAMP +FUNCTION$")
        running, last = {}, 0.0
        for line in lines:
            match = TRACE_LINE.fullmatch(line)
            self.assertIsNotNone(match, line)
            event = TRACE_EVENTS[match["event"]].fullmatch(match["rest"])
            self.assertIsNotNone(event, line)
            self.assertGreaterEqual(float(match["time"]), last)
            last = float(match["time"])
            self.assertLess(int(match["hart"]), harts)
            if match["event"] == "sched_switch":
                self.assertEqual(running.get(match["hart"], event[2]), event[2], line)
                self.assertEqual((match["pid"], match["comm"].strip()),
                                 (event[2], event[1] if event[2] != "0" else "<idle>"), line)
                running[match["hart"]] = event[4]
        return len(lines)

    def test_every_line_is_of_the_grammar(self):
        machine = Machine(True, 10 * MS, 0.9, 5)
        tasks = [task(number, weight, "a_class_with_a_long_name") for number, weight in enumerate(machine.weights)]
        _, text = self.times(run_of(tasks, machine.run(10**9), 10**9))
        self.assertGreater(self.grammar_check(text, 1), 50)
        events = [(0, 0, WAKE), (1, 0, RUN, 0), (2, 1, WAKE), (3, 1, RUN, 1), (7, 0, STOP, 0, PREEMPTED),
                  (7, 0, RUN, 0), (9, 1, STOP, 1, BLOCKED), (12, 1, WAKE), (13, 1, RUN, 1)]
        times, text = self.times(run_of([task(0), task(1)], events, 20, harts=2))
        self.assertEqual(self.grammar_check(text, 2), 3 + 2 + 2 + 2)  # wakes; beginnings; idle between; ends
        self.assertEqual(times, {0: 19, 1: 13})
        for before, after in (("prev_state=S", "prev_state=?"), ("target_cpu=000", ""), ("prev_pid=1 ", "prev_pid=2 "),
                              ("[001]", "[002]")):
            with self.assertRaises(AssertionError, msg=after):
                self.grammar_check(text.replace(before, after), 2)

    def times(self, run):
        out = io.StringIO()
        trace.write(run, out)
        return {pid - 1: time for (_, pid), time in trace.read(out.getvalue().splitlines()).items()}, out.getvalue()

    def test_times_survive_the_trace(self):
        machine = Machine(True, 10 * MS, 0.9, 5)
        events = machine.run(10**9)
        tasks = [task(number, weight, "hog" if number < 6 else "probe") for number, weight in enumerate(machine.weights)]
        run = run_of(tasks, events, 10**9)
        expected = {one["task"]: one["ran_ns"] for one in metrics.measure(run)["tasks"]}
        self.assertEqual(self.times(run)[0], expected)
        self.assertGreater(min(expected.values()), 0)

    def test_a_task_that_runs_at_the_end_and_one_that_idles_between(self):
        events = [(0, 0, WAKE), (1, 0, RUN, 0), (4, 0, STOP, 0, BLOCKED), (10, 1, WAKE), (12, 1, RUN, 0)]
        times, text = self.times(run_of([task(0), task(1, klass="a_class_with_a_long_name")], events, 20))
        self.assertEqual(times, {0: 3, 1: 8})
        self.assertIn("prev_comm=hog-0 prev_pid=1 prev_prio=120 prev_state=S ==> next_comm=swapper next_pid=0", text)
        self.assertIn("sched_wakeup: comm=a_class_with_-1 pid=2", text)
        self.assertTrue(text.startswith("# tracer: nop\n"))

    def test_linux_own_lines_are_read(self):
        lines = ["# tracer: nop", " <idle>-0     [001] d..2  10.000100: sched_switch: prev_comm=swapper/1 prev_pid=0 "
                 "prev_prio=120 prev_state=R ==> next_comm=a b next_pid=7 next_prio=120",
                 "    a b-7     (   7) [001] d..2  10.000150: sched_switch: prev_comm=a b prev_pid=7 prev_prio=120 "
                 "prev_state=S ==> next_comm=swapper/1 next_pid=0 next_prio=120"]
        self.assertEqual(trace.read(lines), {("a b", 7): 50_000})

    def test_a_wrong_line_is_named(self):
        with self.assertRaisesRegex(trace.TraceError, r"x\.txt:2: expected"):
            trace.read(["# tracer: nop", "what is this"], "x.txt")


class Agreement(unittest.TestCase):
    def run_with(self, **figures):
        return {"policy": "p", "workload": "w", "load": "1", "seed": 1,
                "metrics": {"share_max": None, "miss_ratio": None, "latency_p50": None, "latency_p99": None, **figures}}

    def test_the_largest_difference_counts(self):
        found = agreement.gaps([self.run_with(share_max=3, latency_p50=100)], [self.run_with(share_max=3.5, latency_p50=130)])
        self.assertEqual([(gap.metric.name, gap.difference, gap.within) for gap in found],
                         [("share_max", 0.5, True), ("latency_p50", 30, False)])
        self.assertIn("in 1 of 2 figures", agreement.sentence(found))
        self.assertIn("latency p50 of p on w at load 1 (30.0 %)", agreement.sentence(found))

    def test_what_the_simulator_comes_to_when_it_is_nudged_is_on_an_edge(self):
        asked = []

        def nudged(runs, nudge):
            asked.append((len(runs), nudge))
            return [self.run_with(share_max=3, latency_p50=110 if nudge == 3 else 200, latency_p99=500)]

        guest, simulated = self.run_with(latency_p50=100, latency_p99=100), self.run_with(latency_p50=200, latency_p99=500)
        found = agreement.gaps([guest], [simulated], nudged)
        self.assertEqual([gap.nudge for gap in found], [3, None])
        self.assertEqual([gap.metric.name for gap in agreement.disagreements(found)], ["latency_p99"])
        self.assertEqual(asked, [(1, nudge) for nudge in agreement.NUDGES])
        self.assertIn("1 are on an edge, where nanoseconds decide; 1 differ, most latency p99", agreement.sentence(found))
        self.assertIn("seed 3", agreement.section(found))

    def test_runs_that_only_one_has_do_not_count(self):
        self.assertEqual(agreement.gaps([self.run_with(share_max=3)], []), [])


class Calibration(unittest.TestCase):
    def test_costs_are_the_times_between_events(self):
        events = [(0, 0, WAKE), (2000, 0, RUN, 0), (10200, 0, STOP, 0, EXPIRED), (10600, 0, RUN, 0)]
        events += [(13000, 1, WAKE), (13000, 1, RELEASE, 500, 0, 0), (13950, 0, STOP, 0, PREEMPTED), (14400, 1, RUN, 0),
                   (15800, 1, DONE), (15900, 1, RELEASE, 500, 0, 0), (16500, 1, DONE), (16600, 1, STOP, 0, BLOCKED), (17100, 0, RUN, 0),
                   (18000, 0, STOP, 0, BLOCKED), (90000, 1, WAKE), (91800, 1, RUN, 0)]
        found = calibrate.Intervals(run_of([task(0), task(1)], events, 10**5))
        self.assertEqual((found.turns, found.again), ([8200], [100]))
        self.assertEqual(found.stopped, {EXPIRED: [400], PREEMPTED: [450], BLOCKED: [500]})

    def test_costs_of_one_task_alone(self):
        events = [(0, 0, WAKE), (0, 0, RELEASE, 5, 0, 0), (1500, 0, RUN, 0), (1700, 1, WAKE), (1900, 0, DONE), (2000, 0, STOP, 0, BLOCKED)]
        run = run_of([task(0), task(1)], events, 10**4)
        self.assertEqual(calibrate.latency(run), 1500)
        self.assertEqual(calibrate.between(run, calibrate.RUNS, calibrate.DONE), 400)
        self.assertEqual(calibrate.between(run, calibrate.DONE, calibrate.WAITS), 100)
        events = [(0, 1, WAKE), (100, 1, RUN, 0), (1000, 0, WAKE), (1900, 1, STOP, 0, PREEMPTED), (2300, 0, RUN, 0)]
        self.assertEqual(calibrate.preemption(run_of([task(0), task(1)], events, 10**4)), 900)


class Likeness(unittest.TestCase):
    def result(self, policy, services):
        events = [(number, 0, RELEASE, service, 0, 0) for number, service in enumerate(services)]
        found = metrics.measure(run_of([task(0)], events, 1000))
        return {"workload": "w", "load": "1", "seed": 1, "policy": policy, **found}

    def test_one_got_further(self):
        self.assertIsNone(summary.arrivals_differ([self.result("a", [5, 6, 7, 8, 9]), self.result("b", [5, 6, 7])]))

    def test_other_jobs(self):
        self.assertIn("task 0", summary.arrivals_differ([self.result("a", [5, 6, 7]), self.result("b", [5, 9, 7])]))


if __name__ == "__main__":
    unittest.main()
