# SPDX-License-Identifier: BSD-2-Clause
"""The exercises, as docs/exercises/exercises.def lists them, and what is remembered of a student's work."""

import hashlib
import json
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, "docs", "exercises")
LINE = re.compile(r'^EXERCISE\((\d+), (\w+), (\w+), (\d+), (\w+), "([^"]+)"\)$', re.M)


class Exercise:
    def __init__(self, match):
        self.number, self.name, self.kind = int(match[1]), match[2], match[3]
        self.limit_ms, self.boot, self.title = int(match[4]), match[5], match[6]
        self.id = f"{self.number:02}"
        self.folder = os.path.join(FOLDER, f"{self.id}_{self.name}")
        self.start = os.path.join(self.folder, "start.c")


def exercises_read():
    """{number: Exercise}, in the order of the list."""
    with open(os.path.join(FOLDER, "exercises.def"), encoding="utf-8") as file:
        return {int(match[1]): Exercise(match) for match in LINE.finditer(file.read())}


def digest(path):
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None


class Memory:
    """For each exercise the file that was checked last, what it was then, and the verdict. A memory that can't be read
    is none, and one that can't be written is not kept: no check fails for it."""

    def __init__(self, path):
        self.path = path
        try:
            with open(path, encoding="utf-8") as file:
                known = json.load(file)
        except (OSError, ValueError):
            known = {}
        self.known = known if isinstance(known, dict) else {}

    def file_of(self, exercise):
        entry = self.known.get(exercise.name)
        return entry.get("file") if isinstance(entry, dict) else None

    def state(self, exercise):
        """What the list says about it."""
        path = self.file_of(exercise)
        if not path:
            return ""
        entry, now = self.known[exercise.name], digest(path)
        if now is None:
            return "its file is gone"
        if now == digest(exercise.start):
            return "begun"
        if now != entry.get("digest"):
            return "changed since it was checked"
        return "solved" if entry.get("solved") else "not solved yet"

    def note(self, exercise, path, solved):
        path = os.path.abspath(path)
        self.known[exercise.name] = {"file": path, "digest": digest(path), "solved": solved}
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            with open(self.path + ".new", "w", encoding="utf-8") as file:
                json.dump(self.known, file, indent=4)
            os.replace(self.path + ".new", self.path)
        except OSError:
            pass
