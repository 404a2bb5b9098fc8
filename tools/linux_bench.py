# SPDX-License-Identifier: BSD-2-Clause
"""Linux beside Rivet: Debian 13's kernel for riscv64 (./rivet fetch) boots in the same QEMU with the same flags, and its
only program measures what the programs of bench/ measure (bench/linux/).

It boots twice, at the same time: as Debian ships it (`stock`), and with everything off that makes it slower and can be
turned off by the person who boots it (`lean`). The boot's time is counted from reset, so a kernel that only prints the clock
says what the firmware takes of it. Times are instructions: counted, one takes a nanosecond.
"""

import glob
import os
import re
import select
import shutil
import subprocess
import tempfile
import time

import fetch
import initrd
from guest import die_with_parent, qemu_end
from run import say

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROWS = os.path.join(ROOT, "bench", "linux", "rows.tsv")
FIGURES = os.path.join(ROOT, "build", "bench", "linux.tsv")

MACHINE = ["-M", "virt", "-smp", "1", "-m", "128M", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
           "-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
STOCK = "console=ttyS0 quiet"
LEAN = STOCK + (" norandmaps randomize_kstack_offset=off init_on_alloc=0 hardened_usercopy=off audit=0 lsm=capability"
                " mitigations=off no4lvl cgroup_disable=memory")
TICK_INSTRUCTIONS = 100  # 10 MHz, and an instruction takes a nanosecond
DIRECTORY, PROGRAM = 0o040755, 0o100755
BEGUN, END = b"begun", b"end"  # lines of bench/linux/main.c
SECONDS_LIMIT = 900
FIRMWARE_LIMIT = 60
ROW = re.compile(r"^([a-z][a-z0-9_]*)\t([0-9]+)\r?$", re.M)


class LinuxError(Exception):
    """One plain sentence."""


# What there is to boot


def kernel_in(folder):
    return max(glob.glob(os.path.join(folder, "riscv64.root", "boot", "vmlinu[xz]-*")), default=None)


def linux_find(options):
    """Debian's kernel; what ./rivet fetch would bring of it is brought when it is not there."""
    for name in ("init", "firmware"):
        path = os.path.join(options.build, "linux", name)
        if not os.path.isfile(path):
            raise LinuxError(f"{path} does not exist: build it first, with ./rivet build.")
    kernel = kernel_in(options.fetch)
    if kernel:
        return kernel
    try:
        fetch.linux_fetch(options.fetch)
    except (fetch.FetchError, OSError) as error:
        raise LinuxError(f"Linux can't be had for --linux, without which everything runs: {error}") from None
    kernel = kernel_in(options.fetch)
    if not kernel:
        raise LinuxError(f"Linux can't be had for --linux: there is no kernel in {options.fetch}/riscv64.root/boot.")
    return kernel


def initramfs_write(path, program):
    """The one program, and where it mounts /proc."""
    with open(program, "rb") as file:
        contents = file.read()
    with open(path, "wb") as out:
        out.write(initrd.archive_of([initrd.record(1, "proc", b"", DIRECTORY), initrd.record(2, "init", contents, PROGRAM)]))


# Running it


class Run:
    """A QEMU and what it printed so far."""

    def __init__(self, name, command):
        self.name, self.text, self.begun = name, bytearray(), False
        self.started = time.monotonic()
        try:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                            bufsize=0, start_new_session=True, preexec_fn=die_with_parent)
        except OSError as error:
            raise LinuxError(f"{command[0]} can't be run ({error.strerror}).") from None

    def fileno(self):
        return self.process.stdout.fileno()

    def read(self):
        """Takes what has come; false when that was all."""
        piece = os.read(self.fileno(), 65536)
        self.text += piece
        if not self.begun and re.search(rb"^begun\r?$", self.text, re.M):
            self.begun = True
            say(f"{self.name} is there after {time.monotonic() - self.started:.0f} s, and measures")
        return bool(piece) and not re.search(rb"^end\r?$", self.text, re.M)

    def end(self):
        qemu_end(self.process)
        self.process.stdout.close()


def run_all(commands, seconds):
    """Runs them at the same time: their texts by name."""
    runs = []
    deadline = time.monotonic() + seconds
    try:
        for name, command in commands.items():
            runs.append(Run(name, command))
        going = list(runs)
        while going:
            ready = select.select(going, [], [], max(0, deadline - time.monotonic()))[0]
            if not ready:
                raise LinuxError(f"{going[0].name} takes longer than {seconds} s.")
            going = [run for run in going if run not in ready or run.read()]
    finally:
        for run in runs:
            run.end()
    return {run.name: run.text.decode(errors="replace") for run in runs}


def firmware_measure(options):
    """Instructions from reset to a kernel's first."""
    image = os.path.join(options.build, "linux", "firmware")
    text = run_all({"the firmware": [options.qemu, *MACHINE, "-kernel", image]}, FIRMWARE_LIMIT)["the firmware"]
    ticks = re.search(r"([0-9a-f]{16})\s*$", text)
    if not ticks:
        raise LinuxError("The firmware's time can't be measured: it printed " + repr(text[-200:]))
    return int(ticks[1], 16) * TICK_INSTRUCTIONS


def figures_parse(name, text, firmware):
    """Operation to instructions, the boot's without the firmware's."""
    failed = re.search(r"^failed\t(.*?)\r?$", text, re.M)
    if failed:
        raise LinuxError(f"{name} can't be measured: {failed[1]}.")
    figures = {row: int(value) for row, value in ROW.findall(text)}
    if not re.search(r"^end\r?$", text, re.M) or "boot_ticks" not in figures:
        raise LinuxError(f"{name} ended before it was measured; its last words are {text.strip()[-200:]!r}.")
    figures["boot"] = figures.pop("boot_ticks") * TICK_INSTRUCTIONS - firmware
    return figures


def linux_measure(options):
    """Operation to its instructions (stock, lean), as rows.tsv counts them."""
    kernel = linux_find(options)
    version = os.path.basename(kernel).partition("-")[2]
    folder = tempfile.mkdtemp(prefix="rivet-linux-")
    try:
        archive = os.path.join(folder, "initramfs")
        initramfs_write(archive, os.path.join(options.build, "linux", "init"))
        names = {f"Linux {version} {kind}": words for kind, words in (("as it is", STOCK), ("with all off", LEAN))}
        say(f"booting Linux {version} twice, as Debian ships it and with all off that can be, which takes a minute or two")
        texts = run_all({name: [options.qemu, *MACHINE, "-kernel", kernel, "-initrd", archive, "-append", words]
                         for name, words in names.items()}, SECONDS_LIMIT)
    finally:
        shutil.rmtree(folder)
    firmware = firmware_measure(options)
    stock, lean = (figures_parse(name, text, firmware) for name, text in texts.items())
    return {key: (counted(stock[key], times), counted(lean[key], times))
            for key, _, times, _ in rows_read() if key in stock and key in lean}


def counted(value, times):
    """One of `times` operations; whole numbers stay whole."""
    return str(value) if times == 1 else f"{value / times:.2f}"


# Tables


def rows_read():
    """(operation, Rivet's row, times, words) of each line of rows.tsv."""
    with open(ROWS, encoding="utf-8") as file:
        fields = [line.rstrip("\n").split("\t") for line in file if line.strip() and not line.startswith("#")]
    return [(key, row, int(times), words) for key, row, times, words in fields]


def ratio(rivet, linux):
    return f"{float(linux) / float(rivet):.2f}" if float(rivet) else "-"


def table_lines(rivet, linux):
    """A head, and a line for each operation that both have. Of Linux's two figures it is the lean one, which is harder."""
    yield ("operation", "Rivet", "Linux", "ratio")
    for key, row, _, _ in rows_read():
        if row in rivet and key in linux:
            yield (key, rivet[row], linux[key][1], ratio(rivet[row], linux[key][1]))


def figures_write(linux, path=FIGURES):
    """All of Linux's, for the report."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as out:
        out.writelines("\t".join(line) + "\n" for line in (("operation", "stock", "lean"), *((key, *two) for key, two in linux.items())))
    os.replace(path + ".new", path)


def beside(options, rivet):
    """Measures Linux beside these rows, and leaves its figures for the report: the table's lines."""
    if not any(row in rivet for _, row, _, _ in rows_read()):
        raise LinuxError("Nothing of what this group measures is measured on Linux.")
    linux = linux_measure(options)
    figures_write(linux)
    return table_lines(rivet, linux)
