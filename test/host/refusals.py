#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fails unless every sentence that a file of the first folder returns also stands in a test of the second."""
import pathlib
import re
import sys

sources, tests = (pathlib.Path(argument) for argument in sys.argv[1:3])

sentences = {}
for path in sorted(sources.glob("*.c")):
    if not path.name.startswith(("fdt", "machine", "bus")):
        continue
    for sentence in re.findall(r'(?:return|NULL [:]) "([^"]+ [^"]+)";', path.read_text()):
        sentences.setdefault(sentence, path.name)

files = [*tests.glob("fdt_test.c"), *tests.glob("machine_bad_test.c"), *tests.glob("dts/bad/*.dts")]
tested = "\n".join(path.read_text() for path in files)
missing = [(name, sentence) for sentence, name in sentences.items() if sentence not in tested]

for name, sentence in missing:
    print(f"{name}: no test provokes: {sentence}")
print(f"{len(sentences)} refusals, {len(missing)} without a test")
sys.exit(1 if missing or len(sentences) < 40 else 0)
