#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Records a Linux: Debian 13's riscv64 kernel and busybox in QEMU, with a compressor, pipe servers and periodic tasks.

    tools/sched/record_linux.py [--seconds N] --output TRACE

The trace is ftrace's text (sched_switch, sched_wakeup); tools/sched/ftrace.py makes a workload of it. The machine counts
instructions instead of time, so two recordings are the same. What runs there is record_init.sh; kernel and busybox are
those of `./rivet fetch`.
"""
import argparse
import base64
import binascii
import contextlib
import glob
import gzip
import os
import re
import select
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from guest import die_with_parent, qemu_end  # noqa: E402
from initrd import record  # noqa: E402

BEGINS, ENDS = b"rivet: trace begins", b"rivet: trace ends"
ICOUNT = ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
MODE_DIRECTORY, MODE_PROGRAM = 0o040755, 0o100755
SECONDS_LIMIT = 600  # of the host's time


class RecordError(Exception):
    """One plain sentence."""


def say(text):
    print(f"rivet: {text}", file=sys.stderr, flush=True)


def fetched(fetch):
    """(kernel, busybox) as ./rivet fetch left them."""
    root = os.path.join(fetch, "riscv64.root")
    kernels = sorted(glob.glob(os.path.join(root, "boot", "vmlinu[xz]-*")))
    busybox = os.path.join(root, "usr", "bin", "busybox")
    if not kernels or not os.path.isfile(busybox):
        raise RecordError(f"{root} has no kernel and busybox for riscv64: ./rivet fetch brings them.")
    return kernels[-1], busybox


def initramfs_write(path, busybox):
    """busybox, and as first program our script."""
    archive = record(1, "bin", b"", MODE_DIRECTORY)
    for number, (name, source) in enumerate((("bin/busybox", busybox), ("init", os.path.join(HERE, "record_init.sh"))), 2):
        with open(source, "rb") as file:
            archive += record(number, name, file.read(), MODE_PROGRAM)
    with open(path, "wb") as out:
        out.write(archive + record(0, "TRAILER!!!", b"", mode=0))


def linux_run(qemu, kernel, initramfs, seconds, verbose):
    """All that it says, up to the end of the trace."""
    words = f"console=ttyS0 quiet norandmaps cryptomgr.notests rivet_seconds={seconds}"
    command = [qemu, "-M", "virt", "-smp", "1", "-m", "512M", "-display", "none", "-monitor", "none", "-serial", "stdio",
               "-no-reboot", "-kernel", kernel, "-initrd", initramfs, "-append", words, *ICOUNT]
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   bufsize=0, start_new_session=True, preexec_fn=die_with_parent)
    except OSError as error:
        raise RecordError(f"{qemu} can't be run ({error.strerror}).") from None
    text, deadline = bytearray(), time.monotonic() + SECONDS_LIMIT
    try:
        while ENDS not in text[-4096:]:
            if not select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise RecordError(f"The Linux takes longer than {SECONDS_LIMIT} s.")
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                raise RecordError("The Linux ended before it was done: " + tail(text))
            if verbose:
                sys.stderr.buffer.write(piece)
            text += piece
    finally:
        qemu_end(process)
    return bytes(text)


def tail(text):
    return text.decode(errors="replace").strip()[-500:]


def trace_of(text):
    """What stands between the marks, unpacked."""
    match = re.search(re.escape(BEGINS) + rb"\r?\n(.*?)" + re.escape(ENDS), text, re.S)
    try:
        return gzip.decompress(base64.b64decode(match[1]))
    except (TypeError, binascii.Error, OSError, EOFError):
        raise RecordError("What the Linux printed is no trace: " + tail(text)) from None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, metavar="TRACE", help="ftrace's text")
    parser.add_argument("--seconds", type=int, default=2, choices=range(1, 61), metavar="1...60",
                        help="how long a stretch is recorded (2)")
    parser.add_argument("--fetch", default=os.path.join(ROOT, "build", "fetch"), metavar="DIR")
    parser.add_argument("--qemu", default="qemu-system-riscv64")
    parser.add_argument("--verbose", action="store_true", help="show what the Linux prints")
    options = parser.parse_args()
    initramfs, whole = options.output + ".initramfs", options.output + ".new"
    try:
        kernel, busybox = fetched(options.fetch)
        initramfs_write(initramfs, busybox)
        say(f"booting {os.path.basename(kernel)}, which takes about a minute")
        trace = trace_of(linux_run(options.qemu, kernel, initramfs, options.seconds, options.verbose))
        with open(whole, "wb") as out:
            out.write(trace)
        os.replace(whole, options.output)
    except RecordError as error:
        say(error)
        return 1
    except OSError as error:
        say(f"{error.filename or options.output}: {error.strerror}.")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        for left in (initramfs, whole):
            with contextlib.suppress(OSError):
                os.remove(left)
    say(f"{options.output}: {len(re.findall(rb' sched_switch: ', trace))} switches")
    return 0


if __name__ == "__main__":
    sys.exit(main())
