# SPDX-License-Identifier: BSD-2-Clause
"""The folder that a comparison leaves: report.html, results.json, runs.csv, tasks.csv, runs/ and traces/.

It appears under its name when it is complete, and not at all otherwise: everything is written to a folder beside it
that is renamed at the end. What stood there before gives way only if it is a comparison's.
"""

import contextlib
import csv
import json
import os
import shutil

import metrics

MARK = "results.json"  # a folder with it is a comparison's
RUN_FIELDS = ("policy", "workload", "load", "seed", "place", "end_ns", "demand_permille", "misuse")
TASK_FIELDS = ("task", "class", "weight", "ran_ns", "fair_ns", "wakes", "migrations", "jobs", "done")


class OutputError(Exception):
    """One plain sentence."""


def out_check(folder):
    """Refuses, before anything is run, a folder that holds something else."""
    if not os.path.lexists(folder):
        return
    if not os.path.isdir(folder):
        raise OutputError(f"{folder} is not a folder, so no report can go there.")
    if os.listdir(folder) and not os.path.isfile(os.path.join(folder, MARK)):
        raise OutputError(f"{folder} holds something that is no report of ours: name another folder with --out.")


class Folder:
    """The folder in the making. Left by an exception it leaves nothing behind."""

    def __init__(self, folder):
        self.final = folder
        self.path = f"{folder}.new-{os.getpid()}"

    def __enter__(self):
        try:
            for name in ("runs", "traces"):
                os.makedirs(os.path.join(self.path, name))
        except OSError as error:
            self.__exit__(OSError)
            raise OutputError(f"{self.path} can't be made ({error.strerror}).") from None
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.path, name)

    def keep(self):
        """It gets its name. The one before is moved aside first, and comes back if that fails."""
        old = f"{self.final}.old-{os.getpid()}"
        out_check(self.final)
        replaced = os.path.lexists(self.final)
        if replaced:
            os.rename(self.final, old)
        try:
            os.rename(self.path, self.final)
        except OSError:
            if replaced:
                with contextlib.suppress(OSError):
                    os.rename(old, self.final)
            raise
        shutil.rmtree(old, ignore_errors=True)


def csv_write(path, head, rows):
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def cell(value):
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else value


def tables_write(folder, results):
    """runs.csv: a row per run; tasks.csv: a row per task of each run."""
    names = [metric.name for metric in metrics.METRICS]
    csv_write(folder.file("runs.csv"), [*RUN_FIELDS, *names],
              ([cell(run[field]) for field in RUN_FIELDS] + [cell(run["metrics"][name]) for name in names]
               for run in results))
    csv_write(folder.file("tasks.csv"), [*RUN_FIELDS[:4], *TASK_FIELDS],
              ([run[field] for field in RUN_FIELDS[:4]] + [task[field] for field in TASK_FIELDS]
               for run in results for task in run["tasks"]))


def public(run, seed):
    """What is written of a run as JSON: not the digests, which only serve to check that runs are alike; and of further
    seeds not what only plots of the first one show. tasks.csv has all tasks."""
    hidden = {"arrivals"} if run["seed"] == seed else {"arrivals", "timeline", "windows", "tasks"}
    return {key: value for key, value in run.items() if key not in hidden}


def results_json(about, results):
    runs = [public(run, about["seeds"][0]) for run in results]
    return json.dumps({"about": about, "runs": runs}, separators=(",", ":"))


def text_write(folder, name, text):
    with open(folder.file(name), "w", encoding="utf-8") as out:
        out.write(text)
