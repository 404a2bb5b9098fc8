#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""./rivet exercise as a student types it, without the front door's building: begun, checked, not solved, changed,
solved."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MAIN = os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools", "exercise", "main.py")
NUMBER, NAME = "2", "emulate"


class Student:
    def __init__(self, build, folder):
        self.build, self.folder = build, folder

    def types(self, *words, status, says):
        """Runs the command and compares its status and what it says on both outputs."""
        memory = os.path.join(self.folder, "state", "memory.json")
        result = subprocess.run([MAIN, "--build", self.build, "--memory", memory, *words],
                                cwd=self.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        said = result.stdout
        print("$ exercise", *words, f"-> {result.returncode}\n{said}")
        if result.returncode != status or not re.search(says, said, re.M | re.S):
            sys.exit(f"FAILED: status {status} and '{says}' were expected")

    def writes(self, text):
        with open(os.path.join(self.folder, "mine.c"), "w", encoding="utf-8") as file:
            file.write(text)

    def emulates(self, body):
        self.writes('#include "emulate.h"\n#include <stdlib.h>\n'
                    f"bool emulate(struct trap_frame *frame) {{ {body} }}\n")


def main():
    build = os.path.abspath(sys.argv[sys.argv.index("--build") + 1])
    with tempfile.TemporaryDirectory(prefix="rivet-student-") as folder:
        student = Student(build, folder)
        student.types(status=0, says=rf"^ +{NUMBER}  {NAME} +an instruction")
        student.types(NUMBER, status=2, says=r"was not begun")
        student.types(NUMBER, "--begin", "mine.c", status=0, says=r"mine\.c is yours")
        student.types(NUMBER, "--begin", "mine.c", status=2, says=r"is there already")
        student.types(status=0, says=r"begun: mine\.c")
        student.types(NUMBER, status=1, says=r"NO .*does not solve exercise 2: \d+ of \d+ checks failed\.$")
        student.writes("this is no C\n")
        student.types(status=0, says=r"changed since it was checked: mine\.c")
        student.types(NUMBER, status=1, says=r"mine\.c:1:.*error.*does not compile and link")
        student.emulates("exit(0);")
        student.types(NUMBER, status=1, says=r"ended with status 0 before the check was through")
        student.emulates("for (;;) continue;")
        student.types(NUMBER, status=1, says=r"not through after \d+ ms")
        student.emulates("return *(volatile char *)0;")
        student.types(NUMBER, status=1, says=r"page fault on a load.* emulate.*stopped by a crash")
        shutil.copyfile(os.path.join(HERE, "02_emulate.c"), os.path.join(folder, "mine.c"))
        student.types(NUMBER, "mine.c", status=0, says=r"mine\.c solves exercise 2\.$")
        student.types(status=0, says=r"solved: mine\.c")


if __name__ == "__main__":
    main()
