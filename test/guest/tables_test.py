#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The programs that print tables of memory policies: what their figures must be to each other, whatever they are.

    tables_test.py --build build/rivet --harts 1
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))

from guest import ERR, OUT, Guest  # noqa: E402 (its folder is known only now)

LIMIT_SECONDS = 100


def run(options, *app):
    """(status, lines of the output as lists of words, the error output)"""
    with Guest(options.build, harts=options.harts, app=list(app)) as guest:
        status = guest.wait(LIMIT_SECONDS)
        return status, [line.split() for line in guest.text[OUT].decode().splitlines()], guest.text[ERR].decode()


def expect(truth, what):
    if not truth:
        sys.exit(f"FAILED: {what}")


def workingset(options):
    status, lines, said = run(options, "workingset")
    expect(status == 0 and not said, f"workingset ended with {status} and said {said!r}")
    pages, frames, touches = (int(lines[0][i]) for i in (0, 2, 4))
    rows = {(line[0], line[1]): [int(word) for word in line[2:]] for line in lines[2:]}
    patterns = sorted({pattern for pattern, _ in rows})
    policies = sorted({policy for _, policy in rows})
    expect(patterns == ["cyclic", "hotcold", "random", "stages"], f"there are the patterns {patterns}")
    expect({"clock", "fifo", "lru", "mru", "told"} <= set(policies), f"there are the policies {policies}")
    expect(len(rows) == len(patterns) * len(policies), "each pattern runs under each policy")
    for key, (faults, written, *_) in rows.items():
        # Every page is touched at least once but for the coldest, and nobody can fault more often than it touches.
        expect(pages * 0.9 <= faults <= touches, f"{key} has {faults} faults")
        expect(written <= faults, f"{key} wrote {written} pages of {faults}")
    faults = {key: row[0] for key, row in rows.items()}

    for policy in ("fifo", "lru", "clock"):
        expect(faults["cyclic", policy] == touches, f"a cyclic scan never hits with {policy}")
    expect(faults["cyclic", "mru"] < 0.8 * faults["cyclic", "lru"], "mru is better than lru in a cyclic scan")
    # Each round can at best keep frames - 1 pages from the one before.
    best = touches * (pages - frames) / (pages - 1)
    expect(best <= faults["cyclic", "told"] <= 1.1 * best, "with the truth a cyclic scan faults as seldom as can be")
    for policy in policies:
        expect(abs(faults["random", policy] / touches - (pages - frames) / pages) < 0.05,
               f"nothing helps against chance, but {policy} has {faults['random', policy]} faults")
        expect(faults["hotcold", "told"] <= faults["hotcold", policy], f"told is as good as {policy} on hot and cold")
        expect(faults["stages", "told"] <= faults["stages", policy], f"told is as good as {policy} on stages")
    for policy in ("clock", "lru"):
        expect(faults["hotcold", policy] < 0.8 * faults["hotcold", "fifo"], f"{policy} keeps hot pages, fifo does not")

    status, lines, _ = run(options, "workingset", "cyclic", "mru")
    expect(status == 0 and len(lines) == 3 and int(lines[2][2]) == faults["cyclic", "mru"], "one row is that row")
    for arguments, sentence in ((["sideways"], "there is no pattern 'sideways'"),
                                (["cyclic", "oldest"], "there is no policy 'oldest'"),
                                (["cyclic", "mru", "x"], "nothing more")):
        status, lines, said = run(options, "workingset", *arguments)
        expect(status == 2 and not lines and sentence in said and said.count("\n") == 1,
               f"workingset {arguments} ended with {status} and said {said!r}")


def collector(options):
    status, lines, said = run(options, "collector")
    expect(status == 0 and not said, f"collector ended with {status} and said {said!r}")
    rows = {line[0]: dict(zip(("total", "collecting", "pause", "collections", "looked", "traps", "alive", "sum"),
                              map(int, line[1:]))) for line in lines[1:]}
    expect(list(rows) == ["cards", "dirty", "traps"], f"the rows are {list(rows)}")
    cards = rows["cards"]
    for way, row in rows.items():
        expect((row["alive"], row["sum"]) == (cards["alive"], cards["sum"]), f"{way} finds other objects than cards")
        # They see the same pages written, because the program writes the same objects at the same places.
        expect((row["collections"], row["looked"]) == (cards["collections"], cards["looked"]), f"{way} sees others")
        expect(0 < row["pause"] <= row["collecting"] < row["total"], f"the instructions of {way} do not add up")
    expect(cards["collections"] > 3 and cards["looked"] > cards["collections"] and cards["alive"] > 1000, "too little")
    expect(rows["traps"]["traps"] >= rows["traps"]["looked"] and rows["dirty"]["traps"] == cards["traps"] == 0,
           "only traps traps, and at least once for each page that it looks at again")
    status, lines, said = run(options, "collector", "none")
    expect(status == 1 and "an object was lost" in said, "a collector that is told nothing is found out")
    status, lines, said = run(options, "collector", "fast")
    expect(status == 2 and not lines and said.count("\n") == 1, f"collector fast said {said!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True, help="where the kernel and the programs were built")
    parser.add_argument("--harts", type=int, default=1)
    options = parser.parse_args()
    workingset(options)
    collector(options)
    print("every figure stands as it must to the others")


if __name__ == "__main__":
    main()
