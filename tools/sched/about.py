# SPDX-License-Identifier: BSD-2-Clause
"""What a comparison was: the facts without which its figures mean little, and with which it can be repeated."""

import hashlib
import os
import platform
import shlex
import subprocess
import sys

from guest import GuestError, qemu_check
from options import PLACES, TOP
from runs import PRODUCTS


def output_of(*command):
    try:
        return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def commit():
    """The commit, and whether files differ from it."""
    name = output_of("git", "rev-parse", "HEAD")
    changed = output_of("git", "status", "--porcelain", "--untracked-files=no")
    return f"{name}{' with changes' if changed else ''}" if name else "unknown"


def digest(path):
    try:
        with open(path, "rb") as source:
            return hashlib.sha256(source.read()).hexdigest()[:16]
    except OSError:
        return "unknown"


def digests(folder, names):
    """What ran: files and the beginnings of their SHA-256."""
    return {name: digest(os.path.join(folder, name)) for name in names}


def versions(chosen):
    found = {"python": platform.python_version()}
    if chosen.sim:
        found["gcc"] = (output_of("gcc", "--version").splitlines() or ["unknown"])[0]
    else:
        found["qemu"] = guest_version(chosen.qemu)
        found["gcc"] = (output_of("riscv64-unknown-elf-gcc", "--version").splitlines() or ["unknown"])[0]
    return found


def guest_version(qemu):
    try:
        return qemu_check(qemu)
    except GuestError:
        return "unknown"


def place_text(chosen, checked):
    if chosen.sim:
        cost = f", {chosen.switch_cost} ns more per switch" if chosen.switch_cost else ""
        return f"the simulator, harts: {chosen.harts}{cost}" + (f". Beside it, {checked}" if checked else "")
    return f"a guest per run: QEMU with counted instructions (1 ns each), one hart, tasks are {PLACES[chosen.place]}"


def facts(chosen, products, known, variants, jobs, unsuited, failures, alike, checked=None):
    """As JSON. products: the folder with what ran. checked: a sentence about guests on several harts."""
    workloads = {job.workload.name: job.workload for job in jobs}
    return {
        "command": shlex.join(["./rivet", "sched", *sys.argv[1:]]),
        "commit": commit(),
        "versions": versions(chosen),
        "products": digests(products, PRODUCTS[chosen.sim]),
        "place": place_text(chosen, checked),
        "simulated": chosen.sim,
        "harts": chosen.harts,
        "seeds": list(range(chosen.seed, chosen.seed + chosen.seeds)),
        "quick": chosen.quick,
        "runs": len(jobs),
        "failures": failures,
        "alike": alike,
        "unsuited": unsuited,
        "policies": {variant.label: policy_facts(known.policy_of(variant)) for variant in variants},
        "workloads": {name: workload_facts(one, jobs) for name, one in workloads.items()},
    }


def policy_facts(policy):
    parameters = {name: vars(parameter) for name, parameter in policy.parameters.items()}
    return {"text": policy.text, "heeds": sorted(policy.heeds), "about": policy.about, "parameters": parameters}


def workload_facts(workload, jobs):
    return {"text": workload.text, "load": workload.load_text, "file": digest(workload.path), "suits": workload.suits,
            "focus": workload.focus, "durations_ns": sorted({job.duration for job in jobs if job.workload is workload})}
