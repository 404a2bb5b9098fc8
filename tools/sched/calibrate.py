#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What things take in the guest, for the simulator: prints the table bench/sched/costs.tsv.

    ./rivet bench sched --tsv bench.tsv        what each policy's decisions take
    ./rivet sched --out build/sched            runs in the guest, of which the rest is read
    tools/sched/calibrate.py bench.tsv build/sched/runs >bench/sched/costs.tsv

Medians over policies of the medians over their runs. bench/sched/sim/costs.c says what each row means.
"""

import os
import re
import sys

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import rawrun  # noqa: E402

SOON = 20_000  # ns: what comes later than that had to wait for somebody else
DECIDE = re.compile(r"(decide_(\w+)_(10|100|1000))\t(\d+)(?:\.\d+)?")
HEAD = """\
# What things take in the guest, in nanoseconds of one instruction each; tools/sched/calibrate.py makes this table.
"""


class CalibrateError(Exception):
    """One plain sentence."""


def median(values):
    return sorted(values)[len(values) // 2]


def decisions_read(path):
    """The rows about decisions: (lines, {policy: ns among ten tasks})."""
    with open(path, encoding="utf-8") as source:
        rows = [match for match in map(DECIDE.match, source) if match]
    if not rows:
        raise CalibrateError(f"{path} has no rows decide_POLICY_N: make it with ./rivet bench sched --tsv.")
    return [f"{match[1]}\t{match[4]}" for match in rows], {match[2]: int(match[4]) for match in rows if match[3] == "10"}


def samples_of(run):
    """{what: [ns]} of one run on one hart: from a wake-up to the run on a hart that was idle, or that made room at once; from
    a stop at the end of a turn to the next run."""
    found = {"idle": [], "busy": [], "expired": []}
    running, stopped, woken = None, None, {}
    for time, task, kind, _, why, _ in run.events:
        if kind == rawrun.WAKE:
            woken[task] = time, running is None
        elif kind == rawrun.STOP:
            running, stopped = None, (time, why)
        elif kind == rawrun.RUN:
            if stopped and stopped[1] == rawrun.EXPIRED:
                found["expired"].append(time - stopped[0])
            if task in woken:
                since, was_idle = woken.pop(task)
                made_room = stopped and stopped[1] == rawrun.PREEMPTED and stopped[0] >= since
                if time - since < SOON and (was_idle or made_room):
                    found["idle" if was_idle else "busy"].append(time - since)
            running, stopped = task, None
    return found


def policies_samples(folder):
    """{policy: {what: [ns]}}"""
    policies = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as source:
            run = rawrun.run_parse(source.read())
        if run.header.get("place") != "threads":
            raise CalibrateError(f"{name} is no run of the guest's: make them with ./rivet sched, without --sim.")
        into = policies.setdefault(run.header["policy"].partition(":")[0], {})
        for what, values in samples_of(run).items():
            into.setdefault(what, []).extend(values)
    return policies


def rows_make(policies, decide):
    """The rows that say what everything but the policy's part takes."""
    known = [(found, decide[name]) for name, found in policies.items() if name in decide]

    def rest(what, less=0):
        """What is left of it without the policy's part, of the policy in the middle."""
        values = [median(found[what]) - part - less for found, part in known if found[what]]
        if not values:
            raise CalibrateError("The runs show too little: policies that preempt are needed, and workloads that idle.")
        return max(median(values), 0)

    around = rest("expired")
    return [f"timer_busy\t{rest('busy', around)}", f"timer_idle\t{rest('idle', around)}", f"decide_around\t{around}"]


def go_on_row(path):
    """What a thread's switch takes without the decision: in the same file."""
    with open(path, encoding="utf-8") as source:
        rows = dict(line.rstrip("\n").split("\t") for line in source if line.count("\t") == 1)
    switch, decide = rows.get("thread_switch"), rows.get("decide_round_robin_10")
    return [f"go_on\t{max(round(float(switch) - float(decide)), 0)}"] if switch and decide else []


def main(arguments):
    if len(arguments) != 2:
        print(__doc__.strip())
        return 0 if arguments in (["-h"], ["--help"]) else 2
    try:
        lines, decide = decisions_read(arguments[0])
        rows = rows_make(policies_samples(arguments[1]), decide) + go_on_row(arguments[0])
    except OSError as error:
        print(f"calibrate: {error.filename} can't be read ({error.strerror}).", file=sys.stderr)
        return 1
    except (CalibrateError, rawrun.RawError) as error:
        print(f"calibrate: {error}", file=sys.stderr)
        return 1
    print(HEAD + "\n".join(rows + lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
