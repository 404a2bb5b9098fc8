#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The program `schedule`: policies on workloads in the guest, with counted instructions on one hart.

    schedule_test.py --build DIR same       the same words give the same bytes, another seed gives others
    schedule_test.py --build DIR share      under stride, 3:2:1 holds within a quantum, at any time of 100 quanta
    schedule_test.py --build DIR latency    under prio and edf a sleeper's wake-up takes as long among ten runnable tasks as beside one
    schedule_test.py --build DIR planted    both are said to fail under a policy that is wrong: no weights, long turns, no urgency
    schedule_test.py --build DIR all        each policy runs each workload without breaking a rule
    schedule_test.py --build DIR many       a program has hundreds of threads, or a hundred environments, and each of them runs
    schedule_test.py --build DIR envs       what is said of `all`, of the same bytes and of shares, of tasks that are environments
    schedule_test.py --build DIR harts      environments run on all of several harts, whatever the host is busy with
"""

import argparse
import concurrent.futures
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tools", "sched")]

from bench import FIXED  # noqa: E402
from guest import ERR, OUT, Guest  # noqa: E402
from run import QEMU_DEFAULT  # noqa: E402
import catalogue  # noqa: E402
import metrics  # noqa: E402
import options  # noqa: E402
import rawrun  # noqa: E402
import runs  # noqa: E402

SECOND = 1_000_000_000
QUANTUM = 10_000_000  # of stride
QUANTA = 100
GROWTH = 1.1
SHORT = 50_000_000
TIMEOUT_SECONDS = 120


def schedule(build, *words):
    """(status, standard output, standard error)"""
    with Guest(build, harts=1, icount=True, app=["schedule", *map(str, words)], extra=FIXED) as guest:
        status = guest.wait(TIMEOUT_SECONDS)
        return status, bytes(guest.text[OUT]), bytes(guest.text[ERR]).decode(errors="replace")


def recorded(build, policy, workload, load=1, seed=1, duration=SECOND, place="threads"):
    words = (policy, workload, load, seed, duration, place)
    status, raw, said = schedule(build, *words)
    if status != 0:
        sys.exit(f"FAILED: schedule {' '.join(map(str, words))} ended with {status}: {said}")
    return raw


def same_check(build, workload="server", place="threads"):
    first, second = (recorded(build, "eevdf", workload, duration=SECOND // 4, place=place) for _ in range(2))
    other = recorded(build, "eevdf", workload, seed=2, duration=SECOND // 4, place=place)
    print(f"{len(first)} bytes")
    if first != second:
        yield "two runs with the same words differ"
    if first == other:
        yield "another seed makes no difference"


def ran_until(run, times):
    """For each time what each task had run by then."""
    ran, since = dict.fromkeys((task.id for task in run.tasks), 0), {}
    times, found = list(times), []

    def snapshots(until):
        while times and times[0] <= until:
            now = times.pop(0)
            found.append({task: sum_ + (now - since[task] if task in since else 0) for task, sum_ in ran.items()})

    for time, task, kind, *_ in run.events:
        snapshots(time)
        if kind == rawrun.RUN:
            since[task] = time
        elif kind == rawrun.STOP:
            ran[task] += time - since.pop(task)
    snapshots(run.end)
    return found


def share_check(build, place="threads", policy="stride"):
    run = rawrun.run_parse(recorded(build, policy, "share", duration=QUANTA * QUANTUM, place=place))
    weights = {task.id: task.weight for task in run.tasks}
    if sorted(weights.values(), reverse=True) != [3, 2, 1]:
        yield f"the weights of share are {weights}"
    worst = 0
    for ran in ran_until(run, (QUANTUM * count for count in range(1, QUANTA + 1))):
        total = sum(ran.values())
        worst = max(worst, *(abs(ran[task] - total * weight / sum(weights.values())) for task, weight in weights.items()))
    print(f"the greatest error is {worst / 1e6:.3f} ms, a quantum {QUANTUM / 1e6:g} ms")
    if worst > QUANTUM:
        yield "that is more than a quantum"


def latency_p50(build, policy, load):
    run = rawrun.run_parse(recorded(build, policy, "latency", load))
    result = metrics.measure(run, ["urgent"])["metrics"]["latency_p50"]
    if result is None:
        sys.exit(f"FAILED: too few wake-ups under {policy}")
    return result


def latency_check(build, policies=("prio", "edf")):
    for policy in policies:
        one, ten = (latency_p50(build, policy, load) for load in (1, 10))
        print(f"{policy}: p50 {one} ns beside one runnable task, {ten} ns among ten")
        if ten > GROWTH * one:
            yield f"{policy}'s grows by {ten / one:.2f}"


# Stride that forgets weights, and prio and edf that forget urgency, are round_robin.
def planted_check(build):
    for policy in ("round_robin", f"stride:quantum={4 * QUANTUM}"):
        if not list(share_check(build, policy=policy)):
            yield f"shares under {policy} are not found wrong"
    if not list(latency_check(build, ["round_robin:quantum=100000"])):
        yield "latency under round_robin is not found to grow"


def words_listed(build):
    status, listed, said = schedule(build, "--list")
    if status != 0:
        sys.exit(f"FAILED: schedule --list ended with {status}: {said}")
    lines = [line.split("\t") for line in listed.decode().splitlines()]
    return [[line[1] for line in lines if line[0] == kind] for kind in ("policy", "workload")]


def run_complaint(build, policy, workload, place):
    words = (policy, workload, 1, 1, SHORT, place)
    status, raw, said = schedule(build, *words)
    if status != 0:
        return f"{' '.join(map(str, words))} ended with {status}: {said.strip()}"
    try:
        run = rawrun.run_parse(raw)
    except rawrun.RawError as error:
        return f"{policy} on {workload}: {error}"
    if not any(kind == rawrun.RUN for _, _, kind, *_ in run.events):
        return f"{policy} on {workload}: nothing ran"
    return None


def every_check(build, policies, workloads, place):
    print(f"{len(policies)} policies, {len(workloads)} workloads, {place}")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        pairs = [pool.submit(run_complaint, build, policy, workload, place) for policy in policies for workload in workloads]
        yield from filter(None, (pair.result() for pair in pairs))


def all_check(build):
    yield from every_check(build, *words_listed(build), "threads")


def envs_check(build):
    yield from same_check(build, "bimodal", "envs")
    yield from same_check(build, "server", "envs")
    yield from share_check(build, "envs")
    yield from every_check(build, *words_listed(build), "envs")


def many_check(build):
    for place, load in (("threads", 300), ("envs", 100)):
        run = rawrun.run_parse(recorded(build, "round_robin:quantum=100000", "latency", load, duration=SECOND // 5, place=place))
        ran = {task for _, task, kind, *_ in run.events if kind == rawrun.RUN}
        print(f"{place}: {len(run.tasks)} tasks, of which {len(ran)} ran")
        if len(ran) < len(run.tasks) or len(run.tasks) <= load:
            yield f"of {len(run.tasks)} {place} {len(ran)} ran"


def harts_check(build):
    """As ./rivet sched has it: nothing happened that must not, and something ran on each hart. A workload ends by the clock, so a
    busy host gets more of it."""
    workloads = catalogue.workloads_all()
    for harts, policy, workload in ((2, "eevdf", "server"), (4, "work_stealing", "bimodal"), (4, "gang", "barrier")):
        machine = runs.Machine(os.path.dirname(os.path.abspath(build)), False, harts, None, QEMU_DEFAULT, None, "envs")
        for length in range(1, 6):
            job = runs.Job(options.Variant(policy), workloads[workload], "1", 1, length * SECOND // 2)
            used = runs.job_do(machine, job)["harts_used"]
            if used == harts:
                break
        print(f"{policy} on {workload}: {used} harts")
        if used != harts:
            yield f"{policy} on {workload} used {used} of {harts} harts"


def main():
    checks = {"same": same_check, "share": share_check, "latency": latency_check, "planted": planted_check, "all": all_check,
              "many": many_check, "envs": envs_check, "harts": harts_check}
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("check", choices=checks)
    asked = parser.parse_args()
    complaints = list(checks[asked.check](asked.build))
    if complaints:
        sys.exit("FAILED: " + "; ".join(complaints))


if __name__ == "__main__":
    main()
