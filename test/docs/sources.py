#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every source file says its licence, and no file names a place that only one machine has: a folder of somebody's, or the
host of a package registry."""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LICENCE = "SPDX-License-Identifier: BSD-2-Clause"
LICENCE_LINES = 3  # it stands in one of the first lines; behind a #!, for instance
SOURCES = (".c", ".h", ".S", ".def", ".ld", ".py", ".cmake", ".dts", ".dtsi", ".sh", "CMakeLists.txt", ".clang-format")
SKIPPED = {"build", ".git", "__pycache__"}

PLACES = {
    "a folder of one machine": re.compile(r"(?<![\w.$}~-])/(?:work|root|home/\w+|tmp/\w+)(?![\w-])"),
    "the host of a registry": re.compile(
        r"\b(?:[a-z0-9-]+\.)*(?:pypi|pythonhosted|npmjs|crates|golang|rubygems|docker|ghcr|quay|maven|debian|ubuntu)"
        r"\.(?:org|io|com|net)\b|\b(?:mirrors?|registry|artifactory|nexus)\.[a-z0-9-]+\.[a-z]+"),
}


def files_listed():
    """What git would commit; without git, what lies here."""
    listing = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if listing.returncode == 0 and listing.stdout:
        return sorted({name.decode() for name in listing.stdout.split(b"\0") if name})
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIPPED]
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in files]
    return sorted(found)


def complaints(name):
    path = os.path.join(ROOT, name)
    if not os.path.isfile(path):
        return  # removed, and git was not told yet
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    is_source = name.endswith(SOURCES) or text.startswith("#!")
    if is_source and not any(LICENCE in line for line in text.splitlines()[:LICENCE_LINES]):
        yield f"{name}: none of its first {LICENCE_LINES} lines says {LICENCE}"
    for what, pattern in PLACES.items():
        for number, line in enumerate(text.splitlines(), 1):
            if match := pattern.search(line):
                yield f"{name}:{number}: it names {what}: {match[0]}"


def main():
    names = files_listed()
    found = [complaint for name in names for complaint in complaints(name)]
    for complaint in found:
        print(complaint)
    if found or not names:
        sys.exit(f"{len(found)} complaints about {len(names)} files")
    print(f"{len(names)} files")


if __name__ == "__main__":
    main()
