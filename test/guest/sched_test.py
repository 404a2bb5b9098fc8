#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""./rivet sched with tasks as environments: on one hart the guest's own figures, on two the simulator's beside what guests did.

    sched_test.py --build build/rivet --work FOLDER
"""

import argparse
import json
import os
import subprocess
import sys

from simulator_test import ROOT, simulator_build

POLICIES, WORKLOADS = ("eevdf", "prio_inherit"), ("server", "barrier")


def sched(work, *words):
    """(standard error, data of the report)"""
    out = os.path.join(work, "out")
    command = [os.path.join(ROOT, "tools", "sched", "main.py"), "--build", work, "--out", out, "--quick", "--policy", ",".join(POLICIES),
               "--workload", ",".join(WORKLOADS), "--as", "envs", *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(words) or 'one hart'} ended with {done.returncode}: {done.stderr}")
    with open(os.path.join(out, "results.json"), encoding="utf-8") as source:
        return done.stderr, json.load(source)


def complaints(work):
    runs_count = len(POLICIES) * len(WORKLOADS)
    _, data = sched(work)
    places = {run["place"] for run in data["runs"]}
    if places != {"environments"} or len(data["runs"]) != runs_count:
        yield f"on one hart {len(data['runs'])} runs were {places}"
    said, data = sched(work, "--harts", "2")
    places = {run["place"] for run in data["runs"]}
    if places != {"simulator"} or len(data["runs"]) != runs_count:
        yield f"on two harts {len(data['runs'])} runs were {places}"
    words = f"{runs_count} runs in guests with 2 harts, tasks as environments"
    if words not in said or words not in json.dumps(data):
        yield f"nobody said: {words}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--work", required=True)
    asked = parser.parse_args()
    simulator_build(ROOT, asked.work)
    guest = os.path.join(asked.work, "rivet")
    if not os.path.lexists(guest):
        os.symlink(os.path.abspath(asked.build), guest)
    found = list(complaints(asked.work))
    if found:
        sys.exit("FAILED: " + "; ".join(found))


if __name__ == "__main__":
    main()
