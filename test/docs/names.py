#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The documentation names only what exists: links lead somewhere, `folder/file` is there, `some_function` stands in a
source file, `ERR_SOMETHING` in a list. Code blocks are not looked at (recipes.py tries those of adding.md), and what a
page's own blocks and recipes make may be named on it."""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import abi_doc  # noqa: E402

FOLDERS = ("kernel", "libos", "apps", "bench", "test", "tools", "docs", "cmake", "sbi")
SOURCES = (".c", ".h", ".S", ".def", ".ld", ".py", ".cmake", ".txt", ".json", ".tsv", "rivet")
BLOCK = re.compile(r"^```.*?^```$", re.M | re.S)
MADE = re.compile(r"^New file `([^`]+)`", re.M)  # by a recipe of this page
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*")
NAME = re.compile(r"(?:\w+_\w+)(?:\(\))?")
PLACEHOLDER = re.compile(r"\b[A-Z]+\b(?!\.)")  # kernel/ROOM/, test/guest/NAME_test.c


def pages():
    yield "README.md"
    for folder, _, files in os.walk(os.path.join(ROOT, "docs")):
        for name in sorted(files):
            if name.endswith(".md"):
                yield os.path.relpath(os.path.join(folder, name), ROOT)


def words_read():
    """Every word of the sources, and what the lists expand to."""
    words = set()
    for top in (*FOLDERS, "rivet"):
        for folder, _, files in os.walk(os.path.join(ROOT, top)) if os.path.isdir(os.path.join(ROOT, top)) else [(ROOT, [], [top])]:
            for name in files:
                if name.endswith(SOURCES):
                    with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                        words.update(re.findall(r"\w+", file.read()))
    words.update(f"{call['room']}_{call['verb']}" for call in abi_doc.calls_read())
    words.update(f"sys_{call['room']}_{call['verb']}" for call in abi_doc.calls_read())
    for prefix, (name, macro) in {"ERR_": ("error.def", "ERROR"), "EVENT_": ("event.def", "EVENT"),
                                  "SAVE_": ("regs.def", "SAVE"), "": ("regs.def", "SAVE"),
                                  "R_": ("regs.def", "RECORD")}.items():
        words.update(prefix + row[1] for row in abi_doc.list_read(name, macro))
    return words


def complaints(page, text, words):
    made = set(MADE.findall(text)) | {word for block in BLOCK.findall(text) for word in re.findall(r"\w+", block)}
    text = BLOCK.sub("", text)
    text = re.sub(r"^    .*$", "", text, flags=re.M)
    for target in LINK.findall(text):
        if not target.startswith(("http:", "https:")) and not os.path.exists(
                os.path.join(ROOT, os.path.dirname(page), target)):
            yield f"{page}: the link to {target} leads nowhere"
    for code in CODE.findall(text):
        if PATH.fullmatch(code):
            if code not in made and not PLACEHOLDER.search(code) and not os.path.exists(os.path.join(ROOT, code)):
                yield f"{page}: there is no {code}"
        elif NAME.fullmatch(code) and not PLACEHOLDER.fullmatch(code):
            if code.removesuffix("()") not in words | made:
                yield f"{page}: no source says {code}"


def main():
    words, found, count = words_read(), [], 0
    for page in pages():
        count += 1
        with open(os.path.join(ROOT, page), encoding="utf-8") as file:
            found += complaints(page, file.read(), words)
    for complaint in found:
        print(complaint)
    if found:
        sys.exit(f"{len(found)} names that do not exist, on {count} pages")
    print(f"{count} pages")


if __name__ == "__main__":
    main()
