#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plants one bug per room into a copy of its source, builds the storm with it, requires that the storm finds it.

    planted.py KERNEL COMPILE_COMMANDS BUILD LINKER-COMMAND... -- OBJECT...     of the storm itself
"""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

SECONDS = 300  # for one storm
MACHINES = 600  # as many as a storm with a bug may need
NESTED = ("donate", "plain")  # what is planted there shows in a storm of donations

# room, file, what stands there, what stands there instead: with each, something is forgotten
PLANTS = [
    ("page", "page/one.c", "    page_wipe(page);\n", "    ;\n"),
    ("cap", "cap/cap.c",
     "(rights & ~(word_t)cap->rights)) return refuse(ERR_PERM);\n    if (cap_is_alive(&self->caps[to]))",
     "false) return refuse(ERR_PERM);\n    if (cap_is_alive(&self->caps[to]))"),
    ("env", "env/env.c", "        slice_disown(env, heir);\n", ""),
    ("space", "space/shootdown.c", "& SPACE_HARTS & ~(1ul << hart_self()->index);\n}\n\nvoid space_flush",
     "& 0;\n}\n\nvoid space_flush"),
    ("slice", "slice/slice.c", "    hw_satp(space_kernel_satp); // first", "    // first"),
    ("pct", "pct/pct.c", "    __atomic_store_n(&caller->claim, CLAIM_AWAY, __ATOMIC_RELEASE);", "    __atomic_store_n(&caller->claim, CLAIM_STOPPED, __ATOMIC_RELEASE);"),
    ("env", "env/env.c", "env_is_stopped(env) || pct_is_detached(env)", "true"),
    ("pte", "pte/break.c", "    if (lost) {\n", "    if (lost && false) {\n"),
    ("pte", "pte/pte.c", "        if (run_hide(place.slot, count))\n            space_flush(space, address, count);\n",
     "        run_hide(place.slot, count);\n"),
    ("stlb", "stlb/stlb.c",
     "    if (leaf_drop(entry)) // until it is flushed, another hart may write to the page for the first time\n"
     "        space_flush(space, entry->vpn << PAGE_SHIFT, 1);\n",
     "    leaf_drop(entry);\n"),
    ("slice", "slice/slice.c", "    to->slice_harts |= 1u << hart;\n", ""),
    ("pct", "pct/pct.c", "    __atomic_store_n(&callee->caller, env_boundary(env), __ATOMIC_RELEASE);\n", ""),
    ("revoke", "revoke/revoke.c", "        owner->guaranteed += weight;\n", "        ;\n"),
    ("board", "env/env.c", "    rouse(env);\n    if (board_concerns(env))\n        board_wake(env);\n", "    rouse(env);\n"),
    ("board", "board/board.c", "    const struct board_entry *entry = entry_wake(head, ~0ul);\n    if (entry", "    const struct board_entry *entry = NULL;\n    if (entry"),
    ("board", "env/env.c", "        if (board_disband(env))\n            env->board = 0;", "        env->board = 0;"),
    ("donate", "slice/donate.c", "    return until < own ? until : own;", "    (void)own;\n    return until;"),
    ("donate", "slice/donate.c", "    __atomic_store_n(&self->hart, hart->boundary, __ATOMIC_SEQ_CST); // its", "    // its"),
    ("plain", "slice/plain.c", " && env->hart == hart->boundary && env->flags == 0", " && env->flags == 0"),
    ("plain", "slice/plain.c", "    return donor != 0 ? done(donor) : env_told(env, events);", "    return done(donor);"),
    ("trace", "env/env.c", "        trace_leave(env);\n", ""),
    ("irq", "irq/irq.c", "        source_enable(source, false);\n", "        ;\n"),
]


def fail(text):
    print(f"planted: {text}")
    sys.exit(1)


def storm_build(kernel, commands, build, link, objects, name, before, after):
    """The storm with another version of one file; its path."""
    source = kernel / name
    text = source.read_text()
    if text.count(before) != 1:
        fail(f"{name} has changed: the bug has no place there any more")
    planted = build / name.replace("/", "_")
    planted.write_text(text.replace(before, after))

    entry = next(e for e in commands if e["file"] == str(source) and "/storm.dir/" in e["command"])
    command = shlex.split(entry["command"])
    old, new = command[command.index("-o") + 1], planted.with_suffix(".o")
    command = [str(planted) if part == str(source) else str(new) if part == old else part for part in command]
    subprocess.run(command + ["-I", str(source.parent), "-Wno-error"], cwd=entry["directory"], check=True)

    program = planted.with_suffix("")
    old = os.path.normpath(os.path.join(entry["directory"], old))
    objects = [str(new) if os.path.normpath(part) == old else part for part in objects]
    if str(new) not in objects:
        fail(f"the storm is not made of {name}")
    subprocess.run([*link, *objects, "-o", str(program)], check=True)
    return program


def main():
    cut = sys.argv.index("--")
    kernel, commands, build = (pathlib.Path(part) for part in sys.argv[1:4])
    link, objects = sys.argv[4:cut], sys.argv[cut + 1:]
    commands = json.loads(commands.read_text())
    build.mkdir(parents=True, exist_ok=True)
    missed = []
    for room, name, before, after in PLANTS:
        program = storm_build(kernel, commands, build, link, objects, name, before, after)
        nests = ["--nests"] if room in NESTED else []
        run = subprocess.run([program, "--seed", "1", "--machines", str(MACHINES), *nests], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=SECONDS, text=True)
        lines = [line for line in run.stdout.splitlines() if re.match(r"fake: |.*(ERROR|error): ", line)]
        if run.returncode == 0 or not lines:
            missed.append(room)
        print(f"{room}: {lines[0] if lines else 'nothing found'}", flush=True)
    if missed:
        fail(f"the storm does not find the bug in {', '.join(missed)}")


main()
