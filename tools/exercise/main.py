#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""./rivet exercise: lists the exercises of docs/exercises.md, begins one, and says whether a file solves it.

The exit status is 0 when it is solved, 1 when it is not, 2 when the words are wrong.
"""

import os
import shutil
import sys
import tempfile

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import build  # noqa: E402
import catalogue  # noqa: E402
import checks  # noqa: E402
import run  # noqa: E402
from guest import GuestError, qemu_check  # noqa: E402

EXIT_UNSOLVED = 1
EXIT_WRONG = 2


def options_parse(arguments):
    parser = run.Parser(prog="exercise", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--build", default=os.path.join(catalogue.ROOT, "build", "rivet"), metavar="DIR",
                        help="where Rivet was built")
    parser.add_argument("--memory", default=os.path.join(catalogue.ROOT, "build", "exercise", "state.json"),
                        metavar="FILE", help="where it is kept what was solved")
    parser.add_argument("--check", action="store_true", help="only say whether these arguments are right")
    parser.add_argument("--begin", action="store_true", help="copy the exercise's beginning to FILE")
    parser.add_argument("number", nargs="?", metavar="N", help="which exercise; none: list them")
    parser.add_argument("file", nargs="?", metavar="FILE", help="yours; none: the one of last time")
    return parser, parser.parse_intermixed_args(arguments)


def wrong(sentence):
    run.say(sentence)
    sys.exit(EXIT_WRONG)


def exercise_choose(options, known):
    """The exercise that the words name; its file stands in options.file afterwards."""
    if not options.number.isascii() or not options.number.isdigit() or int(options.number) not in known:
        wrong(f"there is no exercise '{options.number}'; there are 1 to {max(known)}.")
    return known[int(options.number)]


def file_choose(options, exercise, memory):
    options.file = options.file or (f"{exercise.name}.c" if options.begin else memory.file_of(exercise))
    if options.file and not options.file.endswith(".c"):
        wrong(f"an exercise is a file of C, whose name ends in .c, not {options.file}.")
    if options.begin:
        if os.path.lexists(options.file):
            wrong(f"{options.file} is there already, and stays as it is.")
        if not os.path.isdir(os.path.dirname(os.path.abspath(options.file))):
            wrong(f"there is no folder for {options.file}.")
    elif not options.file:
        wrong(f"exercise {exercise.number} was not begun: ./rivet exercise {exercise.number} --begin {exercise.name}.c")
    elif not os.path.isfile(options.file):
        wrong(f"there is no file {options.file}; ./rivet exercise {exercise.number} --begin FILE makes one.")


def listing(known, memory):
    for exercise in known.values():
        state, path = memory.state(exercise), memory.file_of(exercise)
        line = f"{exercise.number:3}  {exercise.name:11}{exercise.title:53}"
        print(line + f"{state}: {os.path.relpath(path)}" if path else line.rstrip())
    print("The texts: docs/exercises.md. ./rivet exercise N --begin FILE begins one, ./rivet exercise N FILE checks it.")


def begin(options, exercise, memory):
    shutil.copyfile(exercise.start, options.file)
    memory.note(exercise, options.file, False)
    print(f"{options.file} is yours. The text: docs/exercises.md, exercise {exercise.number}. "
          f"When its gaps are filled: ./rivet exercise {exercise.number} {options.file}")
    return 0


def solve(options, exercise, memory):
    """Builds, boots, and shows what the check says."""
    qemu_check()
    print(f"Exercise {exercise.number}, {exercise.name}: {exercise.title}", flush=True)
    job, shown = checks.Job(f"{exercise.id}.yours", exercise, options.file), os.path.relpath(options.file)
    with tempfile.TemporaryDirectory(prefix="rivet-exercise-") as work:
        builder = build.Builder(options.build, work)
        try:
            programs, said = builder.programs(job.name, exercise, os.path.abspath(options.file))
        except build.NotCompiled as mistake:
            sys.stderr.write(str(mistake))
            memory.note(exercise, options.file, False)
            print(f"{shown} does not compile and link (see above).")
            return EXIT_UNSOLVED
        sys.stderr.write(said)
        outcome = checks.run(options.build, builder.bundle(programs), [job], exercise.boot)[0]
    for line in outcome.lines:
        print(line)
    solved, sentence = checks.sentence(exercise, outcome, shown)
    print(sentence)
    memory.note(exercise, options.file, solved)
    return 0 if solved else EXIT_UNSOLVED


def main(arguments):
    known = catalogue.exercises_read()
    parser, options = options_parse(arguments)
    memory = catalogue.Memory(options.memory)
    if options.number is None:
        if options.begin:
            parser.error("--begin wants the number of an exercise.")
        if not options.check:
            listing(known, memory)
        return 0
    exercise = exercise_choose(options, known)
    file_choose(options, exercise, memory)
    if options.check:
        print("" if options.begin else "build")
        return 0
    run.signals_end_us()
    try:
        return begin(options, exercise, memory) if options.begin else solve(options, exercise, memory)
    except (build.BuildError, GuestError) as error:
        run.say(error)
    except OSError as error:
        run.say(f"{error.filename or 'the output'} can't be read or written ({error.strerror}).")
    return EXIT_UNSOLVED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
