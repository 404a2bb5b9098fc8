# SPDX-License-Identifier: BSD-2-Clause
"""Runs: one policy on one workload at one load from one seed, in a guest of its own or in the simulator.

Owns the processes that do them. Each worker does one run after the other, reads what it recorded and measures it; a
worker dies with its owner and takes its QEMU along, so that nothing outlives a comparison, however that ends.
"""

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import behaviour
import initrd
import metrics
import rawrun
import trace
from bench import FIXED
from catalogue import Workload
from guest import ERR, OUT, Guest, GuestError, die_with_parent
from options import Variant

TIMEOUT_SECONDS = 300
MISUSED = 3  # the exit status of a run whose policy broke a rule: it is recorded all the same
REPORT_SECONDS = 10  # between lines of progress where nobody can watch a line change


class RunError(Exception):
    """One plain sentence about a run that failed."""


@dataclass(frozen=True)
class Machine:
    """Where runs are done; the same for all of a comparison."""

    build: str
    sim: bool
    harts: int
    switch_cost: int
    qemu: str
    folder: str  # raw runs and traces go there; None: they aren't kept
    place: str = "threads"  # what tasks are in the guest
    jitter: int = None  # in the simulator


@dataclass
class Job:
    variant: Variant
    workload: Workload
    load: str
    seed: int
    duration: int

    @property
    def text(self):
        return f"{self.variant.label} on {self.workload.name} at load {self.load}, seed {self.seed}"

    @property
    def file(self):
        words = (self.workload.name, self.load, self.variant.label, str(self.seed))
        return "-".join(re.sub(r"[^A-Za-z0-9_.=,+]", "+", word) for word in words)


def last_line(data):
    lines = data.decode("utf-8", "replace").strip().splitlines()
    return re.sub(r"^[\w-]+: ", "", lines[-1]) if lines else "it said nothing"


# The two places


def sim_run(machine, job):
    command = [os.path.join(machine.build, "sim", "rivet-sim"), "--policy", job.variant.argument, "--workload",
               job.workload.path, "--load", job.load, "--seed", str(job.seed), "--harts", str(machine.harts),
               "--duration", str(job.duration)]
    if machine.switch_cost is not None:
        command += ["--switch-cost", str(machine.switch_cost)]
    if machine.jitter is not None:
        command += ["--jitter", str(machine.jitter)]
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                                timeout=TIMEOUT_SECONDS, preexec_fn=die_with_parent)
    except subprocess.TimeoutExpired:
        raise RunError(f"it did not end within {TIMEOUT_SECONDS} s") from None
    except OSError as error:
        raise RunError(f"{command[0]} can't be run ({error.strerror})") from None
    return result.returncode, result.stdout, result.stderr


PRODUCTS = {True: ["sim/rivet-sim"], False: ["rivet/rivet.bin", "rivet/initrd.cpio"]}  # by `sim`


def products_copy(build, folder, sim, workloads):
    """Copies what runs, so that all runs are of the same even if somebody builds meanwhile; workloads from outside of the
    tree get into the initrd."""
    for name in PRODUCTS[sim]:
        source, to = os.path.join(build, name), os.path.join(folder, name)
        os.makedirs(os.path.dirname(to), exist_ok=True)
        try:
            shutil.copy(source, to)
        except FileNotFoundError:
            raise RunError(f"{source} does not exist: build it first, with ./rivet sched.") from None
    members = []
    for workload in workloads if not sim else ():
        if workload.is_foreign:
            with open(workload.path, "rb") as source:
                members.append((f"sched/{workload.name}.load", source.read()))
    if members:
        with open(os.path.join(folder, "rivet", "initrd.cpio"), "r+b") as archive:
            whole = initrd.archive_extend(archive.read(), members)
            archive.seek(0)
            archive.write(whole)


def guest_run(machine, job):
    app = ["schedule", job.variant.argument, job.workload.name, job.load, str(job.seed), str(job.duration), machine.place]
    exact = machine.harts == 1  # with several harts counting would make one wait for the other
    try:
        with Guest(os.path.join(machine.build, "rivet"), app=app + [str(machine.harts)], harts=machine.harts, icount=exact,
                   qemu=machine.qemu, extra=FIXED if exact else ()) as guest:
            status = guest.wait(TIMEOUT_SECONDS)
            return status, bytes(guest.text[OUT]), bytes(guest.text[ERR])
    except AssertionError:
        raise RunError(f"it did not end within {TIMEOUT_SECONDS} s") from None
    except GuestError as error:
        raise RunError(str(error)) from None


def keep(folder, job, raw, record):
    with open(os.path.join(folder, "runs", f"{job.file}.run"), "wb") as out:
        out.write(raw)
    trace.file_write(record, os.path.join(folder, "traces", f"{job.file}.txt.gz"))


def job_do(machine, job):
    """Does a run and measures it; raises RunError. What it recorded is written, and a trace made of it."""
    status, raw, said = (sim_run if machine.sim else guest_run)(machine, job)
    if status not in (0, MISUSED):
        raise RunError("the guest panicked" if status is None else last_line(said))
    try:
        record = rawrun.run_parse(raw)
        measured = metrics.measure(record, job.workload.focus)
    except rawrun.RawError as error:
        raise RunError(str(error)) from None
    wrong = behaviour.complaint(record) if record.harts > 1 and not machine.sim else None
    if wrong:
        raise RunError(wrong)
    if machine.folder:
        keep(machine.folder, job, raw, record)
    misuse = record.trailer.get("misuse") or (last_line(said) if status == MISUSED else None)
    return {"policy": job.variant.label, "workload": job.workload.name, "load": job.load, "seed": job.seed,
            "file": job.file, "harts": record.harts, "misuse": misuse, "place": record.header.get("place", ""),
            "harts_used": len({event[3] for event in record.events if event[2] == rawrun.RUN}),
            "demand_permille": int(record.header.get("demand_permille", "0")), **measured}


# The workers


def worker(pipe, machine):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    die_with_parent()
    while True:
        try:
            number, job = pipe.recv()
        except EOFError:
            return
        began = time.monotonic()
        try:
            answer = job_do(machine, job), None
        except RunError as error:
            answer = None, str(error)
        except OSError as error:
            answer = None, error
        pipe.send((number, *answer, time.monotonic() - began))


class Pool:
    """`count` workers. What they do comes in any order: each answer names its job."""

    def __init__(self, machine, count):
        context = multiprocessing.get_context("fork")
        self.members = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=worker, args=(theirs, machine), daemon=True)
            process.start()
            theirs.close()
            self.members.append((process, ours))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process, pipe in self.members:
            pipe.close()
            process.terminate()
        for process, _ in self.members:
            process.join()

    def each(self, jobs, waiting=lambda: None):
        """Yields (number of the job, result or None, complaint or None, seconds) as runs end."""
        left = list(enumerate(jobs))[::-1]
        busy = {}
        for _, pipe in self.members:
            self._give(pipe, left, busy)
        while busy:
            ready = multiprocessing.connection.wait(list(busy), timeout=1)
            for pipe in ready:
                number = busy.pop(pipe)
                try:
                    yield pipe.recv()
                except EOFError:
                    yield number, None, "the process that ran it was killed", 0
                    continue
                self._give(pipe, left, busy)
            waiting()
        for number, _ in left:
            yield number, None, "there is no process left to run it", 0

    @staticmethod
    def _give(pipe, left, busy):
        if left:
            busy[pipe] = left[-1][0]
            pipe.send(left.pop())


# Progress


def duration_text(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Progress:
    """How many runs are done, and how long the others take: as long as runs of their workload took so far."""

    def __init__(self, jobs, workers, what="runs", out=sys.stderr):
        self.jobs, self.workers, self.what, self.out = jobs, workers, what, out
        self.left = {}
        for job in jobs:
            self.left[job.workload.name] = self.left.get(job.workload.name, 0) + 1
        self.took = {}
        self.done, self.said, self.width = 0, time.monotonic(), 0
        self.live = out.isatty()

    def note(self, job, seconds):
        self.done += 1
        self.left[job.workload.name] -= 1
        self.took.setdefault(job.workload.name, []).append(seconds)

    def seconds_left(self):
        every = [one for some in self.took.values() for one in some]
        if not every:
            return None
        mean = sum(every) / len(every)
        each = {name: sum(some) / len(some) for name, some in self.took.items()}
        return sum(count * each.get(name, mean) for name, count in self.left.items()) / self.workers

    def show(self):
        now, left = time.monotonic(), self.seconds_left()
        if left is None or now - self.said < (0.1 if self.live else REPORT_SECONDS):
            return
        self.said = now
        line = f"rivet: {self.done} of {len(self.jobs)} {self.what}, {duration_text(left)} left"
        if self.live:
            self.out.write(f"\r{line:<{self.width}}")
            self.width = len(line)
        else:
            self.out.write(f"{line}\n")
        self.out.flush()

    def clear(self):
        if self.live and self.width:
            with contextlib.suppress(OSError):
                self.out.write(f"\r{'':<{self.width}}\r")
                self.out.flush()
            self.width = 0
