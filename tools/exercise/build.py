# SPDX-License-Identifier: BSD-2-Clause
"""Makes programs out of students' files: compiled by themselves, linked with the objects of their check, and added to
the bundle that boots. build/rivet/exercises.json, which CMake wrote, says how the rest of Rivet was compiled."""

import json
import os
import subprocess
import sys

from catalogue import FOLDER, ROOT

sys.path.insert(1, os.path.join(ROOT, "tools"))

import initrd  # noqa: E402

LIBRARY = ["-nostartfiles", "-static", "-Wl,--gc-sections", "-Wl,--fatal-warnings", "-Wl,-z,max-page-size=4096",
           "-Wl,--no-warn-rwx-segments", "--specs=picolibc.specs", "--oslib=rivet_libos",
           "-Wl,-u,sbrk", "-Wl,-u,__retarget_lock_acquire"]
BARE = ["-nostdlib", "-static", "-Wl,-z,max-page-size=4096", "-Wl,--no-warn-rwx-segments", "-Wl,--build-id=none"]
SCRIPT = os.path.join(ROOT, "libos", "start", "app.ld")
WARNINGS = ["-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-unused-function"]
# A structure that is only looked at has memory of the check's, at an address of its own.
APART = ["-DVM_NODES=0x3100000000ul", "-Dnode_make=exercise_node_make", "-Dnode_free=exercise_node_free"]
EMBEDDED = """    .section .rodata
    .globl exercise_program, exercise_program_end
    .balign 16
exercise_program: .incbin "{}"
exercise_program_end:
"""


class NotCompiled(Exception):
    """The student's file has mistakes, which the compiler's text, our own, explains."""


class BuildError(Exception):
    """One plain sentence."""


class Builder:
    """`names`: the programs know the names of their functions, for the report of a crash. It takes twice as long."""

    def __init__(self, build, work, names=True):
        self.build, self.work, self.names = build, work, names
        try:
            with open(os.path.join(build, "exercises.json"), encoding="utf-8") as file:
                self.facts = json.load(file)
        except (OSError, ValueError):
            raise BuildError(f"{build} has no exercises: build it first, with ./rivet build.") from None
        self.flags = self.facts["flags"]
        self.compiler = self.facts["cross"] + "gcc"

    def run(self, *command):
        """What the command says is only shown when it fails."""
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, errors="replace", check=False)
        if result.returncode != 0:
            raise NotCompiled(result.stdout)
        return result.stdout

    def path(self, job, suffix):
        return os.path.join(self.work, job + suffix)

    def compile(self, job, exercise, source, *more, suffix=".o"):
        """An object; the compiler's warnings are for the student to see."""
        includes = ["-I", exercise.folder, "-I", os.path.join(ROOT, "libos", "include"), "-I", ROOT,
                    "-I", os.path.join(ROOT, "kernel", "abi")]
        target = self.path(job, suffix)
        said = self.run(self.compiler, *self.flags, *WARNINGS, "-std=gnu17", "--specs=picolibc.specs",
                        "-fno-omit-frame-pointer", *includes, *more, "-c", source, "-o", target)
        return target, said

    def link(self, job, objects, structure="radix"):
        """A program with the library. With names it is linked twice: the first program is where they are read."""
        symbols = [sys.executable, os.path.join(ROOT, "tools", "symbols.py"), "--nm", self.facts["cross"] + "nm"]
        first, table, program = self.path(job, ".first"), self.path(job, ".symbols.S"), self.path(job, ".elf")
        for target, known in ((first, []), (program, [first])) if self.names else ((program, []),):
            self.run(*symbols, "--output", table, *known)
            self.run(self.compiler, *self.flags, *LIBRARY, f"-L{self.facts['libos']}", f"-Wl,-u,structure_{structure}",
                     f"-Wl,--defsym=vm_structure=structure_{structure}", "-T", SCRIPT, "-o", target, *objects, table,
                     os.path.join(self.facts["libos"], "librivet_libos.a"))
        return program

    def embed(self, job, program):
        """An object that has a program in it, for a check that starts it as a child."""
        stripped, source, target = self.path(job, ".stripped"), self.path(job, ".embed.S"), self.path(job, ".embed.o")
        self.run(self.facts["cross"] + "strip", "--strip-all", "-o", stripped, program)
        with open(source, "w", encoding="utf-8") as file:
            file.write(EMBEDDED.format(stripped))
        self.run(self.compiler, *self.flags, "-c", source, "-o", target)
        return target

    def check_object(self, exercise, name="check"):
        return self.facts[f"{os.path.basename(exercise.folder)}.{name}"]

    def programs(self, job, exercise, source):
        """({name in the bundle: ELF file}, the compiler's warnings)"""
        check = [self.check_object(exercise), self.facts["common"]]
        if exercise.kind == "PROGRAM":
            theirs, said = self.compile(job, exercise, source, "-ffreestanding")
            program = self.path(job, ".bare")
            self.run(self.compiler, *self.flags, *BARE, "-T", SCRIPT, "-o", program, theirs,
                     os.path.join(self.facts["libos"], "librivet_libos.a"))  # of which it takes the calls' stubs
            return {job: self.link(job, [*check, self.embed(job, program)])}, said
        theirs, said = self.compile(job, exercise, source)
        if exercise.kind == "LINKED":
            return {job: self.link(job, [*check, theirs])}, said
        apart, _ = self.compile(job, exercise, source, *APART, suffix=".apart.o")
        live = [self.check_object(exercise, "live"), self.facts["common"], theirs]
        return {job: self.link(job, [*check, apart]),
                f"{job}.live": self.link(f"{job}.live", live, structure="yours")}, said

    def bundle(self, programs):
        """The path of a bundle with these programs in it."""
        with open(os.path.join(self.build, "exercises.cpio"), "rb") as file:
            archive = file.read()
        members = [(name, initrd.stripped(self.facts["cross"] + "strip", path)) for name, path in programs.items()]
        target = os.path.join(self.work, "bundle.cpio")
        with open(target, "wb") as file:
            file.write(initrd.archive_extend(archive, members))
        return target


