#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plants one bug per room in a copy of the kernel and requires that the storm finds each.

    plant.py --build build/rivet [ROOM...]

A plant is a textual change of one source. The changed file alone is compiled, with the command that compiled
it for the kernel that checks its invariants, and linked with that kernel's other objects. A storm that ends
well has not found it.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OBJECTS = "kernel-audit.objects.dir"
KERNEL = "first/kernel-audit.elf"
CALLS = 120000
SECONDS = 60
EXIT_FAILED, EXIT_LOST = 1, 125  # the storm found it, or the kernel panicked
EXIT_TIMEOUT = 124

# room: (file, what it says once, what it says instead, in words). Each is a mistake that somebody could make.
PLANTS = {
    "page": ("page/page.c", "    frame->epoch++; // invariant (4)\n", "",
             "capabilities to a freed frame stay alive"),
    "cap": ("cap/cap.c", "    cap->gate = NOBODY_GATE;\n", "",
            "an emptied slot keeps its door"),
    "env": ("env/env.c", "    if (caps == record || caps == record + 1) ", "    if (caps == record) ",
            "the capability page may be the save area"),
    "space": ("space/space.c", "    asid_used[asid / 64] &= ~(1ul << asid % 64);\n",
              "    asid_used[asid / 64] = 0;\n",
              "giving an address-space number back gives others back, too"),
    "pte": ("pte/pte.c",
            "        if (*place.slot != 0)                         { error = ERR_BUSY; break; }\n", "",
            "a range is bound over what is there"),
    "stlb": ("stlb/stlb.c", "            entry->leaf = 0;\n", "",
             "an entry keeps the leaf of a table that was taken back"),
    "slice": ("slice/slice.c", "    to->slice_harts |= 1u << hart;\n", "",
              "who is given a slice is not known on its hart"),
    "pct": ("pct/pct.c",
            "    caller->callee = 0;\n    caller->call_deadline = 0;\n    caller->result_error = ERR_DEAD;\n",
            "    caller->call_deadline = 0;\n    caller->result_error = ERR_DEAD;\n",
            "the caller of one that died still waits for it"),
    "revoke": ("page/page.c", "    owner->guaranteed -= page_is_joined(frame) ? SUPER_PAGES : 1;\n", "    (void)owner;\n",
               "a guaranteed frame that changes hands still counts"),
    "irq": ("irq/irq.c",
            "    if (irqs[source].boundary != 0)                              return refuse(ERR_BUSY);\n", "",
            "a bound source is given away"),
}


class PlantError(Exception):
    """Something other than the storm failed; its text is one sentence."""


def plant_text(room):
    name, before, after, _ = PLANTS[room]
    with open(os.path.join(ROOT, "kernel", name), encoding="utf-8") as file:
        text = file.read()
    if text.count(before) != 1:
        raise PlantError(f"the plant of {room} does not fit kernel/{name} any more: give it another place.")
    return text.replace(before, after)


def compile_command(build, name):
    """How the build compiled this source for the kernel with RIVET_AUDIT: (arguments, directory)."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        for entry in json.load(file):
            if OBJECTS in entry["command"] and entry["file"].endswith("/kernel/" + name):
                return shlex.split(entry["command"]), entry["directory"]
    raise PlantError(f"the build in {build} has no command for kernel/{name}.")


def run(arguments, directory):
    result = subprocess.run(arguments, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            check=False)
    if result.returncode != 0:
        raise PlantError(f"'{arguments[0]}' failed: {result.stdout.decode(errors='replace')}")
    return result.stdout.decode()


def kernel_build(build, room):
    """A kernel with this room's plant; the path of its flat image."""
    name = PLANTS[room][0]
    folder = os.path.join(build, "plant", room)
    os.makedirs(folder, exist_ok=True)
    names = (os.path.basename(name), "plant.obj", "kernel.elf", "kernel.bin")
    source, object_, elf, image = (os.path.join(folder, last) for last in names)
    with open(source, "w", encoding="utf-8") as file:
        file.write(plant_text(room))

    command, directory = compile_command(build, name)
    command[command.index("-o") + 1] = object_
    command[command.index("-c") + 1] = source
    # Headers beside the source are found where it was.
    run([*command, "-iquote", os.path.join(ROOT, "kernel", os.path.dirname(name))], directory)

    link = run(["ninja", "-t", "commands", KERNEL], build).splitlines()[-1]
    link = shlex.split(link.removeprefix(": && ").removesuffix(" && :"))
    own = [i for i, word in enumerate(link) if word.endswith(f"{OBJECTS}/{name}.obj")]
    if len(own) != 1 or "-o" not in link:
        raise PlantError(f"the command that links {KERNEL} looks different from what this script knows.")
    link[own[0]] = object_
    link[link.index("-o") + 1] = elf
    run(link, build)
    run([command[0].replace("gcc", "objcopy"), "-O", "binary", elf, image], build)
    return image


def storm_run(build, image, seed):
    arguments = [os.path.join(ROOT, "tools", "run.py"), "--build", build, "--kernel", image, "--initrd",
                 os.path.join(build, "malice.cpio"), "--mem", "32M", "--harts", "1", "--icount",
                 "--timeout", str(SECONDS), "storm", str(seed), str(CALLS)]
    result = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False)
    return result.returncode, result.stdout.decode(errors="replace")


def found_line(text):
    """The line of the output that says what was found."""
    marks = ("broken", "does not hold", "panic", "we had", "owned by nobody", "stands still", "ended with")
    lines = [line for line in text.splitlines() if any(mark in line for mark in marks)]
    return lines[0] if lines else "no line of the output says how"


def room_try(build, room, seed):
    """True when the storm finds the plant of this room."""
    status, text = storm_run(build, kernel_build(build, room), seed)
    if status in (EXIT_FAILED, EXIT_LOST, EXIT_TIMEOUT):
        how = "the guest hangs" if status == EXIT_TIMEOUT else found_line(text)
        print(f"{room:6} {PLANTS[room][3]}: found: {how}")
        return True
    print(f"{room:6} {PLANTS[room][3]}: NOT FOUND (status {status})\n{text}")
    return False


def main():
    parser = argparse.ArgumentParser(description="Plants bugs and has the storm find them.")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "rivet"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("rooms", nargs="*", metavar="ROOM")
    options = parser.parse_args()
    build = os.path.abspath(options.build)

    try:
        status, text = storm_run(build, os.path.join(build, "rivet-audit.bin"), options.seed)
        if status != 0:
            raise PlantError(f"the storm fails without a plant, too, with status {status}:\n{text}")
        missed = [room for room in options.rooms or PLANTS if not room_try(build, room, options.seed)]
    except PlantError as error:
        sys.exit(f"plant: {error}")
    print(f"plant: seed {options.seed}, {len(missed)} of {len(options.rooms or PLANTS)} not found")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
