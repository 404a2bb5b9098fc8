#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes a workload of a recording of a Linux: how long each task ran, and how long it slept in between.

    tools/sched/ftrace.py TRACE --output bench/sched/workloads/NAME.load
    trace-cmd record -e sched_switch -e sched_wakeup sleep 5; trace-cmd report | tools/sched/ftrace.py - --output mine.load

TRACE is text with sched_switch and sched_wakeup, from ftrace (/sys/kernel/tracing/trace) or from `trace-cmd report`. A task
of the recording is a class of one task. What it does is its list of bursts: it runs (whatever the recorded scheduler let it
wait in between), then sleeps as long as it slept, and begins again at the end. So the load is the machine's, and who waits
for whom is the policy's doing.
"""
import argparse
import collections
import contextlib
import os
import re
import sys

IDLE = 0
NS = 10**9
SHORTEST = 1000  # what a burst and a sleep take at least: ftrace counts microseconds
TASKS_MOST = 60  # fewer than any place has room for, however they run
LINE_MOST = 120
NAME_MOST = 23
NICE_0 = 120     # its priority; below 100 it is a real-time one
WEIGHT_UNIT = 10  # ours reach 10,000
# Linux' weights of nice -20 ... 19 (sched_prio_to_weight)
WEIGHTS = (88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501,
           1991, 1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15)

EVENT = re.compile(r"\[(\d+)\].*?\s(\d+)\.(\d+):\s+(?:sched:)?sched_(switch|wakeup|wakeup_new|waking):\s+(.*)")
SWITCHES = (
    re.compile(r"prev_comm=(.*) prev_pid=(\d+) prev_prio=(\d+) prev_state=(\S+) ==> "
               r"next_comm=(.*) next_pid=(\d+) next_prio=(\d+)"),
    re.compile(r"(.*):(\d+) \[(\d+)\] (\S+) ==> (.*):(\d+) \[(\d+)\]"),  # as trace-cmd prints it
)
WAKEUPS = (re.compile(r"comm=(.*) pid=(\d+) prio=(\d+)"), re.compile(r"(.*):(\d+) \[(\d+)\]"))


class TraceError(Exception):
    """One plain sentence."""


class Task:
    """What is known of a task: its bursts, (run, sleep) in nanoseconds, and what it does at the moment."""

    def __init__(self, comm, pid, priority):
        self.comm, self.pid, self.priority = comm, pid, priority
        self.bursts = []
        self.first = None    # when it was runnable first
        self.running = None  # since when it runs
        self.asleep = None   # since when it sleeps
        self.ran = 0         # in the present burst

    def wake(self, now):
        if self.first is None:
            self.first = now
        if self.asleep is None:
            return
        slept, self.asleep = now - self.asleep, None
        run, _ = self.bursts.pop()
        if slept > 0:
            self.bursts.append((run, slept))
        else:  # it did not sleep
            self.ran = run

    def start(self, now):
        self.wake(now)  # whoever runs was woken, even if nobody says so
        self.running = now

    def stop(self, now, sleeps):
        if self.running is not None:
            self.ran += now - self.running
        self.running = None
        if sleeps and self.first is not None:
            self.bursts.append((self.ran, 0))
            self.ran, self.asleep = 0, now

    def end(self, now):
        """The recording ends in the middle of what it does."""
        if self.asleep is not None:
            self.wake(now)
        self.stop(now, False)
        if self.ran:
            self.bursts.append((self.ran, 0))

    def total(self):
        return sum(run for run, _ in self.bursts)


def matched(patterns, text, where):
    for pattern in patterns:
        match = pattern.match(text)
        if match:
            return match.groups()
    raise TraceError(f"{where}: expected a sched_switch or sched_wakeup as ftrace or trace-cmd prints it, not '{text[:60]}'.")


class Recording:
    """What a trace says."""

    def __init__(self):
        self.tasks = {}
        self.harts = set()
        self.switches = 0
        self.begin = self.now = None

    def task(self, comm, pid, priority):
        if pid not in self.tasks:
            self.tasks[pid] = Task(comm, pid, priority)
        self.tasks[pid].comm = comm  # a program that is executed has its own name
        return self.tasks[pid]

    def switch(self, words):
        self.switches += 1
        comm, pid, priority, state, next_comm, next_pid, next_priority = words
        if int(pid) != IDLE:
            task = self.task(comm, int(pid), int(priority))
            if task.first is None:  # it ran when the recording began
                task.first = task.running = self.begin
            task.stop(self.now, not state.startswith("R"))
        if int(next_pid) != IDLE:
            self.task(next_comm, int(next_pid), int(next_priority)).start(self.now)

    def line(self, text, where):
        match = EVENT.search(text)
        if not match:
            if "LOST" in text and "EVENTS" in text:
                raise TraceError(f"{where}: events were lost here: record with a larger buffer.")
            return
        now = int(match[2]) * NS + int(match[3].ljust(9, "0")[:9])
        if self.begin is None:
            self.begin = now
        self.now = max(now, self.now or now)  # harts' clocks differ a little
        self.harts.add(int(match[1]))
        if match[4] == "switch":
            self.switch(matched(SWITCHES, match[5], where))
        elif match[4] != "waking":
            comm, pid, priority = matched(WAKEUPS, match[5], where)
            self.task(comm, int(pid), int(priority)).wake(self.now)


def recording_read(file, name):
    recording = Recording()
    for number, text in enumerate(file, 1):
        recording.line(text, f"{name}:{number}")
    if not recording.switches:
        raise TraceError(f"{name} has no sched_switch: it is no recording of a scheduler.")
    for task in recording.tasks.values():
        task.end(recording.now)
    return recording


def time_text(time):
    """A length of time with the largest unit that shows all of it."""
    for unit, text in ((10**6, "ms"), (10**3, "us")):
        if time % unit == 0 and time:
            return f"{time // unit}{text}"
    return f"{time}ns" if time % 1000 else f"{time // 1000}us"


def names_of(tasks):
    """A class's name for each task: its own, with its number where two have the same."""
    plain = {task.pid: re.sub(r"[^a-z0-9]+", "_", task.comm.lower()).strip("_")[:NAME_MOST - 8] or "task" for task in tasks}
    plain = {pid: name if name[0].isalpha() else "t" + name for pid, name in plain.items()}
    often = collections.Counter(plain.values())
    return {pid: name if often[name] == 1 else f"{name}_{pid}" for pid, name in plain.items()}


def class_lines(task, name, recording, weighted):
    lines = ["", f"class {name}"]
    if task.priority < 100:
        lines.append(f"    priority {100 - task.priority}")
    elif weighted:
        lines.append(f"    weight {max(1, WEIGHTS[task.priority - 100] // WEIGHT_UNIT)}")
    if task.first > recording.begin:
        lines.append(f"    start {time_text(task.first - recording.begin)}")
    lines.append("    arrival closed")
    text = "    bursts"
    for run, sleep in task.bursts:
        burst = f" {time_text(max(run, SHORTEST))}:{time_text(max(sleep, SHORTEST))}"
        if len(text) + len(burst) > LINE_MOST:
            lines.append(text)
            text = "    bursts"
        text += burst
    return lines + [text]


def workload_lines(recording, kept, text, made):
    share = sum(task.total() for task in kept) / max(1, recording.now - recording.begin) / len(recording.harts)
    weighted = any(task.priority >= 100 and task.priority != NICE_0 for task in kept)
    names = names_of(kept)
    lines = ["# SPDX-License-Identifier: BSD-2-Clause", "#", *(f"# {line}" for line in made)]
    lines += [f"# {len(kept)} tasks, {recording.switches} switches in {(recording.now - recording.begin) / NS:.3f} s on "
              f"{len(recording.harts)} hart{'s' * (len(recording.harts) > 1)}, of which they used {share:.2f}.", "",
              f"text {text}", "suits any", "load nothing: it is a recording", "loads 1", "duration 1s",
              "metrics wakeup response slowdown switches"]
    for task in kept:
        lines += class_lines(task, names[task.pid], recording, weighted)
    return lines


def kept_of(recording, most):
    """The tasks that ran most, in the order in which they were seen; says whom that leaves out."""
    tasks = [task for task in recording.tasks.values() if task.total() > 0]
    kept = set(sorted(tasks, key=lambda task: (-task.total(), task.pid))[:most])
    left = [task for task in tasks if task not in kept]
    if left:
        ran = sum(task.total() for task in left) / 10**6
        print(f"rivet: left out, because they ran least: {len(left)} of {len(tasks)} tasks, for {ran:.1f} ms together.",
              file=sys.stderr)
    return [task for task in tasks if task in kept]


def convert(options):
    if options.trace == "-":
        recording = recording_read(sys.stdin, "standard input")
    else:
        with open(options.trace, encoding="utf-8", errors="replace") as file:
            recording = recording_read(file, options.trace)
    kept = kept_of(recording, options.most)
    made = [line for text in options.made for line in text.split("\n")] or ["Made by tools/sched/ftrace.py."]
    lines = workload_lines(recording, kept, options.text, made)
    if options.output == "-":
        print("\n".join(lines))
        return
    whole = options.output + ".new"
    try:
        with open(whole, "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
        os.replace(whole, options.output)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.remove(whole)
        raise OSError(error.errno, error.strerror, options.output) from None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trace", metavar="TRACE", help="a file, or - for standard input")
    parser.add_argument("--output", default="-", metavar="FILE", help="the workload (standard output)")
    parser.add_argument("--text", default="a recording of a Linux", metavar="SENTENCE", help="what --list says about it")
    parser.add_argument("--made", action="append", default=[], metavar="TEXT", help="a line of its header: how it was made")
    parser.add_argument("--most", type=int, default=TASKS_MOST, metavar="N",
                        help=f"keep the N tasks that ran most ({TASKS_MOST}: what fits a guest)")
    options = parser.parse_args()
    try:
        convert(options)
    except TraceError as error:
        print(f"rivet: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"rivet: {error.filename}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
