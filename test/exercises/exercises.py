#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The exercises' checks, checked: each fails on the file that students begin with, passes on a solution, and fails on
solutions that are plausible and wrong.

    exercises.py --build build/rivet [NAME...]

    docs/exercises/NN_NAME/start.c       unsolved, by the check's own words: it neither crashes nor runs into the limit
    test/exercises/NN_NAME.c             solved
    test/exercises/wrong/NN_WHAT.c       not solved; its second line ends in `Fails: REGEX`, which is in what the check says

All of them run in as few boots as there are ways to boot. And docs/exercises.md has a chapter for each, by its title.
"""

import argparse
import concurrent.futures
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[1:1] = [os.path.join(ROOT, "tools", "exercise"), os.path.join(ROOT, "tools")]

import build  # noqa: E402
import catalogue  # noqa: E402
import checks  # noqa: E402


def jobs_find(known):
    for exercise in known.values():
        yield checks.Job(f"{exercise.id}.start", exercise, exercise.start)
        yield checks.Job(f"{exercise.id}.solution", exercise, os.path.join(HERE, f"{exercise.id}_{exercise.name}.c"))
    for name in sorted(os.listdir(os.path.join(HERE, "wrong"))):
        exercise = known[int(name[:2])]
        yield checks.Job(f"{exercise.id}.{name[3:-2]}", exercise, os.path.join(HERE, "wrong", name))


def complaint_of(job, outcome):
    """What is wrong with what a check said, or None."""
    what, said = job.name[3:], "\n".join(outcome.lines)
    wanted = {"start": "unsolved", "solution": "solved"}.get(what)
    if wanted:
        return None if outcome.verdict == wanted else f"{outcome.verdict}, not {wanted}"
    with open(job.source, encoding="utf-8") as file:
        fails = re.search(r"Fails: (.+)", file.read().splitlines()[1])[1]
    if outcome.verdict == "solved":
        return "solved"
    return None if re.search(fails, f"{said}\n{outcome.verdict}", re.S) else f"it does not say '{fails}'"


def chapters_missing(known):
    """The exercises without a chapter of their title."""
    with open(os.path.join(ROOT, "docs", "exercises.md"), encoding="utf-8") as file:
        headings = re.findall(r"^## (.+)$", file.read(), re.M)
    titles = {exercise: f"{exercise.number}. {exercise.title[0].upper()}{exercise.title[1:]}" for exercise in known.values()}
    return [title for title in titles.values() if title not in headings]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, help="Rivet's build tree")
    parser.add_argument("names", nargs="*", help="only these, such as 03.start")
    options = parser.parse_args()
    known = catalogue.exercises_read()
    jobs = [job for job in jobs_find(known) if not options.names or job.name in options.names]
    failed = [f"docs/exercises.md has no '{title}'" for title in chapters_missing(known)]
    with tempfile.TemporaryDirectory(prefix="rivet-exercises-") as work:
        builder = build.Builder(options.build, work)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            built = list(pool.map(lambda job: builder.programs(job.name, job.exercise, job.source), jobs))
        for boot in checks.BOOT:
            here = [(job, programs) for job, (programs, _) in zip(jobs, built) if job.exercise.boot == boot]
            bundle = builder.bundle({name: path for _, programs in here for name, path in programs.items()})
            outcomes = checks.run(options.build, bundle, [job for job, _ in here], boot) if here else {}
            for job, _ in here:
                outcome = outcomes[job.name]
                complaint = complaint_of(job, outcome)
                failed += [job.name] if complaint else []
                print(f"--- {job.name}: {outcome.verdict}" + (f"  WRONG: {complaint}" if complaint else ""))
                print("\n".join(outcome.lines))
        for job, (_, said) in zip(jobs, built):
            if said and job.name.endswith((".start", ".solution")):
                print(f"{job.name}: the compiler warns\n{said}")
                failed.append(job.name)
    if failed or not jobs:
        sys.exit(f"FAILED: {', '.join(failed) or 'there are none'}")


if __name__ == "__main__":
    main()
