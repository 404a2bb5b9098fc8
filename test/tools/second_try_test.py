#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tools/test.py and a ctest that is a script: who gets a second try, and what is counted then."""

import os
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

# It fails a test as often as the file of its name says, the ninth time from the end by a panic, and knows four tests of
# which one is exact.
CTEST = '''#!/usr/bin/python3
import json, os, re, sys
HERE = os.path.dirname(os.path.abspath(__file__))
REALTIME = ["slow.h4", "slowXh4", "hello.h1"]
arguments = sys.argv[1:]
if "--show-only=json-v1" in arguments:
    print(json.dumps({"tests": [{"name": name} for name in REALTIME]}))
    sys.exit(0)
if arguments[arguments.index("--preset") + 1] == "host":
    sys.exit(0)
regex = arguments[arguments.index("-R") + 1] if "-R" in arguments else ""
cases, failed = [], False
for name in [*REALTIME, "exact.h1"]:
    if not re.search(regex, name):
        continue
    path = os.path.join(HERE, name)
    left = int(open(path).read()) if os.path.exists(path) else 0
    open(path, "w").write(str(max(left - 1, 0)))
    failed = failed or left > 0
    said = "rivet: panic: a lock is held twice" if left == 9 else "too slow"
    cases.append(f'<testcase name="{name}" status="{"fail" if left else "run"}"><system-out>{said}</system-out></testcase>')
open(arguments[arguments.index("--output-junit") + 1], "w").write("<testsuite>" + "".join(cases) + "</testsuite>")
sys.exit(8 if failed else 0)
'''


class SecondTry(unittest.TestCase):
    def run_with(self, **failures):
        """The closing lines and the exit status when tests fail so often at first."""
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, "tools"))
            os.makedirs(os.path.join(folder, "build", "rivet"))
            os.makedirs(os.path.join(folder, "build", "host"))
            script = os.path.join(folder, "ctest")
            with open(script, "w", encoding="utf-8") as file:
                file.write(CTEST)
            os.chmod(script, stat.S_IRWXU)
            with open(os.path.join(ROOT, "tools", "test.py"), encoding="utf-8") as file:
                text = file.read()
            copy = os.path.join(folder, "tools", "test.py")
            with open(copy, "w", encoding="utf-8") as file:
                file.write(text)
            for name, count in failures.items():
                with open(os.path.join(folder, name.replace("_", ".")), "w", encoding="utf-8") as file:
                    file.write(str(count))
            environment = dict(os.environ, PATH=folder + os.pathsep + os.environ["PATH"])
            done = subprocess.run([sys.executable, copy], env=environment, capture_output=True, text=True, check=False)
            return done.stdout.splitlines(), done.returncode

    def test_all_pass(self):
        self.assertEqual(self.run_with(), (["4 passed, 0 failed, 0 skipped"], 0))

    def test_the_hosts_pace_gets_a_second_try(self):
        lines, status = self.run_with(slow_h4=1)
        self.assertEqual(lines, ["passed at the second try only: slow.h4; the first one's output is above.",
                                 "4 passed, 0 failed, 0 skipped"])
        self.assertEqual(status, 0)

    def test_only_one(self):
        lines, status = self.run_with(slow_h4=2, hello_h1=1)
        self.assertEqual(lines[-1], "3 passed, 1 failed, 0 skipped")
        self.assertEqual(status, 1)

    def test_what_is_exact_gets_none(self):
        lines, status = self.run_with(exact_h1=1)
        self.assertEqual(lines, ["3 passed, 1 failed, 0 skipped"])
        self.assertEqual(status, 1)

    def test_a_panic_gets_none(self):
        lines, status = self.run_with(slow_h4=9)
        self.assertEqual(lines, ["3 passed, 1 failed, 0 skipped"])
        self.assertEqual(status, 1)

    def test_one_of_each(self):
        lines, status = self.run_with(slow_h4=1, exact_h1=1)
        self.assertEqual(lines[-1], "3 passed, 1 failed, 0 skipped")
        self.assertEqual(status, 1)


if __name__ == "__main__":
    unittest.main()
