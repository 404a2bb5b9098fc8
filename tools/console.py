#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Talks to a board at a serial line: what it says appears, what is typed goes there, Ctrl-C included.

Ctrl-A is ours, as it is QEMU's: Ctrl-A x leaves, Ctrl-A b sends a break, Ctrl-A twice sends one, Ctrl-A h lists
these. Without a terminal standard input goes to the board as it is, until it ends; what the board says is shown until
the line is gone or we are interrupted.
"""

import argparse
import contextlib
import fcntl
import glob
import grp
import os
import re
import select
import sys
import termios
import tty

import run

ESCAPE, LEAVE, BREAK, HELP = b"\x01", b"x", b"b", b"h"
KEYS = "Ctrl-A x leaves, Ctrl-A b sends a break, Ctrl-A Ctrl-A sends a Ctrl-A"
AHEAD = 4096  # bytes that were typed and that the line has not taken yet
ADAPTERS = ("/dev/ttyUSB*", "/dev/ttyACM*")


class LineError(Exception):
    """One plain sentence."""


def baud_parse(text):
    speed = getattr(termios, f"B{text}", None) if re.fullmatch("[1-9][0-9]{2,6}", text) else None
    if speed is None:
        raise argparse.ArgumentTypeError(f"--baud takes a speed like 115200 or 9600, not '{text}'.")
    return speed


def adapters_text():
    found = sorted(path for pattern in ADAPTERS for path in glob.glob(pattern))
    return f"there is {', '.join(found)}" if found else f"there is none like {' or '.join(ADAPTERS)} now"


def options_parse(arguments):
    parser = run.Parser(prog="console", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--serial", metavar="DEV", help="the serial line, often /dev/ttyUSB0")
    parser.add_argument("--baud", type=baud_parse, default=termios.B115200, metavar="N", help="its speed (default 115200)")
    parser.add_argument("--check", action="store_true", help="look only whether the words are right")
    options = parser.parse_args(arguments)
    if not options.serial:
        parser.error(f"console takes --serial DEV, the line to the board: {adapters_text()}.")
    return options


def line_raw(line, speed):
    """8N1 at this speed, every byte as it is, no handshake and no modem."""
    tty.setraw(line, termios.TCSANOW)
    mode = termios.tcgetattr(line)
    mode[2] &= ~(termios.CRTSCTS | termios.CSTOPB | termios.PARENB | termios.CSIZE)
    mode[2] |= termios.CS8 | termios.CLOCAL | termios.CREAD
    mode[4] = mode[5] = speed
    termios.tcsetattr(line, termios.TCSANOW, mode)


def denied(path):
    """Whom to ask: serial lines belong to a group."""
    with contextlib.suppress(OSError, KeyError):
        name = grp.getgrgid(os.stat(path).st_gid).gr_name
        return f"{path} is for the group {name}: `sudo adduser $USER {name}`, then log in again."
    return f"{path}: Permission denied."


@contextlib.contextmanager
def line_open(path, speed):
    """The line, ours alone; its settings come back at the end."""
    try:
        line = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except PermissionError:
        raise LineError(denied(path)) from None
    except OSError as error:
        raise LineError(f"{path}: {error.strerror} ({adapters_text()}).") from None
    try:
        if not os.isatty(line):
            raise LineError(f"{path} is no serial line.")
        try:
            fcntl.flock(line, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LineError(f"{path} is in use by another program.") from None
        before = termios.tcgetattr(line)
        line_raw(line, speed)
        try:
            yield line
        finally:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(line, termios.TCSANOW, before)
    finally:
        os.close(line)


class Keys:
    """What is typed, with our escape taken out of it: feed() gives the bytes for the line, or None to leave."""

    def __init__(self, line):
        self.line, self.escaped = line, False

    def feed(self, data):
        out = b""
        for byte in (data[i : i + 1] for i in range(len(data))):
            if not self.escaped and byte == ESCAPE:
                self.escaped = True
                continue
            if self.escaped and byte == LEAVE:
                return None
            out += self.plain(byte) if self.escaped else byte
            self.escaped = False
        return out

    def plain(self, byte):
        if byte == BREAK:
            termios.tcsendbreak(self.line, 0)
        elif byte == HELP:
            run.say(f"{KEYS}.")
        return byte if byte == ESCAPE else b""


def line_read(line, path):
    """What came; a line that ended or an adapter that was pulled out is the same."""
    try:
        data = os.read(line, 65536)
    except BlockingIOError:
        return b""
    except OSError:
        data = b""
    if not data:
        raise LineError(f"{path} is gone.")
    return data


def talk(line, path, typed):
    """Until Ctrl-A x. `typed` is a Keys at a terminal, and None where standard input is taken as it is."""
    unsent, input_open = b"", True
    while True:
        reading = [line] + [0] * (input_open and len(unsent) < AHEAD)
        readable, writable, _ = select.select(reading, [line] if unsent else [], [])
        if line in readable:
            sys.stdout.buffer.write(line_read(line, path))
            sys.stdout.buffer.flush()
        if 0 in readable:
            data = os.read(0, AHEAD)
            input_open = bool(data)
            sent = typed.feed(data) if typed else data
            if sent is None:
                return
            unsent += sent
        if writable:
            with contextlib.suppress(BlockingIOError):
                unsent = unsent[os.write(line, unsent) :]


def main(arguments):
    options = options_parse(arguments)
    if options.check:
        return 0
    run.signals_end_us()
    ours = run.terminal_is_ours(0)
    try:
        with line_open(options.serial, options.baud) as line:
            if ours:
                run.say(f"at {options.serial}; {KEYS}.")
            with run.terminal_raw(ours, termios.ICRNL):
                talk(line, options.serial, Keys(line) if ours else None)
            if ours:
                print(file=sys.stderr)
    except LineError as error:
        run.say(error)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return run.EXIT_PIPE
    except OSError as error:
        run.say(f"{options.serial}: {error.strerror}.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
