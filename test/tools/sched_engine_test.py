#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The simulator's engine, on days so small that each can be worked out by hand, and under policies that break the rules.

    sched_engine_test.py RIVET-SIM

Costs are what a test says (most often nothing), so that times are exact to the nanosecond.
"""

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
sys.path[1:1] = [os.path.join(TOP, "tools", "sched"), os.path.join(TOP, "tools")]

import rawrun  # noqa: E402

US, MS = 1000, 10**6
KIND = {rawrun.WAKE: "wake", rawrun.RUN: "run", rawrun.STOP: "stop", rawrun.RELEASE: "release", rawrun.DONE: "done"}
WHY = ("expired", "preempted", "yielded", "waits", "ended")
NOTES = {3: "lock wait", 4: "lock", 5: "unlock", 6: "barrier"}
NOTHING = {"decide_round_robin_10": 0, "decide_round_robin_100": 0, "decide_round_robin_1000": 0, "decide_prio_10": 0,
           "decide_prio_100": 0, "decide_prio_1000": 0}
SIM = None


def simulate(folder, text, policy="round_robin", duration=100 * MS, harts=1, costs=NOTHING, load="1", program=None, status=0):
    """Status, what was said, and the recording."""
    paths = [os.path.join(folder, name) for name in ("day.load", "costs.tsv")]
    for path, content in zip(paths, (text, "".join(f"{name}\t{value}\n" for name, value in costs.items()))):
        with open(path, "w", encoding="utf-8") as out:
            out.write(content)
    result = subprocess.run([program or SIM, "--policy", policy, "--workload", paths[0], "--costs", paths[1], "--duration",
                             str(duration), "--harts", str(harts), "--load", load],
                            stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120)
    assert result.returncode == status, (result.returncode, result.stderr)
    return result.stderr.decode(), rawrun.run_parse(result.stdout)


def story(run, kinds=("run", "stop"), tasks=None):
    """What happened: (time, task, kind) and why a stop."""
    told = []
    for time, task, kind, one, two, _ in run.events:
        name = NOTES.get(one) if kind == rawrun.NOTE else KIND.get(kind)
        if name in kinds and (tasks is None or task in tasks):
            told.append((time, task, WHY[two] if name == "stop" else name))
    return told


class Days(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def day(self, text, **more):
        return simulate(self.folder.name, "text a day\n" + text, **more)[1]

    def test_two_hogs_take_turns(self):
        run = self.day("class hog\n count 2\n compute forever\n", policy="round_robin:quantum=1000000", duration=3 * MS)
        self.assertEqual(story(run), [(0, 0, "run"), (MS, 0, "expired"), (MS, 1, "run"), (2 * MS, 1, "expired"), (2 * MS, 0, "run")])
        self.assertEqual(run.trailer["idle_ns"], "0")

    def test_each_cost_is_where_it_belongs(self):
        """A job of 1 ms each 5 ms beside a hog, under prio: from the timer to the hog's stop, to the run, and back."""
        text = ("class job\n priority 1\n arrival periodic 5ms\n start 2ms\n compute 1ms\n"
                "class hog\n compute forever\n")
        costs = {**NOTHING, "sim_timer": 700, "sim_choose": 30, "decide_prio_10": 8, "sim_resume": 1000,
                 "sim_compute": 4000, "sim_end": 200, "sim_pass": 9}
        run = self.day(text, policy="prio", duration=4 * MS, costs=costs)
        began = 2 * MS + 700 + 4 + 30 + 4  # a decision is half in the wake-up, half behind the stop
        done = began + 5000 + MS
        self.assertEqual(story(run, ("wake", "run", "stop", "done"), [0]), [
            (2 * MS, 0, "wake"), (began, 0, "run"), (done, 0, "done"), (done + 200, 0, "waits")])
        self.assertIn((2 * MS + 704, 1, "preempted"), story(run))
        self.assertIn((done + 200 + 38, 1, "run"), story(run))

    def test_a_timer_takes_its_time_from_who_goes_on(self):
        text = "class job\n arrival once\n compute 1ms\nclass other\n arrival once\n start 500us\n compute 1ms\n"
        costs = {**NOTHING, "sim_timer": 700, "sim_pass": 90}
        run = self.day(text, costs=costs, duration=5 * MS)
        self.assertIn((MS + 790, 0, "done"), story(run, ("done",)))

    def test_timers_come_at_ticks(self):
        text = "class job\n priority 1\n arrival once\n start 1234ns\n compute 1us\nclass hog\n compute forever\n"
        run = self.day(text, policy="prio", costs={**NOTHING, "tick_ns": 100}, duration=MS)
        self.assertEqual(story(run, ("wake", "run"), [0]), [(1234, 0, "wake"), (1300, 0, "run")])

    def test_an_idle_hart_counts_its_time(self):
        text = "class job\n arrival periodic 1ms\n compute 250us\n"
        run = self.day(text, duration=10 * MS)
        self.assertEqual(int(run.trailer["idle_ns"]), 10 * 750 * US)
        half = self.day(text, duration=10 * MS, costs={**NOTHING, "sim_idle": 50 * US})
        self.assertEqual(int(half.trailer["idle_ns"]), 10 * 700 * US)
        self.assertEqual(int(self.day(text, duration=10 * MS, harts=4).trailer["idle_ns"]), 40 * MS - 10 * 250 * US)

    def test_a_lock_is_handed_to_who_waits_first(self):
        text = ("class low\n lock a\n compute 2ms\n unlock a\n arrival once\n"
                "class high\n priority 2\n arrival once\n start 1ms\n lock a\n compute 1ms\n unlock a\n"
                "class higher\n priority 3\n arrival once\n start 1500us\n lock a\n compute 1ms\n unlock a\n")
        run = self.day(text, policy="prio")
        self.assertEqual(story(run, ("lock", "lock wait", "unlock")), [
            (0, 0, "lock"), (MS, 1, "lock wait"), (1500 * US, 2, "lock wait"), (2 * MS, 0, "unlock"), (2 * MS, 1, "lock"),
            (3 * MS, 1, "unlock"), (3 * MS, 2, "lock"), (4 * MS, 2, "unlock")])

    def test_a_barrier_opens_for_all(self):
        text = "class part\n count 3\n arrival once\n start uniform 0us 900us\n compute 1ms\n barrier\n compute 1us\n"
        run = self.day(text, harts=3)
        arrived = [time for time, _, _ in story(run, ("barrier",))]
        done = [time for time, _, _ in story(run, ("done",))]
        self.assertEqual(len(arrived), 3)
        self.assertEqual(done, [max(arrived) + US] * 3)

    def test_tasks_stay_where_they_may_run(self):
        text = "class left\n count 4\n harts 0-1\n compute forever\nclass right\n count 4\n harts 3\n compute forever\n"
        for policy in ("round_robin:quantum=1000000", "eevdf", "work_stealing"):
            run = self.day(text, policy=policy, harts=4)
            where = {}
            for _, task, kind, hart, _, _ in run.events:
                if kind == rawrun.RUN:
                    where.setdefault(task, set()).add(hart)
            self.assertEqual(set().union(*(where.get(task, set()) for task in range(4))), {0, 1}, policy)
            self.assertEqual(set().union(*(where.get(task, set()) for task in range(4, 8))), {3}, policy)
            self.assertEqual(int(run.trailer["idle_ns"]), 100 * MS, policy)  # hart 2

    def test_whoever_is_done_ends(self):
        run = self.day("class job\n arrival once\n compute 1ms\n")
        self.assertEqual(story(run), [(0, 0, "run"), (MS, 0, "ended")])
        self.assertEqual(int(run.trailer["idle_ns"]), 99 * MS)

    def test_a_yield_lets_the_other_run(self):
        run = self.day("class a\n arrival once\n compute 1ms\n yield\n compute 1ms\nclass b\n arrival once\n compute 3ms\n")
        self.assertEqual(story(run), [(0, 0, "run"), (MS, 0, "yielded"), (MS, 1, "run"), (4 * MS, 1, "ended"), (4 * MS, 0, "run"),
                                      (5 * MS, 0, "ended")])

    def test_jobs_that_never_began_are_written(self):
        """A job of 10 ms each 4 ms: at 22 ms the third is at work, and three more have arrived."""
        run = self.day("class late\n arrival periodic 4ms\n deadline 100%\n compute 10ms\n", duration=22 * MS)
        released = [(time, late) for time, _, kind, _, _, late in run.events if kind == rawrun.RELEASE]
        self.assertEqual(released, [(0, 0), (10 * MS, 6 * MS), (20 * MS, 12 * MS), (22 * MS, 10 * MS), (22 * MS, 6 * MS),
                                    (22 * MS, 2 * MS)])

    def test_a_slice_that_ends_costs_who_runs(self):
        run = self.day("class job\n arrival once\n compute 30ms\n", costs={**NOTHING, "sim_slice_end": 1000}, policy="prio")
        self.assertEqual(story(run, ("done",)), [(30 * MS + 3000, 0, "done")])


BAD = """// SPDX-License-Identifier: BSD-2-Clause
#include <libos/sched/sched.h>
static struct sched_task strange = {{.harts = ~0ul, .id = 7}};
static struct sched_task *pick(uint32_t hart, uint64_t now)
{{
    struct sched_task *first = sched_queue_first(hart);
    static struct sched_task *old;
    (void)strange, (void)old;
    if (now >= 55000000) {{
        {wrong}
    }}
    old = old ? old : first;
    return first;
}}
{more}
const struct sched_ops sched_{name} = {{.name = "{name}", .pick = pick{members}}};
"""
# What the policy does wrong from 5 ms on; what it has besides; what is said.
WRONG = {
    "bad_nothing": ("return NULL;", "", "", "nothing"),
    "bad_foreign": ("strange.state = 1; return &strange;", "", "", "no task of its"),
    "bad_gone": ("return &strange;", "", "", "gone"),
    "bad_blocked": ("return old;", "", "", "blocked|runs already"),
    "bad_loop": ("for (volatile int i = 0; i >= 0; i = 0) {}", "", "", "did not come back"),
    "bad_crash": ("__builtin_trap();", "", "", "crashed"),
    "bad_turn": ("", "static uint64_t turn(const struct sched_task *task, uint64_t now)\n"
                     "{ (void)task; return now >= 55000000 ? 0 : 1000000; }", ", .turn = turn", "turn"),
    "bad_admit": ("", "static void admit(struct sched_task *task, uint64_t now)\n"
                      "{ (void)now; if (task->id == 1) __builtin_trap(); }", ", .admit = admit", "crashed"),
    "bad_start": ("", "static void start(uint32_t harts, uint64_t seed)\n"
                      "{ (void)harts, (void)seed; __builtin_trap(); }", ", .start = start", "crashed"),
    "bad_inherit": ("", "static void inherit(struct sched_task *owner, struct sched_task *waiter, uint64_t now)\n"
                        "{ (void)owner, (void)waiter; if (now > 55000000) __builtin_trap(); }", ", .inherit = inherit",
                    "crashed"),
}
BUSY = ("text all sorts\nclass a\n count 4\n arrival periodic 3ms\n lock l\n compute 700us\n unlock l\n"
        "class b\n count 2\n arrival after 1ms\n compute 300us\nclass c\n compute forever\n")


class Misuse(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        files = []
        for name, (wrong, more, members, _) in WRONG.items():
            files.append(os.path.join(cls.folder.name, f"{name}.c"))
            with open(files[-1], "w", encoding="utf-8") as out:
                out.write(BAD.format(wrong=wrong, more=more, members=members, name=name))
        build = os.path.join(cls.folder.name, "build")
        for command in (["cmake", "-S", TOP, "-B", build, "-G", "Ninja", "-DRIVET_SIM=ON", "-DCMAKE_C_COMPILER=gcc",
                         "-DCMAKE_BUILD_TYPE=Release", f"-DRIVET_POLICY_EXTRA={';'.join(files)}"],
                        ["cmake", "--build", build, "--target", "rivet-sim"]):
            result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
            assert result.returncode == 0, result.stdout + result.stderr
        cls.program = os.path.join(build, "rivet-sim")

    def check(self, name, harts):
        said, run = simulate(self.folder.name, BUSY, policy=name, harts=harts, program=self.program, costs={}, status=3)
        self.assertRegex(said, rf"\Arivet-sim: the policy {name} [^\n]*({WRONG[name][3]})[^\n]*\.\n\Z")
        self.assertRegex(run.trailer["misuse"], WRONG[name][3])
        self.assertEqual(run.end, 100 * MS)
        last = {}
        for time, task, kind, *_ in run.events:
            if kind == rawrun.RUN:
                last[task] = time
        self.assertEqual(len(last), 7)  # nobody was lost: all run until the end, as under round robin
        self.assertGreater(min(last.values()), 60 * MS)

    def test_each_is_named_and_its_tasks_go_on(self):
        for name in WRONG:
            for harts in (1, 3):
                with self.subTest(policy=name, harts=harts):
                    self.check(name, harts)


if __name__ == "__main__":
    SIM = sys.argv.pop(1)
    unittest.main()
