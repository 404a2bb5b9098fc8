# SPDX-License-Identifier: BSD-2-Clause
"""What is measured in a run, and how: each figure has its definition here, and nowhere else.

METRICS is what the tables, the plots and the report show, with the sentence that says what it means. `measure`
computes all of it in one pass over a run's records.
"""

import hashlib
import math
from dataclasses import dataclass

from rawrun import BLOCKED, DONE, ENDED, NOTE, RELEASE, RUN, STOP, WAKE

BEYOND = 10  # samples that have to lie beyond a percentile, or it isn't shown
WINDOWS = 50  # in how many parts the plot of shares over time cuts a run
BINS_PER_OCTAVE = 4  # of histograms
SEGMENTS = 600  # of the timeline that are kept, from TIMELINE_FROM of the run on
TIMELINE_FROM = 0.4
LOWER, HIGHER, NEITHER = -1, 1, 0  # what is better


@dataclass(frozen=True)
class Metric:
    name: str
    title: str
    unit: str  # ns, %, points, x, 1/s, or nothing
    better: int
    text: str


PERCENTILE = (f"The smallest sample that so many per cent of the samples don't exceed; `-` where fewer than {BEYOND} "
              "samples lie beyond it.")
LATENCY = ("Wake-up latency: from the moment at which a blocked task may run again until it runs. The wake-up that "
           "starts a task doesn't count, nor one after which the task didn't run before the end. ")
SHARE = ("A task's share error is the processor time that it got less its fair share, as a part of the time of all harts "
         "together. The fair share is what a fluid scheduler would have given it: at each moment the harts are divided "
         "among the tasks that may run, in proportion to their weights, and no task gets more than one hart. ")
RESPONSE = ("Response time of a job: from its arrival until it is done. A job that isn't done at the end counts with its "
            "age, once it is older than the time that it needs. ")
METRICS = [
    Metric("latency_p50", "latency p50", "ns", LOWER, LATENCY + PERCENTILE),
    Metric("latency_p90", "latency p90", "ns", LOWER, "As above."),
    Metric("latency_p99", "latency p99", "ns", LOWER, "As above."),
    Metric("latency_p999", "latency p99.9", "ns", LOWER, "As above."),
    Metric("latency_max", "latency max", "ns", LOWER, "The longest wake-up latency."),
    Metric("share_max", "share error max", "points", LOWER,
           SHARE + "Here: the largest of all tasks', without its sign, in percentage points."),
    Metric("share_rms", "share error", "points", LOWER, "The root of the mean square of all tasks' share errors."),
    Metric("lag_max", "lag max", "ns", LOWER, "How far a task was ever from its fair share, ahead or behind, in time."),
    Metric("jain", "Jain's index", "", HIGHER,
           "With x = time got / fair share of each task: (sum of x)² / (number × sum of x²). 1 is perfectly fair."),
    Metric("miss_ratio", "missed", "%", LOWER,
           "Jobs that weren't done at their deadline, of all jobs whose deadline lies within the run."),
    Metric("response_p50", "response p50", "ns", LOWER, RESPONSE + PERCENTILE),
    Metric("response_p99", "response p99", "ns", LOWER, "As above."),
    Metric("slowdown_p50", "slowdown p50", "x", LOWER,
           "Response time of a job divided by the processor time that it needs. " + PERCENTILE),
    Metric("slowdown_p99", "slowdown p99", "x", LOWER, "As above."),
    Metric("throughput", "jobs/s", "1/s", HIGHER, "Jobs done per second."),
    Metric("unfinished", "unfinished", "", LOWER, "Jobs that arrived and weren't done at the end."),
    Metric("switches", "switches/s", "1/s", NEITHER,
           "How often per second a hart began to run another task than the one before."),
    Metric("decisions", "decisions/s", "1/s", NEITHER, "How often per second the policy was asked which task is next."),
    Metric("decision_cost", "instructions / decision", "", LOWER,
           "Instructions that the policy's functions took, per decision. Only the guest counts them."),
    Metric("migrations", "migrations/s", "1/s", NEITHER, "How often per second a task ran on another hart than before."),
    Metric("idle", "idle", "%", NEITHER, "The part of the harts' time in which no task ran: idle, or spent on switching."),
    Metric("idle_wakeups", "idle wake-ups/s", "1/s", LOWER,
           "How often per second a hart on which no task could run got one again."),
]
BY_NAME = {metric.name: metric for metric in METRICS}
# What a workload's word in its line `metrics` stands for, best first: a percentile for which there are too few samples
# gives way to the next.
WORDS = {
    "wakeup": ("latency_p99", "latency_p90", "latency_p50", "latency_max"),
    "response": ("response_p99", "response_p50"),
    "slowdown": ("slowdown_p99", "slowdown_p50"),
    "misses": ("miss_ratio",),
    "share": ("share_max",),
    "throughput": ("throughput",),
    "switches": ("switches",),
    "migrations": ("migrations",),
    "idle": ("idle",),
}


def percentile(ordered, percent, beyond=BEYOND):
    """By nearest rank, of sorted samples. None where fewer than `beyond` samples lie beyond it."""
    rank = math.ceil(len(ordered) * percent / 100)
    return ordered[rank - 1] if rank and len(ordered) - rank >= beyond else None


def jain(ratios):
    squares = sum(ratio * ratio for ratio in ratios)
    return sum(ratios) ** 2 / (len(ratios) * squares) if squares else None


def rms(values):
    return math.sqrt(sum(value * value for value in values) / len(values)) if values else None


def bin_of(value):
    """The histogram's bin: logarithmic, BINS_PER_OCTAVE to an octave; 0 and less have bin 0."""
    return int(math.log2(value) * BINS_PER_OCTAVE) if value >= 1 else 0


def histogram(values):
    bins = {}
    for value in values:
        where = bin_of(value)
        bins[where] = bins.get(where, 0) + 1
    return bins


class Fluid:
    """The fluid scheduler: what a task of a given weight would have got, had it been runnable since the start."""

    def __init__(self, harts):
        self.harts, self.time = harts, 0
        self.runnable = {}  # weight: how many
        self.got, self.rate = {}, {}  # weight: ns so far, harts' worth per task

    def advance(self, now):
        passed = now - self.time
        if passed:
            for weight, rate in self.rate.items():
                self.got[weight] += passed * rate
            self.time = now

    def change(self, now, weight, count):
        self.advance(now)
        self.got.setdefault(weight, 0.0)
        self.runnable[weight] = self.runnable.get(weight, 0) + count
        self._share()

    def _share(self):
        """Divides the harts: the heaviest first, for whom one hart may be less than their share."""
        harts = self.harts
        total = sum(weight * count for weight, count in self.runnable.items())
        self.rate = {}
        for weight in sorted(self.runnable, reverse=True):
            count = self.runnable[weight]
            if count:
                self.rate[weight] = min(1.0, weight * harts / total)
                harts -= self.rate[weight] * count
                total -= weight * count


class TaskState:
    """What is known of a task while the records go by."""

    def __init__(self, task):
        self.task = task
        self.woken = self.running_since = self.hart = None
        self.runnable, self.started = False, False
        self.fluid_from = self.fair = 0.0
        self.ran = self.wakes = self.migrations = 0
        self.lag = 0.0
        self.latencies, self.jobs, self.job = [], [], None
        self.windows = [0] * WINDOWS


class Job:
    def __init__(self, arrived, service, deadline):
        self.arrived, self.service, self.done = arrived, service, None
        self.due = arrived + deadline if deadline else None


class Measurement:
    """One pass over a run's records."""

    def __init__(self, run):
        self.run = run
        self.fluid = Fluid(run.harts)
        self.states = {task.id: TaskState(task) for task in run.tasks}
        self.last = [None] * run.harts  # the task that ran last, per hart
        self.switches = 0
        self.segments, self.timeline_from = [], int(run.end * TIMELINE_FROM)
        steps = {WAKE: self.wake, RUN: self.run_begin, STOP: self.stop, RELEASE: self.release, DONE: self.done}
        for time, task, kind, one, two, three in run.events:
            if kind != NOTE:
                steps[kind](time, self.states[task], one, two, three)
        self.finish()

    def fluid_now(self, state, time):
        """What the task should have got by now."""
        self.fluid.advance(time)
        if not state.runnable:
            return state.fair
        return state.fair + self.fluid.got[state.task.weight] - state.fluid_from

    def lag_note(self, state, time, ran):
        state.lag = max(state.lag, abs(ran - self.fluid_now(state, time)))

    def wake(self, time, state, *_):
        if state.runnable:
            return
        if state.started:
            state.woken = time
            state.wakes += 1
        state.runnable = state.started = True
        self.fluid.change(time, state.task.weight, 1)
        state.fluid_from = self.fluid.got[state.task.weight]

    def run_begin(self, time, state, hart, *_):
        if not state.runnable:
            self.wake(time, state)
        if state.woken is not None:
            state.latencies.append(time - state.woken)
            state.woken = None
        self.lag_note(state, time, state.ran)
        if state.hart is not None and state.hart != hart:
            state.migrations += 1
        if self.last[hart] is not state:
            self.switches += 1
        state.running_since, state.hart = time, hart
        self.last[hart] = state

    def stop(self, time, state, hart, why, *_):
        self.ran(state, state.running_since, time)
        state.running_since = None
        self.lag_note(state, time, state.ran)
        if why in (BLOCKED, ENDED):
            state.fair = self.fluid_now(state, time)
            state.runnable = False
            self.fluid.change(time, state.task.weight, -1)

    def ran(self, state, since, until):
        """Accounts a stretch, to the windows that it lies in and to the timeline."""
        state.ran += until - since
        if until > self.timeline_from and len(self.segments) < SEGMENTS * self.run.harts:
            self.segments.append((max(since, self.timeline_from), until, state.hart, state.task.id))
        width = max(self.run.end / WINDOWS, 1)
        first, last = int(since / width), min(int(until / width), WINDOWS - 1)
        if first >= last:
            state.windows[last] += until - since
            return
        state.windows[first] += (first + 1) * width - since
        for window in range(first + 1, last):
            state.windows[window] += width
        state.windows[last] += until - last * width

    def release(self, time, state, service, deadline, late):
        state.job = None
        if service:
            state.job = Job(time - late, service, deadline)
            state.jobs.append(state.job)

    def done(self, time, state, *_):
        if state.job:
            state.job.done = time
            state.job = None

    def finish(self):
        for state in self.states.values():
            if state.running_since is not None:
                self.ran(state, state.running_since, self.run.end)
            self.lag_note(state, self.run.end, state.ran)
            state.fair = self.fluid_now(state, self.run.end)


def job_samples(jobs, end):
    """(response times, slowdowns), sorted."""
    finished = [(job.done - job.arrived, job.service) for job in jobs if job.done is not None]
    waiting = [(end - job.arrived, job.service) for job in jobs if job.done is None and end - job.arrived > job.service]
    both = finished + waiting
    return sorted(one for one, _ in both), sorted(one / service for one, service in both)


def miss_percent(jobs, end):
    counted = [job for job in jobs if job.due is not None and job.due <= end]
    missed = sum(1 for job in counted if job.done is None or job.done > job.due)
    return 100 * missed / len(counted) if counted else None


def figures(states, run):
    """What is computed alike for all tasks and for those of one class."""
    seconds = run.end / 1e9
    latencies = sorted(one for state in states for one in state.latencies)
    jobs = [job for state in states for job in state.jobs]
    responses, slowdowns = job_samples(jobs, run.end)
    errors = [100 * (state.ran - state.fair) / (run.end * run.harts) for state in states if state.started]
    result = {f"latency_p{name}": percentile(latencies, percent)
              for name, percent in (("50", 50), ("90", 90), ("99", 99), ("999", 99.9))}
    result["latency_max"] = latencies[-1] if latencies else None
    result["share_max"] = max(map(abs, errors), default=None)
    result["share_rms"] = rms(errors)
    result["miss_ratio"] = miss_percent(jobs, run.end)
    for name, samples in (("response", responses), ("slowdown", slowdowns)):
        result[f"{name}_p50"], result[f"{name}_p99"] = percentile(samples, 50), percentile(samples, 99)
    result["throughput"] = sum(1 for job in jobs if job.done is not None) / seconds if jobs else None
    result["unfinished"] = sum(1 for job in jobs if job.done is None) if jobs else None
    return result, latencies, responses, slowdowns


def number_of(trailer, key):
    text = trailer.get(key, "")
    return int(text) if text.isdigit() else None


def idle_wakeups(run):
    """How often a hart that stood idle got a task: gaps between a STOP and the next RUN while no task was waiting."""
    idle = [True] * run.harts  # what a hart is until it first runs is a gap like any other
    runnable, count, waiting = set(), 0, 0
    for _, task, kind, hart, why, _ in run.events:
        if kind == WAKE and task not in runnable:
            runnable.add(task)
            waiting += 1
        elif kind == RUN:
            if task not in runnable:
                runnable.add(task)
                waiting += 1
            waiting -= 1
            count += idle[hart]
            idle[hart] = False
        elif kind == STOP:
            if why in (BLOCKED, ENDED):
                runnable.discard(task)
            else:
                waiting += 1
            idle[hart] = waiting == 0
    return count


def arrivals_digest(states):
    """Per task a digest of the service times of its first 1, 2, 4, ... jobs: two runs of one workload agree in all
    that both have, however many jobs either of them got done."""
    digests = {}
    for state in states:
        digest = hashlib.blake2b(digest_size=6)
        marks = {}
        for number, job in enumerate(state.jobs, 1):
            digest.update(b"%d " % job.service)
            if number & (number - 1) == 0:
                marks[number] = digest.hexdigest()
        digests[state.task.id] = marks
    return digests


def measure(run, focus=()):
    """Everything that is shown of a run: metrics, classes, tasks, histograms, shares over time, a piece of timeline.
    With `focus` the metrics of tasks and jobs are of these classes alone; the fluid scheduler serves all of them."""
    state_of = Measurement(run)
    states = list(state_of.states.values())
    focused = [state for state in states if not focus or state.task.klass in focus]
    started = [state for state in focused if state.started]
    seconds = run.end / 1e9
    metrics, latencies, responses, slowdowns = figures(focused, run)
    ran = sum(state.ran for state in states)
    decisions, instructions = number_of(run.trailer, "decisions"), number_of(run.trailer, "decision_instructions")
    metrics |= {
        "lag_max": max((state.lag for state in started), default=None),
        "jain": jain([state.ran / state.fair for state in started if state.fair > 0]),
        "switches": state_of.switches / seconds,
        "decisions": decisions / seconds if decisions is not None else None,
        "decision_cost": instructions / decisions if instructions and decisions else None,
        "migrations": sum(state.migrations for state in states) / seconds if run.harts > 1 else None,
        "idle": 100 * (1 - ran / (run.end * run.harts)),
        "idle_wakeups": idle_wakeups(run) / seconds,
    }
    classes = {}
    for state in states:
        classes.setdefault(state.task.klass, []).append(state)
    return {
        "metrics": {metric.name: metrics[metric.name] for metric in METRICS},
        "classes": {name: class_summary(members, run) for name, members in classes.items()},
        "tasks": [task_summary(state) for state in states],
        "samples": {"latency": len(latencies), "jobs": len(responses)},
        "histograms": {"latency": histogram(latencies), "slowdown": histogram([100 * one for one in slowdowns]),
                       "response": histogram(responses)},
        "windows": {name: [round(sum(parts)) for parts in zip(*(one.windows for one in members))]
                    for name, members in classes.items()},
        "timeline": {"from": state_of.timeline_from, "segments": state_of.segments},
        "arrivals": arrivals_digest(states),
        "end_ns": run.end,
    }


def class_summary(members, run):
    result, _, _, _ = figures(members, run)
    return {**result, "tasks": len(members), "weight": members[0].task.weight,
            "ran_ns": sum(state.ran for state in members), "fair_ns": round(sum(state.fair for state in members))}


def task_summary(state):
    done = [job for job in state.jobs if job.done is not None]
    return {"task": state.task.id, "class": state.task.klass, "weight": state.task.weight, "ran_ns": state.ran,
            "fair_ns": round(state.fair), "wakes": state.wakes, "migrations": state.migrations,
            "jobs": len(state.jobs), "done": len(done)}
