#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The exercises' checks, checked: each fails on the file that students begin with, passes on a solution, and fails on
solutions that are plausible and wrong.

    checks_test.py --build build/rivet [NAME...]

    docs/exercises/NN_NAME/start.c       unsolved, by the check's own words: it neither crashes nor runs into the limit
    test/exercises/NN_NAME.c             solved
    test/exercises/wrong.txt             bugs in the solutions: not solved, with the verdict and the words that are there

They run in few boots. And docs/exercises.md has a chapter for each, by its title.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[1:1] = [os.path.join(ROOT, folder) for folder in ("tools/exercise", "tools", "test/host/sched")]

import build  # noqa: E402
import catalogue  # noqa: E402
import checks  # noqa: E402
import planted  # noqa: E402


def jobs_find(known, work):
    """[(job, the verdict it has to have, REGEX of what the check has to say)]"""
    found = []
    for exercise in known.values():
        solution = os.path.join(HERE, f"{exercise.id}_{exercise.name}.c")
        found.append((checks.Job(f"{exercise.id}.start", exercise, exercise.start), "unsolved", "  NO  "))
        found.append((checks.Job(f"{exercise.id}.solution", exercise, solution), "solved", "  yes  "))
    for plant in planted.plants_read(pathlib.Path(HERE, "wrong.txt")):
        exercise, says = known[int(plant.file[:2])], plant.what[-1].removeprefix("says: ")
        name = f"{exercise.id}.{plant.program}"
        job, solution = checks.Job(name, exercise, os.path.join(work, f"{name}.c")), pathlib.Path(HERE, plant.file)
        pathlib.Path(job.source).write_text(plant.apply(solution.read_text(encoding="utf-8")), encoding="utf-8")
        found.append((job, plant.test, says))
    return found


def complaint_of(outcome, verdict, says):
    """What is wrong with what a check said, or None."""
    if outcome.verdict != verdict:
        return f"{outcome.verdict}, not {verdict}"
    return None if re.search(says, "\n".join(outcome.lines), re.S) else f"it does not say '{says}'"


def chapters_missing(known):
    """The exercises without a chapter of their title."""
    with open(os.path.join(ROOT, "docs", "exercises.md"), encoding="utf-8") as file:
        headings = re.findall(r"^## (.+)$", file.read(), re.M)
    titles = [f"{exercise.number}. {exercise.title[0].upper()}{exercise.title[1:]}" for exercise in known.values()]
    return [title for title in titles if title not in headings]


def boots(jobs):
    """The jobs of each boot: those that boot in the same way, so many at a time."""
    for boot in checks.BOOT:
        here = [job for job in jobs if job.exercise.boot == boot]
        for first in range(0, len(here), checks.JOBS_MOST):
            yield boot, here[first : first + checks.JOBS_MOST]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, help="Rivet's build tree")
    parser.add_argument("names", nargs="*", help="only these, such as 03.start")
    options = parser.parse_args()
    known = catalogue.exercises_read()
    failed = [f"docs/exercises.md has no '{title}'" for title in chapters_missing(known)]
    with tempfile.TemporaryDirectory(prefix="rivet-exercises-") as work:
        wanted = {job: rest for job, *rest in jobs_find(known, work)
                  if not options.names or job.name in options.names}
        builder = build.Builder(options.build, work, names=False)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            built = dict(zip(wanted, pool.map(lambda job: builder.programs(job.name, job.exercise, job.source), wanted)))
        for boot, jobs in boots(list(wanted)):
            bundle = builder.bundle({name: path for job in jobs for name, path in built[job][0].items()})
            for job, outcome in zip(jobs, checks.run(options.build, bundle, jobs, boot)):
                complaint = complaint_of(outcome, *wanted[job])
                failed += [job.name] if complaint else []
                print(f"--- {job.name}: {outcome.verdict}" + (f"  WRONG: {complaint}" if complaint else ""))
                print("\n".join(outcome.lines))
    for job, (_, said) in built.items():
        if said and job.name.endswith((".start", ".solution")):
            print(f"{job.name}: the compiler warns\n{said}")
            failed.append(job.name)
    if failed or not wanted:
        sys.exit(f"FAILED: {', '.join(failed) or 'there are none'}")


if __name__ == "__main__":
    main()
