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
from runs import Job, Machine, RunError, guest_run, products_copy

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUTPUT = os.path.join(TOP, "bench", "sched", "costs.tsv")
TICK_NS = 100  # of the timer of QEMU's machine virt
DURATION = 400_000_000
TURN_NS = 10_000  # of shinjuku
TOLERANCE, TOLERANCE_NS = 0.1, 30  # of --check

# What recordings are called: policy, workload, load.
RECORDINGS = {
    "idle": ("prio", "bimodal", "0.5"),  # jobs that begin at once behind others
    "shared": ("round_robin", "share", "1"),  # turns that end
}
# A task that does this, each time anew after so long, alone or with others; the policy.
ALONE_NS = 60_000_000
ALONE = "text calibration\nsuits any\nclass one\n    priority 10\n    arrival periodic {every}\n"
LENGTH, SLICED, LONG = 100_000, 5_000_000, 12_000_000  # of what is computed; the last is longer than a slice, but not than two
CROWD = 40
PRIO = Variant("prio", (("quantum", "1s"),))
ALONE_JOBS = {
    "plain": ("1ms", "compute 100us"),
    "plain_fifo": ("1ms", "compute 100us"),
    "plain_eevdf": ("1ms", "compute 100us"),
    "long": ("20ms", "compute 12ms"),
    "twice": ("1ms", "compute 100us", "compute 100us"),
    "locked": ("1ms", "compute 100us", "lock one", "compute 100us", "unlock one"),
    "sleeps": ("1ms", "compute 100us", "sleep 100us", "compute 100us"),
    "uniform": ("1ms", "compute uniform 100us 120us"),
    "loguniform": ("1ms", "compute loguniform 100us 120us"),
    "exponential": ("1ms", "compute exponential 100us"),
    "lognormal": ("1ms", "compute lognormal 100us 0.2"),
    "bimodal": ("1ms", "compute bimodal 100us 20% 120us"),
    "uunifast": ("1ms", "compute uunifast 0.1"),
    "sliced": ("10ms", "compute 5ms"),  # turns of a few microseconds
    "crowded": ("1ms", "compute 100us", "class other", f"count {CROWD}", "arrival after 1s", "compute 1us"),
    "preempting": ("1ms", "compute 100us", "class hog", "compute forever"),
    "alarmed": ("1ms", "compute 100us", "class other", "start 500us", "arrival periodic 1ms", "compute 10us"),
    "passed": ("1ms", "compute 100us", "class other", "start 50us", "arrival periodic 1ms", "compute 10us"),
}
IDLE = ("plain", "prio"), ("plain_fifo", "fifo"), ("plain_eevdf", "eevdf")  # what a wake-up of an idle hart is the mean of
OTHERS = {"sliced": "shinjuku", "plain_fifo": "fifo", "plain_eevdf": "eevdf"}  # than PRIO
BURSTS = "text calibration\nsuits any\nclass one\n    arrival closed\n    bursts" + " 100us:900us" * 10 + "\n"
HEAD = ("# What harts do besides the tasks' work, in ns (which are instructions of a guest that counts them): made by\n"
        "# tools/sched/calibrate.py. bench/sched/sim/costs.c says what the rows are; docs/scheduling.md says more.\n")


class Intervals:
    """The times between a recording's events, of one hart: from a stop (by its why) to the next run, how long turns were that ended,
    and what jobs that began at once took besides their work, where nobody woke meanwhile."""

    def __init__(self, run):
        self.stopped, self.turns, self.again = {}, [], []
        self.runs, self.stop, self.job, self.wakes = None, None, None, 0
        for time, task, kind, one, two, _ in run.events:
            take = {rawrun.WAKE: self.wake, rawrun.RUN: self.run, rawrun.STOP: self.stop_at, rawrun.RELEASE: self.release,
                    rawrun.DONE: self.done_at}.get(kind)
            if take:
                take(time, task, one, two)

    def wake(self, *_):
        self.wakes += 1
        self.stop = self.stop and (*self.stop[:2], True)

    def run(self, time, task, *_):
        if self.stop and not self.stop[2]:  # nobody woke in between, so the hart was not idle
            self.stopped.setdefault(self.stop[1], []).append(time - self.stop[0])
        self.runs = task, time

    def stop_at(self, time, _, __, why):
        if why == rawrun.EXPIRED:
            self.turns.append(time - self.runs[1])
        self.stop, self.runs, self.job = (time, why, False), None, None

    def release(self, time, task, service, _):
        if self.runs and self.runs[0] == task:
            self.job = time, service, self.wakes

    def done_at(self, time, *_):
        if self.job and self.job[2] == self.wakes:
            self.again.append(time - self.job[0] - self.job[1])
        self.job = None


def between(run, first, second, which=statistics.median, without=(rawrun.WAKE, rawrun.RELEASE)):
    """The middle (or which) of the times between two of the first task's events, one right behind the other: (kind, why of a STOP
    or code of a NOTE)."""
    marks = [(event[0], event[2], event[4] if event[2] == rawrun.STOP else event[3] if event[2] == rawrun.NOTE else None)
             for event in run.events if event[1] == 0 and event[2] not in without]
    return which(to[0] - at[0] for at, to in zip(marks, marks[1:]) if at[1:] == first and to[1:] == second)


def latency(run):
    """From the task's wake-up to its run."""
    return between(run, (rawrun.WAKE, None), RUNS, without=(rawrun.RELEASE,))


def preemption(run):
    """From the first task's wake-up to the stop of the other."""
    stops = [event for event in run.events if event[2] in (rawrun.WAKE, rawrun.STOP)]
    pairs = zip(stops, stops[1:])
    return statistics.median(stop[0] - wake[0] for wake, stop in pairs if wake[1:3] == (0, rawrun.WAKE)
                             and stop[1:3] == (1, rawrun.STOP))


def overhead_per_turn(run):
    """What its turns took besides the work of its jobs; each has many."""
    ran = turns = jobs = began = 0
    for time, _, kind, *_ in run.events:
        if kind == rawrun.RUN:
            began, turns = time, turns + 1
        elif kind == rawrun.STOP:
            ran += time - began
        jobs += kind == rawrun.DONE
    return (ran - jobs * SLICED) / turns


RUNS, DONE, WAITS = (rawrun.RUN, None), (rawrun.DONE, None), (rawrun.STOP, rawrun.BLOCKED)
LOCKS, UNLOCKS = (rawrun.NOTE, 4), (rawrun.NOTE, 5)


def action_rows(alone):
    """What the actions of a script take, and going on with one after a sleep."""
    whole = between(alone["plain"], RUNS, DONE) - LENGTH
    compute = between(alone["twice"], RUNS, DONE) - 2 * LENGTH - whole
    done = between(alone["locked"], UNLOCKS, DONE)
    resume = whole - compute - done
    end = between(alone["plain"], DONE, WAITS)
    rows = {
        "sim_resume": resume,
        "sim_compute": compute,
        "sim_done": done,
        "sim_lock": between(alone["locked"], RUNS, LOCKS) - resume - compute - LENGTH,
        "sim_unlock": between(alone["locked"], LOCKS, UNLOCKS) - LENGTH - compute,
        "sim_action": between(alone["sleeps"], RUNS, WAITS) - resume - compute - LENGTH,
        "sim_end": end,
        "sim_slice_end": between(alone["long"], RUNS, DONE, max) - LONG - whole,  # behind whose beginning one ends
        "sim_burst": between(alone["bursts"], DONE, WAITS) - end,
    }
    for kind in ("uniform", "loguniform", "exponential", "lognormal", "bimodal", "uunifast"):
        rows[f"sim_draw_{kind}"] = max(0, between(alone[kind], DONE, WAITS) - end)
    return rows


def rows_of(recorded, alone, decisions):
    """The rows that recordings tell. Each is the middle of what was seen."""
    shared, sliced = recorded["shared"], Intervals(alone["sliced"])
    decision = decisions["decide_prio_10"]
    timer = preemption(alone["preempting"]) - decision / 2
    choose = statistics.median(shared.stopped[rawrun.EXPIRED]) - decisions["decide_round_robin_10"]
    expire = (statistics.median(sliced.turns) - TURN_NS + TICK_NS / 2 + (choose + decisions["decide_shinjuku_10"]) / 2)
    actions = action_rows(alone)
    sleeper = (latency(alone["crowded"]) - latency(alone["plain"])) / CROWD
    return {
        "tick_ns": TICK_NS,
        "sim_timer": timer,
        "sim_idle": statistics.mean(latency(alone[name]) - decisions[f"decide_{policy}_10"] for name, policy in IDLE) - choose,
        "sim_pass": between(alone["passed"], RUNS, DONE) - between(alone["alarmed"], RUNS, DONE) - timer - decision / 2,
        "sim_expire": expire,
        "sim_choose": choose,
        "sim_back": overhead_per_turn(alone["sliced"]) - expire,
        "sim_alarm": latency(alone["alarmed"]) - latency(alone["plain"]) - sleeper,
        "sim_late": between(alone["alarmed"], RUNS, DONE) - between(alone["plain"], RUNS, DONE),
        "sim_sleeper": sleeper,
        **actions,
        "sim_again": statistics.median(recorded["idle"].again) - actions["sim_compute"] - actions["sim_done"],
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


def alone_make(build):
    """Recordings of one task alone, of each kind of job, in a guest whose bundle has these workloads."""
    texts = {name: ALONE.format(every=every) + "".join(f"    {line}\n" for line in lines)
             for name, (every, *lines) in ALONE_JOBS.items()}
    recorded = {}
    with tempfile.TemporaryDirectory(prefix="rivet-costs-") as folder:
        workloads = {}
        for name, text in {**texts, "bursts": BURSTS}.items():
            path = os.path.join(folder, f"alone_{name}.load")
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            workloads[name] = Workload(f"alone_{name}", path, is_foreign=True)
        products_copy(build, folder, False, workloads.values())
        machine = Machine(build=folder, sim=False, harts=1, switch_cost=None, qemu=QEMU_DEFAULT, folder=None)
        print(f"calibrate: {len(workloads)} kinds of jobs in the guest", file=sys.stderr)
        for name, workload in workloads.items():
            status, raw, said = guest_run(machine, Job(Variant(OTHERS[name]) if name in OTHERS else PRIO, workload, "1", 1, ALONE_NS))
            if status != 0:
                raise RunError(f"{workload.name} ended with status {status}: {said.decode(errors='replace').strip()}")
            recorded[name] = rawrun.run_parse(raw)
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
        costs = rows_of(recordings_make(options.build), alone_make(options.build), decisions)
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
