#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs ctest in both build trees and counts: the last line is `N passed, N failed, N skipped`.

With --machine M it is only the tests labelled guest (those of rivet_guest_test), and their guests are that
machine (RIVET_MACHINE).

The exit status is 0 only when something passed and nothing failed. ctest's own exit status counts too: it
knows of tests that could not be started.
"""

import os
import subprocess
import sys
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PRESETS = ("host", "rivet")
JOBS = 2
OUTCOMES = {"run": "passed", "fail": "failed", "notrun": "skipped", "disabled": "skipped"}


def ctest(preset, regex, report, label):
    """Runs the tests of one build tree, whose progress goes to the terminal; returns ctest's exit status."""
    command = ["ctest", "--preset", preset, "-j", str(JOBS), "--output-junit", report]
    if label:
        command += ["-L", label]
    if regex:
        command += ["-R", regex]
    return subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL).returncode


def count(report, counts):
    """Adds the outcomes in one report. A test that could not be started failed; it was not skipped."""
    if not os.path.exists(report):
        return
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        outcome = OUTCOMES.get(case.get("status"), "failed")
        reason = case.find("skipped")
        if outcome == "skipped" and reason is not None and "SKIP_" not in reason.get("message", "SKIP_"):
            outcome = "failed"
        counts[outcome] += 1


def main(arguments):
    machine = None
    if arguments[:1] == ["--machine"]:
        machine, arguments = arguments[1], arguments[2:]
        os.environ["RIVET_MACHINE"] = machine
    regex = arguments[0] if arguments else None
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    broken = False
    for preset in ("rivet",) if machine else PRESETS:
        report = os.path.join(ROOT, "build", preset, "junit.xml")
        if os.path.exists(report):
            os.remove(report)
        status = ctest(preset, regex, report, "^guest$" if machine else None)
        count(report, counts)
        broken = broken or status != 0
    if not any(counts.values()):
        sentence = f"no test's name matches '{regex}'." if regex else "there are no tests."
        print(f"rivet: {sentence}", file=sys.stderr)
    print(", ".join(f"{number} {outcome}" for outcome, number in counts.items()))
    return 1 if broken or counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # ctest and the guests were interrupted too
        sys.exit(130)
