# SPDX-License-Identifier: BSD-2-Clause
"""What Linux needs for the same: as `./rivet bench --linux` measured it here and left it beside the report, or as it was measured
when somebody last looked (bench/linux.tsv)."""

import os
import re
from dataclasses import dataclass

from experiments import ROOT

FILE = os.path.join(ROOT, "build", "bench", "linux.tsv")
KEPT = os.path.join(ROOT, "bench", "linux.tsv")
PROGRAMS = os.path.join(ROOT, "bench", "linux")
HEAD = ["operation", "stock", "lean"]


@dataclass
class Linux:
    stock: str  # as Debian ships it
    lean: str   # with everything off that can be
    source: str

    def __iter__(self):
        return iter((self.stock, self.lean))


def sources_find():
    """Operation to the program that measures it."""
    found = {}
    for name in sorted(os.listdir(PROGRAMS)) if os.path.isdir(PROGRAMS) else ():
        if name.endswith(".c"):
            with open(os.path.join(PROGRAMS, name), encoding="utf-8") as file:
                found |= dict.fromkeys(re.findall(r'"([a-z][a-z0-9_]*)"', file.read()), f"bench/linux/{name}")
    return found


def linux_read(path=None):
    """Row to Linux; nothing where it was not measured."""
    path = path or (FILE if os.path.exists(FILE) else KEPT)
    if not os.path.exists(path):
        return {}
    sources = sources_find()
    with open(path, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    if not rows or rows[0] != HEAD:
        return {}
    return {name: Linux(stock, lean, sources.get(name, "bench/linux")) for name, stock, lean in rows[1:]}
