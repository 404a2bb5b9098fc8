#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the simulator's harts do besides the tasks' work, measured in the guest: makes bench/sched/costs.tsv.

Most rows are read off recordings of short runs in the guest, from the times between what was recorded; what decisions
cost, for each policy with 10, 100 and 1000 tasks, are the rows of `./rivet bench sched`.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile

sys.path[1:1] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

import rawrun
from catalogue import Workload
from guest import QEMU_DEFAULT
from options import Variant
from runs import Job, Machine, RunError, guest_run

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUTPUT = os.path.join(TOP, "bench", "sched", "costs.tsv")
TICK_NS = 100  # of the timer of QEMU's machine virt
DURATION = 400_000_000
TURN_NS = 10_000  # of shinjuku
TOLERANCE, TOLERANCE_NS = 0.1, 30  # of --check
MANY_RUNS = 20  # of a job, so that its beginning does not matter

# Each shows something that the others don't; `key value` pairs are what the recordings are called below.
RECORDINGS = {
    "preempted": ("prio", "latency", "10"),  # wakes that take the hart; jobs of one plain length
    "many": ("eevdf", "bimodal", "0.8"),  # the same among many that sleep
    "served": ("mlfq", "server", "0.5"),
    "shared": ("round_robin", "share", "1"),  # turns that end
    "idle": ("prio", "bimodal", "0.5"),  # wakes of an idle hart, or of one that goes on
    "drawn": ("round_robin", "probe", "1"),  # the same as `preempted`, with an exponential length
    "sliced": ("shinjuku", "burst", "0.3"),  # turns of a few microseconds
    "locked": ("prio_inherit", "inversion", "0.3"),
}
HEAD = ("# What harts do besides the tasks' work, in ns (which are instructions of a guest that counts them): made by\n"
        "# tools/sched/calibrate.py. bench/sched/sim/costs.c says what the rows are; docs/scheduling.md says more.\n")


class Intervals:
    """The times between a recording's events, of one hart."""

    def __init__(self, run):
        self.timer, self.idle, self.stopped, self.end, self.work, self.again = [], [], {}, [], {}, []
        self.turns, self.slices, self.ran, self.jobs, self.runs_of = [], [], {}, {}, {}
        self.runs, self.ready, self.woken, self.stop, self.done = None, 0, None, None, None
        self.wakes = self.all_wakes = 0
        for time, task, kind, one, two, _ in run.events:
            take = {rawrun.WAKE: self.wake, rawrun.RUN: self.run, rawrun.STOP: self.stop_at, rawrun.RELEASE: self.release,
                    rawrun.DONE: self.done_at}.get(kind)
            if take:
                take(time, task, one, two)

    def wake(self, time, task, *_):
        self.woken = time, self.runs and self.runs[0], self.ready
        self.ready += 1
        self.wakes += 1
        self.all_wakes += 1

    def run(self, time, task, *_):
        if self.woken and self.woken[1] is None and self.woken[2] == 0 and self.stop and self.stop[0] < self.woken[0]:
            self.idle.append(time - self.woken[0])
        elif self.stop:
            self.stopped.setdefault(self.stop[1], []).append(time - self.stop[0])
        self.runs, self.wakes = (task, time), 0
        self.ready -= 1
        self.runs_of[task] = self.runs_of.get(task, 0) + 1

    def stop_at(self, time, task, _, why):
        if why == rawrun.PREEMPTED and self.woken and self.woken[1] == task:
            self.timer.append(time - self.woken[0])
        if why == rawrun.BLOCKED and self.done:
            self.end.append(time - self.done)
        if why == rawrun.EXPIRED:
            self.turns.append(time - self.runs[1])
        self.ran[task] = self.ran.get(task, 0) + time - self.runs[1]
        self.ready += why < rawrun.BLOCKED
        self.stop, self.runs, self.done = (time, why), None, None

    def release(self, time, task, service, _):
        goes_on = bool(self.runs) and self.runs[0] == task
        self.jobs[task] = service, goes_on, time, self.ran.get(task, 0), self.all_wakes, self.runs_of.get(task, 0)

    def done_at(self, time, task, *_):
        """What a job took besides its work, where it ran in one piece: by how many others woke meanwhile."""
        service, goes_on, began, ran, all_wakes, runs = self.jobs[task]
        runs = self.runs_of[task] - runs
        if not goes_on and runs > MANY_RUNS and self.all_wakes == all_wakes + 1:  # its own
            self.slices.append((self.ran[task] + time - self.runs[1] - ran - service) / runs)
        if goes_on and began >= self.runs[1] and self.wakes == 0:
            self.again.append(time - began - service)
        elif not goes_on and self.ran.get(task, 0) == ran and service:
            self.work.setdefault(self.wakes, []).append(time - self.runs[1] - service)
        self.done = time


def rows_of(recorded, decisions):
    """The rows that recordings tell. Each is the middle of what was seen."""
    middle = {name: {key: statistics.median(value) for key, value in vars(one).items()
                     if isinstance(value, list) and value} for name, one in recorded.items()}
    shared, idle, locked = recorded["shared"], recorded["idle"], recorded["locked"]
    begin = statistics.median(recorded["preempted"].work[0])
    timer = statistics.mean(middle[name]["timer"] - TICK_NS / 2 - decisions[f"decide_{RECORDINGS[name][0]}_10"] / 2
                            for name in ("preempted", "many", "served"))
    choose = statistics.median(shared.stopped[rawrun.EXPIRED]) - decisions["decide_round_robin_10"]
    expire = middle["sliced"]["turns"] - TURN_NS - TICK_NS / 2 + choose + decisions["decide_shinjuku_10"]
    resume = middle["sliced"]["slices"] - expire - TICK_NS / 2
    return {
        "tick_ns": TICK_NS,
        "sim_timer": timer,
        "sim_idle": middle["idle"]["idle"] - TICK_NS / 2 - choose - decisions["decide_prio_10"],
        "sim_pass": statistics.median(idle.work[1]) - statistics.median(idle.work[0]) - timer - decisions["decide_prio_10"] / 2,
        "sim_expire": expire,
        "sim_choose": choose,
        "sim_resume": resume,
        "sim_begin": begin - resume,
        "sim_end": middle["preempted"]["end"],
        "sim_again": middle["idle"]["again"] - (begin - resume),
        "sim_action": (statistics.median(locked.work[0]) - begin) / 2,  # a lock and an unlock more
        "sim_draw": middle["drawn"]["end"] - middle["preempted"]["end"],
        "sim_slice_end": max(recorded["preempted"].work[0]) - begin,
    }


def decisions_measure(build):
    """The rows decide_POLICY_N of ./rivet bench sched."""
    with tempfile.TemporaryDirectory(prefix="rivet-costs-") as folder:
        path = os.path.join(folder, "rows.tsv")
        # Rows beyond their limits are that command's business, so its status does not matter as long as there are rows.
        subprocess.run([os.path.join(TOP, "tools", "bench.py"), "--build", os.path.join(build, "rivet"), "--tsv", path, "sched"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        return decisions_read(path)


def decisions_read(path):
    with open(path, encoding="utf-8") as lines:
        pairs = [line.rstrip("\n").split("\t")[:2] for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in pairs if re.fullmatch(r"decide_\w+_\d+", name)}


def recordings_make(build):
    machine = Machine(build=build, sim=False, harts=1, switch_cost=None, qemu=QEMU_DEFAULT, folder=None)
    recorded = {}
    for name, (policy, workload, load) in RECORDINGS.items():
        print(f"calibrate: {policy} on {workload} in the guest", file=sys.stderr)
        path = os.path.join(TOP, "bench", "sched", "workloads", f"{workload}.load")
        status, raw, said = guest_run(machine, Job(Variant(policy), Workload(workload, path), load, 1, DURATION))
        if status != 0:
            raise RunError(f"{policy} on {workload} ended with status {status}: {said.decode(errors='replace').strip()}")
        recorded[name] = Intervals(rawrun.run_parse(raw))
    return recorded


def check(path, rows):
    """Says which recorded costs are others than the file's by now; how many."""
    with open(path, encoding="utf-8") as lines:
        known = {name: float(value) for name, value in (line.split("\t") for line in lines if not line.startswith("#"))}
    count = 0
    for name, value in rows.items():
        least, most = (known.get(name, 0) * (1 + sign * TOLERANCE) + sign * TOLERANCE_NS for sign in (-1, 1))
        count += not least <= value <= most
        print(f"{name:<16} {known.get(name, 0):>6.0f} {value:>8.1f}{'' if least <= value <= most else '  is another by now'}")
    return count


def main():
    parser = argparse.ArgumentParser(description="Measures in the guest what the simulator's harts do besides the tasks' "
                                                 "work, and writes the file of costs that it reads.")
    parser.add_argument("--build", default=os.path.join(TOP, "build"), help="the build folder (default: build)")
    parser.add_argument("--output", default=OUTPUT, metavar="FILE", help="default: bench/sched/costs.tsv")
    parser.add_argument("--decisions", metavar="FILE", help="take the rows decide_* from FILE instead of measuring them anew")
    parser.add_argument("--check", action="store_true", help="write nothing: are the costs still those of the file, within 10%%?")
    options = parser.parse_args()
    known = options.output if options.check else options.decisions
    try:
        decisions = decisions_read(known) if known else decisions_measure(options.build)
        costs = rows_of(recordings_make(options.build), decisions)
        if options.check:
            sys.exit(bool(check(options.output, costs)))
        rows = {name: round(value) for name, value in {**costs, **decisions}.items()}
    except (RunError, OSError, KeyError, statistics.StatisticsError) as error:
        sys.exit(f"calibrate: {error}.")
    if min(rows.values()) < 0:
        sys.exit("calibrate: a cost below nothing: " + ", ".join(name for name, value in rows.items() if value < 0) + ".")
    with open(options.output, "w", encoding="utf-8") as out:
        out.write(HEAD + "".join(f"{name}\t{value}\n" for name, value in rows.items()))
    print(f"calibrate: {len(rows)} rows are in {options.output}.", file=sys.stderr)


if __name__ == "__main__":
    main()
