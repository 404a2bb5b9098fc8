#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tools/sched/ftrace.py: a short recording becomes the workload that was worked out by hand, and bad ones are refused."""

import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.path.join(ROOT, "tools", "sched", "ftrace.py")
RECORDER = os.path.join(ROOT, "tools", "sched", "record_linux.py")

HEAD = """\
# tracer: nop
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
"""


def switch(time, hart, before, state, after, priority=120):
    (comm, pid), (next_comm, next_pid) = before, after
    return (f"  {comm:>16}-{pid:<7} [{hart:03d}] d..2.  {time:.6f}: sched_switch: prev_comm={comm} prev_pid={pid} "
            f"prev_prio={priority} prev_state={state} ==> next_comm={next_comm} next_pid={next_pid} next_prio={priority}\n")


def wakeup(time, hart, task, priority=120):
    return (f"          <idle>-0       [{hart:03d}] dNh4.  {time:.6f}: sched_wakeup: comm={task[0]} pid={task[1]} "
            f"prio={priority} target_cpu=000\n")


IDLE, HOG, WEB = ("swapper/0", 0), ("hog", 10), ("web server", 11)

# hog runs when the recording begins, makes room for the web server twice, and is then asleep for 4 ms.
DAY = HEAD + "".join([
    wakeup(5.000, 0, WEB),                      # begins at 5 s; the server waits for 1 ms
    switch(5.001, 0, HOG, "R+", WEB),
    switch(5.003, 0, WEB, "S", HOG),            # it ran for 2 ms
    wakeup(5.008, 0, WEB),                      # slept for 5 ms
    switch(5.008250, 0, HOG, "R", WEB),
    switch(5.008750, 0, WEB, "D", HOG),         # 500 us
    switch(5.010, 0, HOG, "S", IDLE),           # 1 + 5.25 + 1.25 ms in all
    wakeup(5.014, 0, HOG),
    switch(5.014, 0, IDLE, "R", HOG),
    switch(5.015, 0, HOG, "S", IDLE),           # 1 ms
    switch(5.020, 0, IDLE, "R", WEB),           # nobody said that it woke: after 11.25 ms
    switch(5.020300, 0, WEB, "X", IDLE),
])


def run(text, *arguments):
    return subprocess.run([sys.executable, TOOL, "-", *arguments], input=text, capture_output=True, text=True, check=False)


def classes(text):
    """{class: the words of its lines}"""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["class"]:
            last = found.setdefault(words[1], [])
        elif line.startswith("    "):
            last.append(words)
    return found


class ConverterTest(unittest.TestCase):
    def test_a_day(self):
        result = run(DAY)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(classes(result.stdout), {
            "hog": [["arrival", "closed"], ["bursts", "7500us:4ms", "1ms:5300us"]],
            "web_server": [["arrival", "closed"], ["bursts", "2ms:5ms", "500us:11250us", "300us:1us"]],
        })
        self.assertIn("# 2 tasks, 9 switches in 0.020 s on 1 hart, of which they used 0.56.", result.stdout)

    def test_trace_cmd(self):
        """The same, as `trace-cmd report` prints it, with harts of which one is idle, and with priorities."""
        text = ("cpus=2\n"
                "          <idle>-0     [001]   100.000000: sched_wakeup:         urgent:7 [9] CPU:001\n"
                "          <idle>-0     [001]   100.000010: sched_switch:         swapper/1:0 [120] R ==> urgent:7 [9]\n"
                "          urgent-7     [001]   100.000110: sched_switch:         urgent:7 [9] S ==> nice:8 [130]\n"
                "            nice-8     [001]   100.000210: sched_switch:         nice:8 [130] S ==> swapper/1:0 [120]\n")
        self.assertEqual(classes(run(text).stdout), {
            "urgent": [["priority", "91"], ["arrival", "closed"], ["bursts", "100us:100us"]],
            "nice": [["weight", "11"], ["start", "110us"], ["arrival", "closed"], ["bursts", "100us:1us"]],
        })

    def test_names_differ(self):
        text = HEAD + switch(1, 0, IDLE, "R", ("sh", 5)) + switch(2, 0, ("sh", 5), "S", ("sh", 6)) + switch(
            3, 0, ("sh", 6), "S", ("0/x", 7)) + switch(4, 0, ("0/x", 7), "S", IDLE)
        self.assertEqual(list(classes(run(text).stdout)), ["sh_5", "sh_6", "t0_x"])

    def test_most(self):
        result = run(DAY, "--most", "1")
        self.assertEqual(list(classes(result.stdout)), ["hog"])
        self.assertIn("left out, because they ran least: 1 of 2 tasks, for 2.8 ms together.", result.stderr)

    def test_header(self):
        text = run(DAY, "--made", "by hand\nand by heart", "--text", "a short day").stdout
        self.assertIn("\n# by hand\n# and by heart\n", text)
        self.assertIn("\ntext a short day\n", text)

    def test_bad_input(self):
        for text, sentence in (
                ("", "standard input has no sched_switch: it is no recording of a scheduler."),
                ("hello\n", "standard input has no sched_switch: it is no recording of a scheduler."),
                (DAY + "CPU:0 [LOST 17 EVENTS]\n", "events were lost here"),
                (DAY + "  x-1 [000] d... 6.0: sched_switch: nonsense\n", "standard input:17: expected a sched_switch")):
            with self.subTest(text=text[-40:]):
                result = run(text)
                self.assertEqual(result.returncode, 1)
                self.assertIn(sentence, result.stderr)
                self.assertEqual(result.stdout, "")

    def test_output_stays_when_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "mine.load")
            self.assertEqual(run(DAY, "--output", path).returncode, 0)
            with open(path, encoding="utf-8") as file:
                before = file.read()
            self.assertEqual(run("hello\n", "--output", path).returncode, 1)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), before)
            self.assertEqual(os.listdir(folder), ["mine.load"])
        self.assertEqual(run(DAY, "--output", path).returncode, 1)  # the folder is gone

    def test_nothing_is_half_written(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "mine.load")
            result = subprocess.run(["prlimit", "--fsize=50", sys.executable, TOOL, "-", "--output", path], input=DAY,
                                    capture_output=True, text=True, check=False)
            self.assertEqual((result.returncode, os.listdir(folder)), (1, []))
            self.assertEqual(result.stderr, f"rivet: {path}: File too large.\n")

    def test_missing_file(self):
        result = subprocess.run([sys.executable, TOOL, "/nowhere/trace"], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stderr), (1, "rivet: /nowhere/trace: No such file or directory.\n"))

    def test_recorder_without_linux(self):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, RECORDER, "--fetch", folder, "--output", os.path.join(folder, "trace")]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 1)
            self.assertIn("has no kernel and busybox for riscv64: ./rivet fetch brings them.", result.stderr)
            self.assertEqual(os.listdir(folder), [])

    def test_recorder_whose_linux_ends(self):
        """A QEMU that says something and ends."""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("boot/vmlinux-1", "usr/bin/busybox", "qemu"):
                path = os.path.join(folder, "riscv64.root", name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write("#!/bin/sh\necho no hart\n")
                os.chmod(path, 0o755)
            command = [sys.executable, RECORDER, "--fetch", folder, "--qemu", path, "--output", os.path.join(folder, "trace")]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 1)
            self.assertIn("The Linux ended before it was done: no hart", result.stderr)
            self.assertEqual(os.listdir(folder), ["riscv64.root"])


if __name__ == "__main__":
    unittest.main()
