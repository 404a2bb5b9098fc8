#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for the simulator, so that ./rivet sched can be tested without one: the same command line, a raw run on
standard output. Its policies are a sketch: round_robin takes turns; everything else runs who has got least for its
weight, as eevdf does. `crash` fails, `break` breaks a rule, `slow` takes long.

Tasks: 6 hogs (weights 3, 2, 1, twice) and a probe that every 5 ms computes for LOAD x 1 ms, to be done within 4 ms.
"""

import argparse
import random
import sys
import time

WAKE, RUN, STOP, RELEASE, DONE, NOTE, END = 0, 1, 2, 3, 4, 5, 7
EXPIRED, PREEMPTED, YIELDED, BLOCKED, ENDED = range(5)
PERIOD, DEADLINE = 5_000_000, 4_000_000


def varint(number):
    data = bytearray()
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    return bytes(data) + bytes([number])


def raw_run(header, tasks, events, end, trailer=()):
    """The format, of tuples: tasks (id, class, weight, priority, period, deadline, group), events (time, task, kind,
    argument...)."""
    lines = ["rivet-sched 1", *(f"{key} {value}" for key, value in header.items())]
    lines += ["task " + " ".join(map(str, task)) for task in tasks]
    data, last = bytearray("\n".join(lines).encode() + b"\n\n"), 0
    for when, task, kind, *arguments in [*events, (end, 0, END)]:
        data += varint(when - last) + varint(task << 3 | kind) + b"".join(map(varint, arguments))
        last = when
    return bytes(data) + "".join(f"{key} {value}\n" for key, value in dict(trailer).items()).encode()


class Machine:
    """One hart, hogs and a probe."""

    def __init__(self, fair, quantum, load, seed):
        self.random, self.fair, self.quantum, self.load = random.Random(seed), fair, quantum, load
        self.weights = [3, 2, 1, 3, 2, 1, 1]
        self.got = [0.0] * 7
        self.queue, self.events, self.decisions = list(range(6)), [], 0
        self.service = 0  # what the probe's job still needs

    def put(self, *event):
        self.events.append(event)

    def pick(self):
        self.decisions += 1
        chosen = min(self.queue, key=lambda task: self.got[task] / self.weights[task]) if self.fair else self.queue[0]
        self.queue.remove(chosen)
        return chosen

    def run(self, end):
        now, arrival = 0, PERIOD
        for task in self.queue:
            self.put(0, task, WAKE)
        while now < end:
            task = self.pick()
            self.put(now, task, RUN, 0)
            until = min(now + self.quantum, end)
            if task == 6:
                until = min(until, now + self.service)
            woken = arrival <= until
            if woken and self.fair and task != 6:
                until = max(now, arrival)
            self.got[task] += until - now
            if task == 6:
                self.service -= until - now
            now = until
            why = self.finish(task, now, woken)
            self.put(now, task, STOP, 0, why)
            if why != BLOCKED:
                self.queue.append(task)
            if woken:
                arrival = self.arrive(now, arrival)
        return self.events

    def finish(self, task, now, woken):
        if task == 6 and self.service <= 0:
            self.put(now, 6, DONE)
            return BLOCKED
        return PREEMPTED if woken and self.fair else EXPIRED

    def arrive(self, now, arrival):
        if self.service > 0:
            return arrival + PERIOD  # one at a time: the job is skipped
        self.service = max(int(self.load * 1e6 * self.random.uniform(0.5, 1.5)), 1)
        self.got[6] = max(self.got[6], min(self.got[:6]) / 3)
        self.put(now, 6, RELEASE, self.service, DEADLINE, now - arrival)
        self.put(now, 6, WAKE)
        self.queue.append(6)
        return arrival + PERIOD


def main():
    parser = argparse.ArgumentParser()
    for option in ("policy", "workload", "load", "seed", "harts", "duration", "switch-cost"):
        parser.add_argument(f"--{option}")
    options = parser.parse_args()
    name, _, parameters = options.policy.partition(":")
    quantum = int(dict(word.split("=") for word in parameters.split(",") if word).get("quantum", "10000000"))
    if name == "crash":
        print("rivet-sim: the policy crash divided by zero.", file=sys.stderr)
        return 1
    if name == "slow":
        time.sleep(600)
    machine = Machine(name != "round_robin", quantum, float(options.load), int(options.seed))
    end = int(options.duration)
    events = machine.run(end)
    tasks = [(task, f"hog{weight}", weight, 0, 0, 0, 0) for task, weight in enumerate(machine.weights[:6])]
    tasks.append((6, "probe", 1, 0, PERIOD, DEADLINE, 0))
    header = {"policy": options.policy, "workload": options.workload, "load": options.load, "seed": options.seed,
              "harts": 1, "duration_ns": end, "place": "simulator", "tasks": 7, "demand_permille": 1100}
    trailer = {"end_ns": end, "records": len(events), "lost": 0, "decisions": machine.decisions,
               "decision_instructions": 40 * machine.decisions}
    if name == "break":
        trailer["misuse"] = "picked a task that is blocked"
    sys.stdout.buffer.write(raw_run(header, tasks, events, end, trailer))
    return 3 if name == "break" else 0


if __name__ == "__main__":
    sys.exit(main())
