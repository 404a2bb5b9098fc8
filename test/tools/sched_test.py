#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""./rivet sched in a tree of its own, whose simulator is a script: options, tables, files, and every way to fail."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(HERE, "..", "..", "tools")
POLICIES = ("round_robin", "stride", "eevdf", "crash", "break", "slow")
POLICY = '''/*
 * A {name}.
 *
 * Good for: a test,
 *     on two lines.
 * Bad for: everything else.
 */
static int heed(struct sched_task *task) {{ return task->{heeds}; }}
static uint64_t quantum = 10000000;
static const struct sched_parameter parameters[] = {{
    {{"quantum", "how long a turn is", &quantum, 1000,
     1000000000}},
    {{0}},
}};
const struct sched_ops sched_{name} = {{ .name = "{name}", .text = "what {name} is" }};
'''
WORKLOADS = {
    "share": "text Hogs with weights\nsuits any\nload the probe\nloads 0.2 0.5 0.9\nduration 400ms\nmetrics share\nclass hog\n",
    "probe": "text A probe\nsuits weights\nloads 0.2 0.5 0.9\nduration 1s\nmetrics wakeup misses\nfocus probe\nclass hog\n",
}
WRONG = [
    (["--frobnicate"], "--help lists"),
    (["x"], "unrecognized"),
    (["--policy"], "expected one argument"),
    (["--policy", "no such"], "names of policies"),
    (["--policy", "nothing"], "no policy called 'nothing'; there is: eevdf"),
    (["--policy", "stride:quantum"], "is no NAME=NUMBER"),
    (["--policy", "stride:a=1,a=2"], "said twice"),
    (["--policy", "stride:a=1"], "no parameter 'a'; it has quantum"),
    (["--policy", "stride:quantum=1h"], "is no NAME=NUMBER"),
    (["--policy", "stride:quantum=2s"], "from 1000 to 1000000000, not 2000000000"),
    (["--policy", "stride,stride"], "twice"),
    (["--policy", "./missing.c"], "no such file"),
    (["--policy", "./empty.c"], "defines no `const struct sched_ops sched_empty`"),
    (["--policy", "/etc/passwd"], "ends in .c"),
    (["--policy", "stride:a=" + "/".join(map(str, range(65)))], "65 combinations"),
    (["--workload", "nothing"], "no workload called 'nothing'; there is: probe, share"),
    (["--workload", "./missing.load"], "no such file"),
    (["--load", "0"], "above 0"),
    (["--load", "much"], "above 0"),
    (["--harts", "65", "--sim"], "from 1 to 64"),
    (["--harts", "2"], "--sim"),
    (["--harts", "2"], "--as envs"),
    (["--harts", "9", "--as", "envs"], "8 harts at most"),
    (["--as", "processes"], "threads or envs, not 'processes'"),
    (["--as", "envs", "--sim"], "takes no --sim"),
    (["--switch-cost", "5"], "--sim"),
    (["--seed", "0"], "from 1"),
    (["--seeds", "many"], "from 1"),
    (["--compare", "stride"], "two policies"),
    (["--compare", "stride,eevdf", "--policy", "stride"], "takes no --policy"),
    (["--compare", "stride,eevdf", "--seeds", "1"], "two seeds"),
    (["--out", "/"], "folder"),
]


class Tree(unittest.TestCase):
    """A tree with the tools, policies and workloads, and nothing that would have to be built."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sched ")
        self.addCleanup(temporary.cleanup)
        self.top = temporary.name
        shutil.copytree(TOOLS, self.path("tools"), ignore=shutil.ignore_patterns("__pycache__"))
        for folder in ("libos/sched/policy", "bench/sched/workloads", "build/sim"):
            os.makedirs(self.path(folder))
        shutil.copy(os.path.join(HERE, "sched_fake.py"), self.path("build/sim/rivet-sim"))
        self.write("libos/sched/policies.def", "// The policies.\n" + "".join(f"POLICY({name})\n" for name in POLICIES))
        for name in POLICIES:
            heeds = "remaining" if name == "round_robin" else "weight"
            self.write(f"libos/sched/policy/{name}.c", POLICY.format(name=name, heeds=heeds))
        for name, text in WORKLOADS.items():
            self.write(f"bench/sched/workloads/{name}.load", text)

    def path(self, name):
        return os.path.join(self.top, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)

    def read(self, name, encoding="utf-8"):
        with open(self.path(name), encoding=encoding) as source:
            return source.read()

    def command(self, *arguments):
        return [sys.executable, self.path("tools/sched/main.py"), *arguments]

    def sched(self, *arguments, status=0):
        result = subprocess.run(self.command(*arguments), cwd=self.top, stdin=subprocess.DEVNULL, capture_output=True,
                                text=True, check=False)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        return result

    def compare(self, *arguments, status=0):
        return self.sched("--sim", *arguments, status=status)

    def left_behind(self):
        return [name for name in os.listdir(self.path("build")) if name not in ("sim", "sched")]


class Words(Tree):
    def test_wrong_ones_get_one_sentence(self):
        self.write("empty.c", "int x;\n")
        for arguments, words in WRONG:
            with self.subTest(arguments=arguments):
                result = self.sched(*arguments, status=2)
                self.assertEqual(result.stdout, "")
                self.assertRegex(result.stderr, r"\Arivet: [^\n]+\n\Z")
                self.assertIn(words, result.stderr)
        self.assertEqual(self.left_behind(), [])

    def test_help_and_list(self):
        self.assertIn("--compare", self.sched("--help").stdout)
        listed = self.sched("--list").stdout
        self.assertRegex(listed, r"(?m)^  stride +what stride is \[weights\]$")
        self.assertRegex(listed, r"(?m)^  share +Hogs with weights$")
        self.assertRegex(listed, r"(?m)^  envs +environments")

    def test_what_has_to_be_built(self):
        self.write("mine.c", POLICY.format(name="mine", heeds="weight"))
        self.assertEqual(self.sched("--check").stdout, "sim rivet\n")
        self.assertEqual(self.sched("--check", "--list").stdout, "\n")
        self.assertEqual(self.sched("--check", "--as", "envs", "--harts", "4").stdout, "sim rivet\n")
        self.assertEqual(self.sched("--check", "--sim", "--policy", "./mine.c:quantum=1ms,stride").stdout.splitlines(),
                         ["sim", os.path.realpath(self.path("mine.c"))])

    def test_a_policy_of_a_known_name_is_refused(self):
        self.write("stride.c", POLICY.format(name="stride", heeds="weight"))
        self.assertIn("already", self.sched("--policy", "./stride.c", status=2).stderr)


class Comparison(Tree):
    def rows(self, name="build/sched/runs.csv"):
        with open(self.path(name), encoding="utf-8", newline="") as source:
            return list(csv.DictReader(source))

    def test_the_baseline_is_always_there_and_first(self):
        result = self.compare("--policy", "stride", "--workload", "share", "--load", "0.5")
        lines = result.stdout.splitlines()
        self.assertTrue(lines[0].startswith("share: Hogs with weights."))
        self.assertEqual([line.split()[0] for line in lines[2:4]], ["eevdf", "stride"])
        self.assertEqual([row["policy"] for row in self.rows()], ["eevdf", "stride"])

    def test_only_what_suits_is_compared(self):
        self.compare("--policy", "round_robin,stride")
        pairs = {(row["policy"], row["workload"]) for row in self.rows()}
        self.assertIn(("round_robin", "share"), pairs)
        self.assertNotIn(("round_robin", "probe"), pairs)
        self.compare("--policy", "round_robin", "--workload", "probe")
        self.assertIn(("round_robin", "probe"), {(row["policy"], row["workload"]) for row in self.rows()})

    def test_every_run_has_a_row_a_recording_and_a_trace(self):
        self.compare("--policy", "stride", "--seeds", "2")
        rows = self.rows()
        self.assertEqual(len(rows), 2 * 2 * 3 * 2)
        for folder in ("runs", "traces"):
            self.assertEqual(len(os.listdir(self.path(f"build/sched/{folder}"))), len(rows))
        about = json.loads(self.read("build/sched/results.json"))["about"]
        self.assertEqual((about["runs"], about["seeds"], about["failures"]), (len(rows), [1, 2], []))

    def test_traces_say_what_the_csv_says(self):
        self.compare("--policy", "stride", "--workload", "probe", "--load", "0.9")
        tasks = {row["task"]: row["ran_ns"] for row in self.rows("build/sched/tasks.csv") if row["policy"] == "stride"}
        trace = self.path("build/sched/traces/probe-0.9-stride-1.txt.gz")
        said = subprocess.run([sys.executable, self.path("tools/sched/trace.py"), trace], capture_output=True, text=True,
                              check=True).stdout
        self.assertEqual({str(int(line.split("\t")[1]) - 1): line.split("\t")[2] for line in said.splitlines()}, tasks)

    def test_one_seed_gives_the_same_bytes(self):
        files = ("runs.csv", "tasks.csv", "runs/share-0.5-stride-1.run", "traces/share-0.5-stride-1.txt.gz")
        seen = []
        for _ in range(2):
            self.compare("--policy", "stride", "--workload", "share")
            seen.append([self.read(f"build/sched/{name}", "latin-1") for name in files])
        self.assertEqual(*seen)

    def test_a_sweep(self):
        self.compare("--policy", "stride:quantum=1ms/5ms,round_robin", "--workload", "share", "--load", "0.5")
        self.assertEqual([row["policy"] for row in self.rows()],
                         ["eevdf", "stride:quantum=1ms", "stride:quantum=5ms", "round_robin"])
        switches = [float(row["switches"]) for row in self.rows()]
        self.assertGreater(switches[1], 3 * switches[2])

    def test_a_workload_of_ones_own(self):
        self.write("mine.load", WORKLOADS["share"].replace("loads 0.2 0.5 0.9", "loads 0.7"))
        self.compare("--policy", "stride", "--workload", "./mine.load,share", "--load", "0.7")
        self.assertEqual({row["workload"] for row in self.rows()}, {"mine", "share"})
        self.write("share.load", "")
        self.assertIn("already", self.sched("--workload", "./share.load", status=2).stderr)

    def test_two_policies_seed_by_seed(self):
        result = self.compare("--compare", "round_robin,stride", "--workload", "share", "--load", "0.5", "--seeds", "4")
        self.assertRegex(result.stdout, r"(?m)^0\.5 +share error max pt .* -[0-9.]+ +± [0-9.]+ +4  stride is better$")
        rows = {row["figure"]: row for row in self.rows("build/sched/compare.csv")}
        both = {policy: [float(row["share_max"]) for row in self.rows() if row["policy"] == policy]
                for policy in ("round_robin", "stride")}
        pairs = [two - one for one, two in zip(both["round_robin"], both["stride"])]
        self.assertAlmostEqual(float(rows["share_max"]["difference"]), sum(pairs) / 4, places=4)
        self.assertIn('id="compare"', self.read("build/sched/report.html"))

    def test_quick_is_one_load_and_shorter(self):
        self.compare("--quick", "--policy", "stride", "--workload", "share")
        self.assertEqual({(row["load"], row["end_ns"]) for row in self.rows()}, {("0.5", "100000000")})

    def test_what_was_there_gives_way_only_if_it_is_ours(self):
        self.compare("--quick", "--policy", "stride", "--workload", "share")
        self.compare("--quick", "--policy", "stride", "--workload", "share")
        os.makedirs(self.path("precious"))
        self.write("precious/thesis.txt", "years of work")
        result = self.compare("--quick", "--out", self.path("precious"), status=1)
        self.assertIn("holds something", result.stderr)
        self.assertEqual(os.listdir(self.path("precious")), ["thesis.txt"])
        self.assertEqual(self.left_behind(), [])


class Failures(Tree):
    def test_a_run_that_fails_is_named_and_the_others_count(self):
        result = self.compare("--policy", "stride,crash", "--workload", "share", "--load", "0.5", status=1)
        self.assertIn("rivet: crash on share at load 0.5, seed 1: the policy crash divided by zero.", result.stderr)
        self.assertIn("\nstride ", result.stdout)
        self.assertEqual(len(json.loads(self.read("build/sched/results.json"))["about"]["failures"]), 1)

    def test_a_rule_broken_is_named(self):
        result = self.compare("--policy", "break", "--workload", "share", "--load", "0.5", status=1)
        self.assertIn("break on share at load 0.5, seed 1: picked a task that is blocked", result.stderr)
        self.assertIn("\nbreak !", result.stdout)

    def test_nothing_but_failures_leaves_nothing(self):
        os.remove(self.path("build/sim/rivet-sim"))
        result = self.compare("--policy", "stride", "--workload", "share", "--load", "0.5", status=1)
        self.assertIn("does not exist", result.stderr)
        self.assertEqual(os.listdir(self.path("build")), ["sim"])

    def test_ctrl_c_ends_everything_and_leaves_nothing(self):
        with subprocess.Popen(self.command("--sim", "--policy", "slow", "--workload", "share"), cwd=self.top,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            deadline = time.monotonic() + 20
            while not self.slow_ones() and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assertTrue(self.slow_ones())
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        self.assertEqual(process.returncode, 130)
        deadline = time.monotonic() + 5
        while self.slow_ones() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.slow_ones(), [])
        self.assertEqual(os.listdir(self.path("build")), ["sim"])

    def slow_ones(self):
        """The runs of ours that are under way."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as source:
                    words = source.read()
            except OSError:
                continue
            if self.top.encode() in words and b"/rivet-sim\0" in words and b"\0slow\0" in words:
                found.append(name)
        return found

    def files_of(self, folder):
        return {os.path.relpath(os.path.join(where, name), folder): os.path.getsize(os.path.join(where, name))
                for where, _, names in os.walk(folder) for name in names}

    def test_whatever_file_is_too_large_nothing_is_half_written(self):
        """A limit on the size of a file, just below that of each one that a report consists of: the write of that one fails in the
        middle, as on a full disk. What stood there before stays as it was."""
        words = ("--policy", "stride", "--workload", "share", "--load", "0.2,0.9")
        self.compare(*words)
        before = self.files_of(self.path("build/sched"))
        self.assertTrue({"report.html", "results.json", "runs.csv", "tasks.csv"} <= before.keys())
        self.assertTrue(any(name.startswith("traces/") for name in before))
        limits = sorted({size - 1 for size in before.values()})
        self.assertGreater(len(limits), 5)
        mark = self.path("build/sched/of-the-one-before")
        with open(mark, "w", encoding="utf-8"):
            pass
        for limit in limits:
            with self.subTest(limit=limit):
                result = subprocess.run(["prlimit", f"--fsize={limit}", *self.command("--sim", *words)], cwd=self.top,
                                        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertRegex(result.stderr, r"\A(rivet: [^\n]+\n)*rivet: There is no space left on the disk for [^\n]+\n\Z")
                self.assertTrue(os.path.exists(mark))
                self.assertEqual(sorted(os.listdir(self.path("build"))), ["sched", "sim"])
        os.remove(mark)
        self.assertEqual(self.files_of(self.path("build/sched")), before)

    def test_wherever_the_disk_gets_full_nothing_is_half_written(self):
        """Disks of several sizes, the last of which has room for all: so it is full at each step once."""
        small, script = self.path("small"), self.path("fill.sh")
        os.makedirs(small)
        inside = " ".join(f"'{word}'" for word in self.command("--sim", "--policy", "stride", "--workload", "share", "--load", "0.2",
                                                               "--out", f"{small}/out"))
        self.write("fill.sh", f"mount -t tmpfs -o size=$1k none '{small}' && {inside}; echo status $?; ls -A '{small}'")
        ended = []
        for size in (16, 32, 64, 96, 128, 192, 256, 384, 512, 8192):
            result = subprocess.run(["unshare", "--map-root-user", "--mount", "sh", script, str(size)], cwd=self.top,
                                    stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            if "status" not in result.stdout:
                self.skipTest("there are no mount namespaces for us here")
            if re.search(r"mount: |permission", result.stderr):
                self.skipTest("nothing can be mounted here")
            ended.append("status 0" in result.stdout)
            if not ended[-1]:
                self.assertEqual(result.stdout, "status 1\n", size)
                self.assertIn("no space left on the disk", result.stderr, size)
        self.assertGreater(ended.count(False), 2)
        self.assertTrue(ended[-1])


if __name__ == "__main__":
    unittest.main()
