# SPDX-License-Identifier: BSD-2-Clause
"""Runs checks in a guest: one hart, counted instructions, so that a slow host changes no verdict."""

import collections
import os
import re
import time

from guest import ERR, KERNEL, OUT, Guest, GuestError

BOOT = {"PLAIN": [], "EVENTS": ["events"]}
SECONDS = 120        # for a boot ...
SECONDS_JOB = 60     # and for each check: only a host that stands still takes so long
JOBS_MOST = 30       # in one boot: their names are boot arguments

Job = collections.namedtuple("Job", "name exercise source")
Outcome = collections.namedtuple("Outcome", "verdict lines")  # verdict: None, or what the harness said


def frames_of(guest, limit):
    """Runs the guest to its end; what it said on all streams but the firmware's, in the order in which it came."""
    said, deadline = [], time.monotonic() + limit
    while guest.status is None and not guest.ended and not guest.panicked:
        if time.monotonic() > deadline:
            raise GuestError("The machine did not end in time.")
        pieces, _ = guest.step(1)
        said += [text for stream, text in pieces if stream in (OUT, ERR, KERNEL)]
    if guest.panicked:
        guest.panic_drain(lambda pieces: said.extend(text for _, text in pieces))
    return b"".join(said).decode(errors="replace")


def outcomes_of(text, jobs):
    """An Outcome for each job, in their order."""
    outcomes, lines = {}, []
    names = {job.name for job in jobs}
    for line in text.splitlines():
        match = re.fullmatch(r"== (\S+)(?: (.+))?", line)
        if not match or match[1] not in names:
            lines.append(line)
        elif match[2] is None:
            lines = []
        else:
            outcomes[match[1]] = Outcome(match[2], lines)
            lines = []
    for job in jobs:  # one that was cut off, and those behind it
        if job.name not in outcomes:
            outcomes[job.name], lines = Outcome(None, lines), []
    return [outcomes[job.name] for job in jobs]


def run(build, bundle, jobs, boot):
    with Guest(build, harts=1, mem="128M", icount=True, initrd=bundle, append=BOOT[boot],
               app=["exercise", *(job.name for job in jobs)]) as guest:
        return outcomes_of(frames_of(guest, SECONDS + SECONDS_JOB * len(jobs)), jobs)


def sentence(exercise, outcome, name):
    """(solved, one sentence)"""
    checks = [line for line in outcome.lines if re.match(r"  (yes|NO ) ", line)]
    failed = sum(line.startswith("  NO") for line in checks)
    if outcome.verdict == "solved":
        return True, f"{name} solves exercise {exercise.number}."
    reasons = {
        "unsolved": f"{failed} of {len(checks)} checks failed",
        "late": f"the check was not through after {exercise.limit_ms} ms of the machine's time, and was stopped",
        "crashed": "the check was stopped by a crash (above)",
        None: "the machine ended before the check did",
    }
    reason = reasons.get(outcome.verdict)
    if reason is None:
        left = re.fullmatch(r"left (-?\d+)", outcome.verdict)
        reason = f"the program ended with status {left[1]} before the check was through" if left else outcome.verdict
    return False, f"{name} does not solve exercise {exercise.number}: {reason}."


