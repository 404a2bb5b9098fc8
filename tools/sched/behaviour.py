# SPDX-License-Identifier: BSD-2-Clause
"""What must be so in a guest on several harts, however busy this machine is: seen in the recording of a run.

QEMU with several harts measures the machine that it runs on, so such a run has no figures. It shows that a policy, the
library's scheduler and the kernel do on several harts what they are to do; the figures are the simulator's.
"""

import rawrun

LOCK, UNLOCK = 4, 5  # enum record_note of bench/sched/record.h
DURATION_MOST = 200_000_000  # ns of a run: the host's time passes, and nothing is measured
SAID = ("each task ran on one hart at a time and each hart one task, a task ran only after it had woken, nobody had a lock "
        "that somebody else had, and no policy broke a rule")


class Watch:
    """Goes through the events of a run; `complaint` is a sentence about the first that must not be."""

    def __init__(self, record):
        self.record, self.complaint = record, None
        self.hart_of, self.task_on, self.owners, self.awake = {}, {}, {}, set()

    def complain(self, time, text):
        self.complaint = self.complaint or f"{text}, {time / 1e6:.3f} ms into the run"

    def run(self, time, task, hart):
        if task in self.hart_of:
            self.complain(time, f"task {task} ran on hart {hart} while it ran on hart {self.hart_of[task]}")
        if hart in self.task_on:
            self.complain(time, f"hart {hart} ran task {task} while it ran task {self.task_on[hart]}")
        if task not in self.awake:
            self.complain(time, f"task {task} ran on hart {hart} though it had not woken")
        if hart >= self.record.harts:
            self.complain(time, f"task {task} ran on hart {hart}, which there is not")
        self.hart_of[task], self.task_on[hart] = hart, task

    def stop(self, time, task, hart, why):
        if self.hart_of.pop(task, None) != hart or self.task_on.pop(hart, None) != task:
            self.complain(time, f"task {task} stopped on hart {hart}, where it did not run")
        if why in (rawrun.BLOCKED, rawrun.ENDED):
            self.awake.discard(task)

    def note(self, time, task, code, number):
        if code == LOCK and self.owners.setdefault(number, task) != task:
            self.complain(time, f"task {task} got lock {number} while task {self.owners[number]} had it")
        elif code == UNLOCK and self.owners.pop(number, None) != task:
            self.complain(time, f"task {task} gave lock {number} back, which it did not have")

    def see(self):
        for time, task, kind, one, two, _ in self.record.events:
            if kind == rawrun.WAKE:
                self.awake.add(task)
            elif kind == rawrun.RUN:
                self.run(time, task, one)
            elif kind == rawrun.STOP:
                self.stop(time, task, one, two)
            elif kind == rawrun.NOTE:
                self.note(time, task, one, two)
        return self.complaint


def complaint(record):
    """A sentence, or None."""
    return Watch(record).see()


def sentence(results, harts):
    """For the terminal and the report."""
    used = {}
    for result in results:
        used[result["harts_used"]] = used.get(result["harts_used"], 0) + 1
    each = ", ".join(f"{count} used {number}" for number, count in sorted(used.items(), reverse=True))
    return f"{len(results)} runs in guests with {harts} harts, tasks as environments ({each}): {SAID}."
