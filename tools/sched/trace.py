#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Traces as Linux' ftrace writes them, which Perfetto and trace-cmd's friends show, made of a run; and read back.

    trace.py FILE...     prints for how long each task ran: COMM<TAB>PID<TAB>NANOSECONDS

Tasks are called CLASS-ID; their pid is their number and 1, because 0 is the idle task. Times have nine digits, so that
nothing is lost. Files are compressed by gzip, which Perfetto opens as they are.
"""

import gzip
import io
import re
import sys
import zlib

from rawrun import BLOCKED, ENDED, PREEMPTED, RUN, STOP, WAKE

COMM_LIMIT = 15  # Linux keeps no more of a name
STATES = {BLOCKED: "S", ENDED: "X", PREEMPTED: "R+"}  # what a task is in when it stops; else R: it may run
PRIORITY = 120
HEAD = """\
# tracer: nop
#
# entries-in-buffer/entries-written: {lines}/{lines}   #P:{harts}
#
#                                _-----=> irqs-off
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| /     delay
#           TASK-PID     CPU#  ||||   TIMESTAMP  FUNCTION
#              | |         |   ||||      |         |
"""
LINE = re.compile(r"\s*(?P<comm>.*)-(?P<pid>\d+)\s+(?:\(\s*[-\d]+\)\s+)?\[(?P<cpu>\d+)\]\s+(?:\S+\s+)?"
                  r"(?P<whole>\d+)\.(?P<part>\d+):\s+(?P<event>\w+):\s+(?P<rest>.*)")
SWITCH = re.compile(r"prev_comm=(.*) prev_pid=(\d+) prev_prio=\d+ prev_state=(\S+) ==> "
                    r"next_comm=(.*) next_pid=(\d+) next_prio=\d+")


class TraceError(Exception):
    """One plain sentence."""


def comm_of(task):
    return f"{task.klass[: COMM_LIMIT - 1 - len(str(task.id))]}-{task.id}"


# Writing


def names_of(run):
    return {task.id: (comm_of(task), task.id + 1) for task in run.tasks}


IDLE = ("swapper", 0)


def line_of(time, hart, current, event, rest):
    comm, pid = current
    if pid == 0:
        comm = "<idle>"
    return f"{comm:>16}-{pid:<7} [{hart:03d}] d..2 {time // 10**9}.{time % 10**9:09d}: {event}: {rest}\n"


def switch_line(time, hart, before, state, after):
    rest = (f"prev_comm={before[0]} prev_pid={before[1]} prev_prio={PRIORITY} prev_state={state} ==> "
            f"next_comm={after[0]} next_pid={after[1]} next_prio={PRIORITY}")
    return line_of(time, hart, before, "sched_switch", rest)


def lines_of(run):
    """A switch per change of what a hart runs. A task that stops and runs on at the same moment was not switched."""
    names = names_of(run)
    current = [IDLE] * run.harts  # as far as the lines say
    stopped = {}  # by hart: (time, state) of the task that stopped and has no successor yet
    lines = []

    def flush(until):
        """Where the successor didn't come at once, the hart stood idle."""
        for hart, (time, state) in list(stopped.items()):
            if time < until:
                lines.append(switch_line(time, hart, current[hart], state, IDLE))
                current[hart] = IDLE
                del stopped[hart]

    for time, task, kind, one, two, _ in run.events:
        if stopped:
            flush(time)
        if kind == WAKE:
            comm, pid = names[task]
            rest = f"comm={comm} pid={pid} prio={PRIORITY} target_cpu=000"
            lines.append(line_of(time, 0, current[0], "sched_wakeup", rest))
        elif kind == STOP:
            stopped[one] = (time, STATES.get(two, "R"))
        elif kind == RUN:
            _, state = stopped.pop(one, (time, "R"))
            if current[one] != names[task] or state in ("S", "X"):
                lines.append(switch_line(time, one, current[one], state, names[task]))
            current[one] = names[task]
    flush(run.end + 1)
    for hart in range(run.harts):
        if current[hart] != IDLE:
            lines.append(switch_line(run.end, hart, current[hart], "R", IDLE))
    return lines


def write(run, out):
    lines = lines_of(run)
    out.write(HEAD.format(lines=len(lines), harts=run.harts))
    out.writelines(lines)


def file_write(run, path):
    """Compressed, and without a date: the same run gives the same bytes."""
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 4, raw, mtime=0) as packed:
        with io.TextIOWrapper(packed, encoding="utf-8") as out:
            write(run, out)


# Reading


def file_open(path):
    """A trace, compressed or not."""
    with open(path, "rb") as raw:
        is_packed = raw.read(2) == b"\x1f\x8b"
    return (gzip.open if is_packed else open)(path, "rt", encoding="utf-8", errors="replace")


def time_of(match):
    return int(match["whole"]) * 10**9 + int(match["part"].ljust(9, "0")[:9])


def read(lines, name="the trace"):
    """For how long each task ran: {(comm, pid): ns}. A switch that isn't understood is refused; other events are not
    ours."""
    ran, since = {}, {}
    for number, line in enumerate(lines, 1):
        if line.startswith("#") or not line.strip():
            continue
        match = LINE.match(line)
        if not match:
            raise TraceError(f"{name}:{number}: expected TASK-PID [CPU] FLAGS TIME: EVENT: ..., as ftrace writes it.")
        if match["event"] != "sched_switch":
            continue
        switch = SWITCH.match(match["rest"])
        if not switch:
            raise TraceError(f"{name}:{number}: expected prev_comm=... prev_pid=... ==> next_comm=... of a sched_switch.")
        time, hart = time_of(match), int(match["cpu"])
        before, after = (switch[1], int(switch[2])), (switch[4], int(switch[5]))
        if hart in since and before[1] and since[hart][0] == before:
            ran[before] = ran.get(before, 0) + time - since[hart][1]
        since[hart] = (after, time)
    return ran


def main(paths):
    if not paths or paths[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if paths else 2
    for path in paths:
        try:
            with file_open(path) as source:
                for (comm, pid), time in sorted(read(source, path).items(), key=lambda one: one[0][1]):
                    print(f"{comm}\t{pid}\t{time}")
        except (OSError, EOFError, zlib.error) as error:
            print(f"trace: {path} can't be read ({getattr(error, 'strerror', None) or error}).", file=sys.stderr)
            return 1
        except TraceError as error:
            print(f"trace: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
