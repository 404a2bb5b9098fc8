# SPDX-License-Identifier: BSD-2-Clause
"""A guest: QEMU running Rivet, with its serial line in our hands.

Owns the command line of QEMU, the process, and what has been read from it. A guest never outlives its owner:
the kernel kills QEMU when the process that started it dies, and `stop` is called on every way out.

    with Guest("build/rivet", harts=4, app=["hello"]) as guest:
        guest.expect(rb"Hello", timeout=20)
        assert guest.wait(timeout=20) == 0

A guest with `framed=False` is what a person at the serial line sees: everything is in the stream FIRMWARE,
and there is no exit status.
"""

import collections
import ctypes
import os
import re
import select
import signal
import subprocess
import time
import urllib.parse

from frames import ERR, FIRMWARE, KERNEL, OUT, Decoder  # noqa: F401 (the streams are part of our interface)

PANIC = b"rivet: panic"
PANIC_QUIET_SECONDS = 0.5  # a panic's text has ended when nothing has come for so long
PANIC_LIMIT_SECONDS = 5
INPUT_GRACE_SECONDS = 1
PR_SET_PDEATHSIG = 1  # from linux/prctl.h
QEMU_DEFAULT = "qemu-system-riscv64"
QEMU_OLDEST = (7, 2)
UBOOT = "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin"  # of the package u-boot-qemu
UBOOT_LEAST_MIB = 256  # up to there U-Boot puts what it loads
UBOOT_LEAVES = b"Starting kernel"  # what comes before goes to U-Boot, and would stop it
WORDS_LIMIT = 1023  # what the kernel keeps of the boot arguments (machine_info.arguments)
APP_LIMIT = 64  # a program's name and arguments (ARGUMENTS_MAX in apps/init.c)


# What can be asked for: QEMU's machine and processor, how many harts can be used, and how many more there are that
# cannot (the first of sifive_u and of icicle has no MMU). One that cannot be switched off ends QEMU when it restarts.
# icicle comes without a device tree, so there is one of ours for each number of harts (dts/icicle.dts), and with so much
# memory, of which the tree names 1 GiB. Boot arguments take from the last two what QEMU's models have more than the boards.
Machine = collections.namedtuple("Machine", "board cpu harts_most harts_idle goes_off words tree mem",
                                 defaults=((), None, None))
MACHINES = {
    "virt": Machine("virt", None, 8, 0, True),
    "sifive_u": Machine("sifive_u", None, 4, 1, False),
    "u54": Machine("virt", "sifive-u54", 8, 0, True, ("no_asids",)),
    "icicle": Machine("microchip-icicle-kit", None, 4, 1, False, ("no_asids", "no_ad"), "icicle", "2G"),
}


class GuestError(Exception):
    """Something the user can do something about; its text is one plain sentence."""


def word_encode(argument):
    """One boot argument out of any bytes. The empty argument is %00, which decodes to an empty C string."""
    return urllib.parse.quote(os.fsencode(argument), safe="/:=,+@") or "%00"


def boot_words(framed, trace, append, app):
    words = ["framed"] * framed + ["trace"] * trace + list(append)
    if app:
        words += ["run"] + [word_encode(argument) for argument in app]
    return " ".join(words)


def die_with_parent():
    """Runs in the child before QEMU: it is killed when we die, however we die."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def qemu_end(process):
    """Ends QEMU: politely, so that it closes what it has open, then not."""
    process.terminate()
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def qemu_check(qemu=QEMU_DEFAULT):
    """Refuses a missing QEMU and one that is too old, each with a sentence; returns the version."""
    try:
        text = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError as error:
        sentence = f"{qemu} can't be run ({error.strerror}): install the package qemu-system-misc."
        raise GuestError(sentence) from None
    version = re.search(r"version (\d+)\.(\d+)(\.\d+)?", text)
    if not version:
        raise GuestError(f"{qemu} doesn't say its version, so it doesn't look like a working QEMU.")
    number = version[0].split()[1]
    if (int(version[1]), int(version[2])) < QEMU_OLDEST:
        raise GuestError(f"QEMU {number} is too old: 7.2 or newer is needed, as in Debian 12.")
    return number


class Guest:
    def __init__(self, build="build/rivet", *, harts=4, mem="128M", icount=False, trace=False, append=(),
                 app=(), framed=True, machine="virt", cpu=None, qemu=QEMU_DEFAULT, kernel=None, initrd=None,
                 card=None, extra=()):
        self.kernel = kernel or os.path.join(build, "rivet.bin")
        self.initrd = initrd or os.path.join(build, "initrd.cpio")
        self.card = card  # the image of a card that U-Boot starts from, instead of these two
        self.qemu = qemu
        self.machine, self.harts = MACHINES[machine], harts
        self.mem = self.machine.mem or mem
        self.tree = self.machine.tree and os.path.join(build, "dtbs", f"{self.machine.tree}_{harts}.dtb")
        self.cpu = cpu or self.machine.cpu
        # With `sleep=off` time jumps to the next timer: repeatable to the byte, but an idle shell is then so
        # busy with its timers that QEMU hears no key, not even its own.
        self.icount = ("shift=0,sleep=off" if app else "shift=0") if icount else None
        self.extra = list(extra)
        self.words = boot_words(framed, trace, [*self.machine.words, *append], app)
        self.app_words = len(app)
        self.framed = framed
        self.decoder = Decoder()
        self.text = {stream: bytearray() for stream in (FIRMWARE, KERNEL, OUT, ERR)}  # what was read so far
        self.text_limit = None  # how much of each to keep; everything, for tests
        self.seen = dict.fromkeys(self.text, 0)  # how far expect() has looked
        self.panicked = False
        self.ended = False  # QEMU closed the line
        self.heard_since = None  # when the first byte came
        self.process = None
        self._unsent = b""

    # The command line

    def command(self, serial=("-display", "none", "-monitor", "none", "-serial", "stdio")):
        """The command line of QEMU. Without the monitor every byte of input reaches the guest."""
        harts = self.harts + self.machine.harts_idle
        line = [self.qemu, "-M", self.machine.board, "-smp", str(harts), "-m", self.mem, *serial]
        line += self._loaded() + ["-append", self.words]
        if self.framed or not self.machine.goes_off:
            line += ["-no-reboot"]
        if self.cpu:
            line += ["-cpu", self.cpu]
        if self.tree:
            line += ["-dtb", self.tree]
        if self.icount:
            line += ["-icount", self.icount]
        return line + self.extra

    def _loaded(self):
        """What QEMU loads. A card is only read, so that its image stays what it is."""
        if not self.card:
            return ["-kernel", self.kernel, "-initrd", self.initrd]
        drive = f"file={self.card.replace(',', ',,')},format=raw,if=none,id=card,readonly=on"
        return ["-kernel", UBOOT, "-drive", drive, "-device", "virtio-blk-device,drive=card"]

    def check(self):
        """Refuses what the guest would cut off, and files that are not there."""
        if len(self.words) > WORDS_LIMIT or self.app_words > APP_LIMIT:
            limits = f"{APP_LIMIT} words reach a program, and {WORDS_LIMIT} bytes"
            raise GuestError(f"There are too many arguments: {limits}.")
        if self.card and not os.path.isfile(UBOOT):
            raise GuestError(f"{UBOOT} does not exist: install the package u-boot-qemu.")
        for path in (self.card,) if self.card else (self.kernel, self.initrd):
            if not os.path.isfile(path):
                raise GuestError(f"{path} does not exist: build it first, with ./rivet build.")

    # The process

    def start(self):
        self.check()
        try:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT, bufsize=0, start_new_session=True,
                                            preexec_fn=die_with_parent)
        except OSError as error:
            raise GuestError(f"{self.qemu} can't be run ({error.strerror}).") from None
        os.set_blocking(self.process.stdin.fileno(), False)
        return self

    def stop(self):
        if self.process is None:
            return
        qemu_end(self.process)
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None

    def __enter__(self):
        return self if self.process else self.start()

    def __exit__(self, *_):
        self.stop()

    # The line

    @property
    def status(self):
        """The program's exit status, or None while it has not ended."""
        return self.decoder.status

    @property
    def unsent(self):
        return len(self._unsent)

    def send(self, data):
        """Queues input; it is written while the guest is read, as fast as the guest takes it."""
        self._unsent += data

    @property
    def is_framing(self):
        """True once the kernel or the program has spoken; before that all text is the firmware's."""
        return self.decoder.stream != FIRMWARE

    def takes_input(self):
        """True once the program is there. What is sent while a machine boots is lost when its UART is set up,
        so input waits for the program's first word, or some time after the firmware's: then the UART's FIFO
        keeps it."""
        if not self.framed:
            return True
        if self.decoder.stream in (OUT, ERR) or self.text[OUT] or self.text[ERR]:
            return True
        return self.heard_since is not None and time.monotonic() > self.heard_since + INPUT_GRACE_SECONDS

    def step(self, timeout, watch=()):
        """Waits until something can be done and does it: (pieces read, watched descriptors are ready)."""
        output, source = self.process.stdin.fileno(), self.process.stdout.fileno()
        sending = [output] if self._unsent and self.takes_input() else []
        reading = [*watch] if self.ended else [source, *watch]
        readable, writable, _ = select.select(reading, sending, [], max(timeout, 0))
        if writable:
            self._write(output)
        pieces = self._read(source) if source in readable else []
        return pieces, [one for one in readable if one != source]

    def _write(self, output):
        try:
            self._unsent = self._unsent[os.write(output, self._unsent[:4096]) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._unsent = b""

    def _read(self, source):
        data = os.read(source, 65536)
        if not data:
            self.ended = True
        pieces = self.decoder.feed(data) if self.framed else [(FIRMWARE, data)]
        for stream, text in pieces:
            self.text[stream] += text
        if not self.card or UBOOT_LEAVES in self.text[FIRMWARE]:
            self.heard_since = self.heard_since or time.monotonic()
        for stream, text in pieces:
            if stream in (KERNEL, FIRMWARE) and PANIC in self.text[stream][-len(text) - len(PANIC) :]:
                self.panicked = True
            if self.text_limit:
                del self.text[stream][: -self.text_limit]
        return pieces

    # For tests and for bench

    def expect(self, pattern, timeout=20, stream=None):
        """Reads until `pattern` (bytes) appears after what was expected before; returns the match."""
        stream = stream or (OUT if self.framed else FIRMWARE)
        deadline = time.monotonic() + timeout
        while True:
            match = re.compile(pattern, re.S).search(self.text[stream], self.seen[stream])
            if match:
                self.seen[stream] = match.end()
                return match
            left = deadline - time.monotonic()
            if left <= 0 or self.ended or self.status is not None:
                raise AssertionError(f"{pattern!r} did not come before {self._what_ended()}. Since the last "
                                     f"match came {bytes(self.text[stream][self.seen[stream]:])!r}")
            self.step(min(left, 1))

    def _what_ended(self):
        if self.ended:
            return "QEMU ended"
        return "the time was over" if self.status is None else "the program ended"

    def wait(self, timeout=60):
        """Reads until the run is over; returns the program's status, or None when it ended without one."""
        deadline = time.monotonic() + timeout
        while self.status is None and not self.ended:
            if time.monotonic() >= deadline:
                raise AssertionError(f"the program did not end within {timeout} s")
            if self.panicked:
                self.panic_drain()
                return None
            self.step(min(deadline - time.monotonic(), 1))
        return self.status

    def panic_drain(self, show=lambda pieces: None):
        """Reads the rest of a panic's text: harts that panicked do not end QEMU by themselves."""
        limit = time.monotonic() + PANIC_LIMIT_SECONDS
        while not self.ended and time.monotonic() < limit:
            pieces, _ = self.step(PANIC_QUIET_SECONDS)
            if not pieces and not self.ended:
                return
            show(pieces)
