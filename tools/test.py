#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs ctest in both build trees and counts: the last line is `N passed, N failed, N skipped`.

With --machine M it is only the tests labelled guest (those of rivet_guest_test), and their guests are that
machine (RIVET_MACHINE).

Tests labelled realtime run guests on the host's clock and processors, which a busy host takes away for as long as it
likes. Those of them that failed run a second time, one by one; what passes then counts as passed, and is named above
the last line. What fails twice failed. All others are the same at each run, and have one try; and no pace of a host
excuses a kernel that panicked or whose audit found a broken rule.

The exit status is 0 only when something passed and nothing failed. ctest's own exit status counts too: it
knows of tests that could not be started.
"""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PRESETS = ("host", "rivet")
JOBS = 2
INEXCUSABLE = re.compile(r"rivet: panic|the kernel panicked|audit: broken")
OUTCOMES = {"run": "passed", "fail": "failed", "notrun": "skipped", "disabled": "skipped"}


def ctest(preset, report, options):
    """Runs tests of one build tree, whose progress goes to the terminal; returns ctest's exit status."""
    if os.path.exists(report):
        os.remove(report)
    command = ["ctest", "--preset", preset, "--output-junit", report, *options]
    return subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL).returncode


def outcome_of(case):
    """A test that could not be started failed; it was not skipped."""
    outcome = OUTCOMES.get(case.get("status"), "failed")
    reason = case.find("skipped")
    if outcome == "skipped" and reason is not None and "SKIP_" not in reason.get("message", "SKIP_"):
        outcome = "failed"
    return outcome


def outcomes(report):
    """What came of each test in a report, by name; and the names of those that did what no host's pace excuses."""
    if not os.path.exists(report):
        return {}, set()
    cases = list(xml.etree.ElementTree.parse(report).getroot().iter("testcase"))
    return ({case.get("name"): outcome_of(case) for case in cases},
            {case.get("name") for case in cases if INEXCUSABLE.search(case.findtext("system-out") or "")})


def realtime_names(preset):
    command = ["ctest", "--preset", preset, "-L", "^realtime$", "--show-only=json-v1"]
    shown = subprocess.run(command, cwd=ROOT, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    return {test["name"] for test in json.loads(shown[shown.index("{"):])["tests"]}


def second_try(preset, failed, inexcusable):
    """Runs again, one by one, what may have failed by the host's pace; returns the names of those that passed."""
    names = sorted((failed - inexcusable) & realtime_names(preset)) if failed else []
    if not names:
        return []
    print(f"rivet: {len(names)} of the failed run on the host's clock: once more, alone.", file=sys.stderr)
    report = os.path.join(ROOT, "build", preset, "junit-second.xml")
    ctest(preset, report, ["-j", "1", "-R", "^(" + "|".join(map(re.escape, names)) + ")$"])
    return [name for name, outcome in outcomes(report)[0].items() if outcome == "passed"]


def preset_run(preset, options, counts):
    """All tests of one build tree into the counts; returns whether all is well, and who passed at the second try."""
    report = os.path.join(ROOT, "build", preset, "junit.xml")
    content = ctest(preset, report, ["-j", str(JOBS), *options]) == 0
    found, inexcusable = outcomes(report)
    failed = {name for name, outcome in found.items() if outcome == "failed"}
    late = second_try(preset, failed, inexcusable)
    for name, outcome in found.items():
        counts["passed" if name in late else outcome] += 1
    return content or (failed and failed == set(late)), late


def main(arguments):
    machine = None
    if arguments[:1] == ["--machine"]:
        machine, arguments = arguments[1], arguments[2:]
        os.environ["RIVET_MACHINE"] = machine
    regex = arguments[0] if arguments else None
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    options = (["-L", "^guest$"] if machine else []) + (["-R", regex] if regex else [])
    broken, late = False, []
    for preset in ("rivet",) if machine else PRESETS:
        content, passed_late = preset_run(preset, options, counts)
        broken = broken or not content
        late += passed_late
    if not any(counts.values()):
        sentence = f"no test's name matches '{regex}'." if regex else "there are no tests."
        print(f"rivet: {sentence}", file=sys.stderr)
    if late:
        print(f"passed at the second try only: {', '.join(late)}; the first one's output is above.")
    print(", ".join(f"{number} {outcome}" for outcome, number in counts.items()))
    return 1 if broken or counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # ctest and the guests were interrupted too
        sys.exit(130)
