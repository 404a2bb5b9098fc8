#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fails unless every sentence with which one of the sources refuses something also stands in one of the tests.

    refusals.py --least 40 --sources FILE... --tests FILE...

`--least`: how many sentences there are at least, so that a source that is written otherwise is noticed.
"""
import argparse
import pathlib
import re
import sys

REFUSAL = re.compile(r'(?:return|NULL :|corrupt\(why,|\*why =|error =|(?:reader_expected|reader_refuse|value_read|names?_read)\([^";]*,)\s+'
                     r'"([^"]+ [^"]+)"')

parser = argparse.ArgumentParser()
parser.add_argument("--least", type=int, required=True)
parser.add_argument("--sources", nargs="+", type=pathlib.Path, required=True)
parser.add_argument("--tests", nargs="+", type=pathlib.Path, required=True)
options = parser.parse_args()

sentences = {}
for path in options.sources:
    for sentence in REFUSAL.findall(path.read_text()):
        sentences.setdefault(sentence, path.name)
tested = "\n".join(path.read_text() for path in options.tests)
missing = [(name, sentence) for sentence, name in sentences.items() if sentence not in tested]

for name, sentence in missing:
    print(f"{name}: no test provokes: {sentence}")
print(f"{len(sentences)} refusals, {len(missing)} without a test")
sys.exit(1 if missing or len(sentences) < options.least else 0)
