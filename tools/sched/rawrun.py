# SPDX-License-Identifier: BSD-2-Clause
"""A raw run: what happened in one run of one policy, as the guest and the simulator write it.

Owns the reading of the format that bench/sched/record.h describes: a text header, one line per task, an empty
line, binary records, a text trailer. Whatever else is in the file is refused with a sentence that says where.
"""

MAGIC = b"rivet-sched 1"

WAKE, RUN, STOP, RELEASE, DONE, NOTE, END = 0, 1, 2, 3, 4, 5, 7
ARGUMENTS = {WAKE: 0, RUN: 1, STOP: 2, RELEASE: 3, DONE: 0, NOTE: 2, END: 0}
EXPIRED, PREEMPTED, YIELDED, BLOCKED, ENDED = range(5)  # why a task stopped

TASK_FIELDS = ("id", "class", "weight", "priority", "period", "deadline", "group")


class RawError(Exception):
    """One plain sentence."""


class Task:
    def __init__(self, identity, klass, weight, priority, period, deadline, group):
        self.id, self.klass, self.weight, self.group = identity, klass, weight, group
        self.priority, self.period, self.deadline = priority, period, deadline


class RawRun:
    """header and trailer: text by key. events: (time in ns, task, kind, argument, argument, argument)."""

    def __init__(self, header, tasks, events, trailer, end):
        self.header, self.tasks, self.events, self.trailer, self.end = header, tasks, events, trailer, end

    @property
    def harts(self):
        return int(self.header.get("harts", "1"))


def task_parse(line):
    fields = line.split()
    try:
        if len(fields) != 1 + len(TASK_FIELDS):
            raise ValueError
        numbers = [int(fields[1]), *map(int, fields[3:])]
    except ValueError:
        raise RawError(f"The run describes a task as {line!r}, which is not {' '.join(TASK_FIELDS)}.") from None
    return Task(numbers[0], fields[2], *numbers[1:])


def pairs_parse(lines):
    """`key value` lines; the value is the rest of the line. A key that comes again adds a line to its value."""
    pairs = {}
    for line in lines:
        key, _, value = line.partition(" ")
        if key:
            pairs[key] = f"{pairs[key]}\n{value}" if key in pairs else value
    return pairs


def header_parse(data):
    """(header, tasks, where the records begin)"""
    if not data.startswith(MAGIC + b"\n"):
        raise RawError(f"The run doesn't begin with `{MAGIC.decode()}`.")
    stop = data.find(b"\n\n")
    if stop < 0:
        raise RawError("The run ends within its header.")
    lines = data[:stop].decode("utf-8", "replace").split("\n")[1:]
    tasks = [task_parse(line) for line in lines if line.startswith("task ")]
    return pairs_parse(line for line in lines if not line.startswith("task ")), tasks, stop + 2


def events_parse(data, at):
    """All records from `at` on: (events, time of the end, where the trailer begins)."""
    events, time, arguments_of = [], 0, ARGUMENTS
    append = events.append
    try:
        while True:
            # Two numbers lead each record. The loop is written out, because it is what a run's reading costs.
            byte = data[at]
            at += 1
            value = byte & 127
            shift = 7
            while byte > 127:
                byte = data[at]
                at += 1
                value |= (byte & 127) << shift
                shift += 7
            time += value
            byte = data[at]
            at += 1
            value = byte & 127
            shift = 7
            while byte > 127:
                byte = data[at]
                at += 1
                value |= (byte & 127) << shift
                shift += 7
            kind = value & 7
            if kind == END:
                return events, time, at
            extra = [0, 0, 0]
            for which in range(arguments_of[kind]):
                byte = data[at]
                at += 1
                number = byte & 127
                shift = 7
                while byte > 127:
                    byte = data[at]
                    at += 1
                    number |= (byte & 127) << shift
                    shift += 7
                extra[which] = number
            append((time, value >> 3, kind, *extra))
    except IndexError:
        raise RawError("The run ends within its records: it was cut off.") from None
    except KeyError:
        raise RawError(f"The run has a record of the kind {kind}, {at} bytes into it, which there is not.") from None


def run_parse(data):
    header, tasks, at = header_parse(data)
    events, end, at = events_parse(data, at)
    trailer = pairs_parse(data[at:].decode("utf-8", "replace").split("\n"))
    known = {task.id for task in tasks}
    strange = next((event for event in events if event[1] not in known and event[2] != NOTE), None)
    if strange:
        raise RawError(f"The run has a record of task {strange[1]}, which its header doesn't name.")
    if trailer.get("lost", "0") != "0":
        raise RawError(f"The run lacks {trailer['lost']} records, for which there was no room.")
    return RawRun(header, tasks, events, trailer, end)
