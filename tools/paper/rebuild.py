# SPDX-License-Identifier: BSD-2-Clause
"""The rows of another revision, measured: its files are built in a folder of their own, and its own ./tools/bench.py runs.

What was measured once is kept in build/compare/COMMIT.tsv: the same files give the same rows.
"""

import os
import shutil
import subprocess
import tempfile

import run
from baseline import BaselineError, baseline_parse
from experiments import ROOT

KEPT = os.path.join(ROOT, "build", "compare")


def must(command, complaint, folder=ROOT, **more):
    result = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **more)
    if result.returncode != 0:
        end = (result.stderr or result.stdout).strip().splitlines()[-1:]
        raise BaselineError(complaint + (f" ({end[0]})." if end else "."))
    return result.stdout


def files_take(commit, folder):
    """All files of a commit."""
    archive = os.path.join(folder, "files.tar")
    must(["git", "archive", "--output", archive, commit], f"git can't give out the files of {commit}")
    must(["tar", "-xf", archive, "-C", folder], "they can't be unpacked")
    os.unlink(archive)
    fetched = os.path.join(ROOT, "build", "fetch")
    os.makedirs(os.path.join(folder, "build"))
    if os.path.isdir(fetched):  # what is built depends on the sources in it
        os.symlink(fetched, os.path.join(folder, "build", "fetch"))


def rows_measure(folder, groups, qemu):
    rows = {}
    for group in groups:
        result = subprocess.run([os.path.join(folder, "tools", "bench.py"), "--qemu", qemu, group], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, check=False)
        if result.returncode == 2:
            run.say(f"it has no group {group}.")
        elif result.returncode != 0:
            raise BaselineError(f"its group {group} failed ({result.stderr.strip().splitlines()[-1:]}).")
        else:
            rows |= baseline_parse(result.stdout)
    return rows


def rows_of_revision(revision, groups, options):
    commit = must(["git", "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"],
                  f"This repository has no revision {revision}").strip()
    kept = os.path.join(KEPT, f"{commit}.{'-'.join(groups)}.tsv")
    if os.path.exists(kept):
        with open(kept, encoding="utf-8") as file:
            return baseline_parse(file.read())
    os.makedirs(KEPT, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="build-", dir=KEPT)
    try:
        run.say(f"building {revision}, which takes a minute or two")
        files_take(commit, folder)
        must(["cmake", "--preset", "rivet"], f"{revision} can't be configured", folder)
        must(["cmake", "--build", "--preset", "rivet"], f"{revision} can't be built", folder)
        run.say(f"measuring {revision}")
        rows = rows_measure(folder, groups, options.qemu)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    with open(kept + ".new", "w", encoding="utf-8") as out:
        out.write("".join(f"{name}\t{value}\n" for name, value in rows.items()))
    os.replace(kept + ".new", kept)
    return rows
