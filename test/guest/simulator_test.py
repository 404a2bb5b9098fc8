#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Guest and simulator are held against each other: the same runs, figure by figure, within tools/sched/agreement.py's limits.

    simulator_test.py --build build/rivet --source . --work FOLDER

The simulator is built here, in FOLDER. On the chosen runs each figure has to agree, or to be on an edge (agreement.py says what that
is). Besides, at each workload's first and last load, one figure of FIFTY may differ: docs/scheduling.md says which do, and why.
"""

import argparse
import dataclasses
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools", "sched"), os.path.join(ROOT, "tools")]

import agreement  # noqa: E402
import runs  # noqa: E402
from catalogue import Catalogue, suits  # noqa: E402
from guest import QEMU_DEFAULT  # noqa: E402
from options import Variant  # noqa: E402

POLICIES = ("eevdf", "cfs", "stride", "prio", "round_robin", "edf")
WORKLOADS = (("share", "4"), ("probe", "4"), ("latency", "10"), ("periodic", "0.7"), ("bimodal", "0.3"),
             ("bimodal", "0.95"), ("sleeper", "4"), ("overload", "1.5"))
FIGURES_LEAST = 60  # so that a comparison of nothing doesn't pass
FIFTY = 50


def simulator_build(source, folder):
    for command in (["cmake", "-G", "Ninja", "-S", source, "-B", os.path.join(folder, "sim"), "-DRIVET_SIM=ON",
                     "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_COMPILER=gcc"],
                    ["cmake", "--build", os.path.join(folder, "sim"), "-j", "2"]):
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def job_of(known, policy, name, load):
    return runs.Job(Variant(policy), known.workloads[name], load, 1, known.workloads[name].duration)


def compared(guest, simulator, jobs):
    """The gaps of these runs, which are printed where they are beyond their limits."""
    by_key = {(job.variant.label, job.workload.name, job.load, job.seed): job for job in jobs}

    def nudged_do(some, nudge):
        return [runs.job_do(dataclasses.replace(simulator, jitter=nudge), by_key[agreement.key_of(one)]) for one in some]

    with ThreadPoolExecutor(2) as pool:
        guests = list(pool.map(lambda job: runs.job_do(guest, job), jobs))
        simulated = list(pool.map(lambda job: runs.job_do(simulator, job), jobs))
    found = agreement.gaps(guests, simulated, nudged_do)
    for gap in found:
        if not gap.within:
            print(f"{gap.workload:<10} at {gap.run['load']:<5} {gap.metric.title:<16} {gap.text:>12}  of {gap.run['policy']:<12} "
                  f"limit {gap.limit} {gap.way}, {'on an edge' if gap.nudge else 'differs'}")
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--source", default=ROOT)
    parser.add_argument("--work", required=True)
    options = parser.parse_args()
    simulator_build(options.source, options.work)
    known = Catalogue()
    # A guest is looked for in BUILD/rivet, the simulator in WORK/sim.
    guest = runs.Machine(os.path.dirname(os.path.abspath(options.build)), False, 1, None, QEMU_DEFAULT, None)
    simulator = runs.Machine(options.work, True, 1, None, QEMU_DEFAULT, None)
    chosen = [job_of(known, policy, name, load) for name, load in WORKLOADS for policy in POLICIES]
    words = {(job.variant.name, job.workload.name, job.load) for job in chosen}
    others = [job_of(known, policy, name, load) for name, workload in known.workloads.items()
              for load in sorted({workload.loads[0], workload.loads[-1]}) for policy in POLICIES
              if suits(known.policies[policy], workload) and (policy, name, load) not in words]
    first, second = compared(guest, simulator, chosen), compared(guest, simulator, others)
    print("the chosen runs:", agreement.sentence(first))
    print("the others:", agreement.sentence(second))
    wrong, rest = agreement.disagreements(first), agreement.disagreements(second)
    if wrong or len(first) < FIGURES_LEAST:
        sys.exit(f"FAILED: {len(wrong)} of {len(first)} figures differ by more than they may")
    if len(rest) * FIFTY > len(second) or len(second) < FIGURES_LEAST:
        sys.exit(f"FAILED: {len(rest)} of {len(second)} other figures differ, which is more than one of {FIFTY}")


if __name__ == "__main__":
    main()
