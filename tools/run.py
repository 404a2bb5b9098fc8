#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots Rivet in QEMU: a shell for a person, or one program whose output and exit status become ours.

With a program, the serial line is framed (see frames.py): the program's standard output is our standard
output, its standard error and the kernel's messages go to standard error, what we read goes to the program.
Our exit status is the program's; 124 after --timeout, 125 when the guest ended without a status (a panic, or
QEMU failed), 130 after Ctrl-C.

On a terminal Ctrl-C goes to the program as a byte, as on any serial line. A guest that doesn't listen any
more is ended by three of them in a row. Elsewhere SIGINT ends QEMU.
"""

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import termios
import time

import card
import flash
from guest import (ERR, FIRMWARE, KERNEL, MACHINES, OUT, UBOOT_LEAST_MIB, Guest, GuestError, QEMU_DEFAULT,
                   die_with_parent, qemu_check, qemu_end, word_encode)

EXIT_TIMEOUT = 124
EXIT_LOST = 125
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141

CTRL_C = b"\x03"
CTRL_D = b"\x04"
INTERRUPTS_TO_END = 3
INTERRUPTS_SECONDS = 2
INPUT_AHEAD = 4096  # bytes read from standard input that the guest has not taken yet
TEXT_LIMIT = 65536
PROMPT = b"rivet> "
GREETING = "Ctrl-A x leaves QEMU; 'help' lists the commands."


def say(text):
    print(f"rivet: {text}", file=sys.stderr, flush=True)


# Options


def harts_parse(text):
    if not re.fullmatch(r"[1-8]", text):
        raise argparse.ArgumentTypeError(f"--harts takes a number from 1 to 8, not '{text}'.")
    return int(text)


def machine_parse(text):
    if text not in MACHINES:
        raise argparse.ArgumentTypeError(f"--machine takes {', '.join(MACHINES)}, not '{text}'.")
    return text


def boot_parse(text):
    if text != "uboot":
        raise argparse.ArgumentTypeError(f"--boot takes uboot, not '{text}'.")
    return text


def mem_mib(text):
    match = re.fullmatch(r"([1-9][0-9]{0,5})([MG])", text)
    return int(match[1]) * (1024 if match[2] == "G" else 1) if match else 0


def mem_parse(text):
    if not 32 <= mem_mib(text) <= 16384:
        sentence = f"--mem takes a size from 32M to 16G, like 128M or 1G, not '{text}'."
        raise argparse.ArgumentTypeError(sentence)
    return text


def seconds_parse(text):
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", text) or float(text) == 0:
        raise argparse.ArgumentTypeError(f"--timeout takes a number of seconds, not '{text}'.")
    return float(text)


class Parser(argparse.ArgumentParser):
    """An argparse that answers wrong input with one sentence instead of a usage text."""

    def error(self, message):
        message = re.sub(r"^argument [^:]*: (?=--)", "", message)
        if not message.endswith("."):
            message += "; --help lists what there is."
        say(message)
        sys.exit(2)


def parser_make():
    build = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "build", "rivet")
    parser = Parser(prog="run", description="Boots Rivet in QEMU.", allow_abbrev=False)
    add = parser.add_argument
    add("--build", default=build, metavar="DIR", help="where the kernel and the programs were built")
    add("--harts", type=harts_parse, metavar="N", help="1 to 8 (default 4, with --icount 1)")
    add("--mem", type=mem_parse, metavar="SIZE", help="memory, like 32M or 1G (default 128M, with --boot 256M)")
    add("--boot", type=boot_parse, metavar="LOADER", help="uboot: from the card that ./rivet flash builds")
    add("--icount", action="store_true", help="count instructions: a repeatable virtual time")
    add("--timeout", type=seconds_parse, metavar="SECONDS", help="end QEMU and exit 124 after so long")
    add("--events", action="store_true", help="the kernel records switches, calls and traps: for the program events, which runs APP")
    add("--trace", action="store_true", help="the kernel reports each call, upcall and refusal")
    add("--verbose", action="store_true", help="show QEMU's command line, the firmware's chatter and what the machine has")
    add("--append", default="", metavar="WORDS", help="more boot arguments")
    add("--machine", type=machine_parse, default=os.environ.get("RIVET_MACHINE") or "virt", metavar="NAME",
        help="virt (the default, or what RIVET_MACHINE says), sifive_u, u54 or icicle")
    add("--cpu", metavar="MODEL", help="another of its models, like rv64,sstc=off (default: the machine's)")
    add("--qemu", default=QEMU_DEFAULT, metavar="PATH", help="another qemu-system-riscv64")
    add("--kernel", metavar="FILE", help="instead of rivet.bin")
    add("--initrd", metavar="FILE", help="instead of initrd.cpio")
    add("--version", action="store_true", help="print which QEMU would be used, and do nothing else")
    add("--shell", action="store_true", help="start the shell (what happens without a program)")
    add("app", nargs=argparse.REMAINDER, metavar="APP ARGS...", help="the program and its arguments")
    return parser


def options_parse(arguments):
    parser = parser_make()
    options = parser.parse_args(arguments)
    if options.app[:1] == ["--"]:
        del options.app[0]
    if options.shell and options.app:
        parser.error("--shell starts the shell, so it takes no program.")
    if options.app and options.app[0] == "":
        parser.error("The name of the program is empty.")
    if options.harts is None:
        options.harts = 1 if options.icount else 4
    most = MACHINES[options.machine].harts_most
    if options.harts > most:
        parser.error(f"{options.machine} has at most {most} harts that can be used, not {options.harts}.")
    if options.events:
        options.append += " events"
        options.app = options.app and ["events", *options.app]
    if options.verbose:
        options.append += " verbose"
    if options.mem and MACHINES[options.machine].mem:
        parser.error(f"{options.machine} has always the same memory, so it takes no --mem.")
    boot_check(parser, options)
    if options.icount and options.harts > 1:
        say("with --icount a hart that waits for another may wait for ever; --harts 1 is exact.")
    return options


def boot_check(parser, options):
    """What can't be together with --boot, and the memory that U-Boot needs."""
    if options.boot and (options.kernel or options.initrd):
        parser.error("--boot takes kernel and initrd from the card, so --kernel and --initrd go without it.")
    if options.boot and MACHINES[options.machine].board != "virt":
        parser.error(f"--boot needs a disk, and {options.machine} has none that U-Boot knows.")
    options.mem = options.mem or (f"{UBOOT_LEAST_MIB}M" if options.boot else "128M")
    if options.boot and mem_mib(options.mem) < UBOOT_LEAST_MIB:
        parser.error(f"--boot takes {UBOOT_LEAST_MIB}M or more: up to there U-Boot puts what it loads.")


def guest_make(options, framed=True):
    """The guest that the options describe. The shell is never framed: a person reads the line."""
    try:
        image = flash.image_ready(options.build) if options.boot else None
    except card.CardError as error:
        raise GuestError(str(error)) from None
    return Guest(options.build, harts=options.harts, mem=options.mem, icount=options.icount,
                 trace=options.trace, append=options.append.split(), app=options.app,
                 framed=framed and bool(options.app), machine=options.machine, cpu=options.cpu,
                 qemu=options.qemu, kernel=options.kernel, initrd=options.initrd, card=image)


# The terminal


def terminal_is_ours(descriptor):
    """A terminal, and we are in its foreground: reading it as a background job would stop us."""
    try:
        return os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


@contextlib.contextmanager
def terminal_raw(raw, not_even=0):
    """Every key goes to the guest while this lasts; so does Enter as it is, with ICRNL in `not_even`. Output keeps its
    processing: "\\n" starts a line."""
    if not raw:
        yield
        return
    before = termios.tcgetattr(0)
    mode = termios.tcgetattr(0)
    mode[0] &= ~(termios.IXON | termios.ISTRIP | not_even)
    mode[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
    termios.tcsetattr(0, termios.TCSADRAIN, mode)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def signals_end_us():
    """Turns the signals that end a program into an exception, so that every `finally` runs."""

    def end(number, _frame):
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


# A run


class Run:
    """Moves bytes between our descriptors and the guest until the run is over."""

    def __init__(self, guest, verbose=False, timeout=None):
        self.guest, self.verbose = guest, verbose
        self.deadline = time.monotonic() + timeout if timeout else None
        self.interrupts = []  # when Ctrl-C was pressed
        self.raw = terminal_is_ours(0)
        self.input_open = self.raw or not os.isatty(0)

    def show(self, pieces):
        for stream, text in pieces:
            if stream == OUT or not self.guest.framed:
                sys.stdout.buffer.write(text)
                sys.stdout.buffer.flush()
            elif stream in (ERR, KERNEL) or self.verbose:
                sys.stderr.buffer.write(text)
                sys.stderr.buffer.flush()

    def forward(self):
        """Standard input to the guest; its end becomes a Ctrl-D."""
        try:
            data = os.read(0, INPUT_AHEAD)
        except OSError:
            data = b""
        self.guest.send(data or CTRL_D)
        self.input_open = bool(data)
        if self.raw and CTRL_C in data:
            now = time.monotonic()
            self.interrupts = [then for then in self.interrupts if now - then < INTERRUPTS_SECONDS]
            self.interrupts += [now] * data.count(CTRL_C)

    def may_forward(self):
        if not self.guest.framed and PROMPT not in self.guest.text[FIRMWARE]:
            return False  # before the shell is there nobody keeps what is typed
        return self.input_open and self.guest.unsent < INPUT_AHEAD

    def loop(self):
        guest = self.guest
        while True:
            left = 1 if self.deadline is None else self.deadline - time.monotonic()
            if left <= 0:
                return self.timed_out()
            pieces, ready = guest.step(min(left, 0.2), [0] if self.may_forward() else [])
            self.show(pieces)
            if ready:
                self.forward()
            if guest.status is not None:
                return guest.status
            if guest.panicked:
                return self.panicked()
            if guest.ended:
                return self.lost()
            if len(self.interrupts) >= INTERRUPTS_TO_END:
                say("ended by Ctrl-C; the guest did not answer.")
                return EXIT_INTERRUPTED

    def chatter(self):
        """What the firmware said, when nothing else explains what went wrong."""
        if self.guest.framed and not self.verbose:
            sys.stderr.buffer.write(self.guest.text[FIRMWARE])
            sys.stderr.buffer.flush()

    def timed_out(self):
        if not self.guest.is_framing:
            self.chatter()
        say("the program did not end in time.")
        return EXIT_TIMEOUT

    def panicked(self):
        self.guest.panic_drain(self.show)
        if not self.guest.is_framing:
            self.chatter()
        say("the kernel panicked.")
        return EXIT_LOST

    def lost(self):
        status = self.guest.process.wait()
        if not self.guest.framed:
            return status if status >= 0 else EXIT_LOST
        self.chatter()
        say(f"QEMU ended (with {status}) before the program did.")
        return EXIT_LOST


def run_with_pipes(guest, options):
    with guest:
        guest.text_limit = TEXT_LIMIT
        run = Run(guest, options.verbose, options.timeout)
        with terminal_raw(run.raw):
            return run.loop()


def run_on_terminal(guest, options):
    """The shell for a person: QEMU has the terminal to itself, with its own escape key."""
    guest.check()
    say("starting; Ctrl-A x leaves QEMU, Ctrl-A h lists its other keys.")
    # And again behind the firmware's banner, which fills the screen.
    guest.words += f" greeting={word_encode(GREETING)}"
    before = termios.tcgetattr(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    qemu = subprocess.Popen(guest.command(serial=["-nographic"]), preexec_fn=die_with_parent)
    try:
        return qemu.wait(options.timeout)
    except subprocess.TimeoutExpired:
        say("the guest did not end in time.")
        return EXIT_TIMEOUT
    finally:
        qemu_end(qemu)
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def main(arguments):
    options = options_parse(arguments)
    signals_end_us()
    try:
        version = qemu_check(options.qemu)
        if options.version:
            print(f"QEMU {version}")
            return 0
        guest = guest_make(options)
        if options.verbose:
            say(" ".join(guest.command()))
        if not options.app and terminal_is_ours(0):
            return run_on_terminal(guest, options)
        return run_with_pipes(guest, options)
    except GuestError as error:
        say(error)
        return EXIT_LOST
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter would complain while it closes it
        return EXIT_PIPE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
