#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Guest and simulator are held against each other: the same runs, figure by figure, within tools/sched/agreement.py's limits.

    simulator_test.py --build build/rivet --source . --work FOLDER

The simulator is built here, in FOLDER. Left out are loads at which the comparison itself is a matter of chance: where few jobs have
deadlines, and where the median lies between wake-ups that are served at once and those that wait.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools", "sched"), os.path.join(ROOT, "tools")]

import agreement  # noqa: E402
import runs  # noqa: E402
from catalogue import Catalogue  # noqa: E402
from guest import QEMU_DEFAULT  # noqa: E402
from options import Variant  # noqa: E402

POLICIES = ("eevdf", "cfs", "stride", "prio", "round_robin", "edf")
WORKLOADS = (("share", "4"), ("probe", "4"), ("latency", "10"), ("periodic", "0.7"), ("bimodal", "0.3"),
             ("bimodal", "0.95"), ("sleeper", "4"), ("overload", "1.5"))
FIGURES_LEAST = 60  # so that a comparison of nothing doesn't pass


def simulator_build(source, folder):
    for command in (["cmake", "-G", "Ninja", "-S", source, "-B", os.path.join(folder, "sim"), "-DRIVET_SIM=ON",
                     "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_COMPILER=gcc"],
                    ["cmake", "--build", os.path.join(folder, "sim"), "-j", "2"]):
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--source", default=ROOT)
    parser.add_argument("--work", required=True)
    options = parser.parse_args()
    simulator_build(options.source, options.work)
    known = Catalogue()
    jobs = [runs.Job(Variant(policy), known.workloads[name], load, 1, known.workloads[name].duration)
            for name, load in WORKLOADS for policy in POLICIES]
    # A guest is looked for in BUILD/rivet, the simulator in WORK/sim.
    guest = runs.Machine(os.path.dirname(os.path.abspath(options.build)), False, 1, None, QEMU_DEFAULT, None)
    simulator = runs.Machine(options.work, True, 1, None, QEMU_DEFAULT, None)
    with ThreadPoolExecutor(2) as pool:
        guests = list(pool.map(lambda job: runs.job_do(guest, job), jobs))
    found = agreement.gaps(guests, [runs.job_do(simulator, job) for job in jobs])
    for gap in found:
        print(f"{gap.workload:<10} {gap.metric.title:<16} {gap.text:>12}  of {gap.run['policy']:<12} limit {gap.limit} {gap.way}")
    print(agreement.sentence(found))
    beyond, figures = sum(gap.beyond for gap in found), sum(gap.runs for gap in found)
    if beyond or figures < FIGURES_LEAST:
        sys.exit(f"FAILED: {beyond} of {figures} figures differ by more than they may")


if __name__ == "__main__":
    main()
