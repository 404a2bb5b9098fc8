#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""gdb on the guest: QEMU waits at its first instruction, gdb-multiarch has the terminal and the symbols.

The guest's serial line is a pseudo-terminal of its own (its name is printed; `screen NAME` types into it),
and all that the guest says is also in debug.log. QEMU ends when gdb does.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

import run
from guest import GuestError, die_with_parent, qemu_check, qemu_end

GDB = "gdb-multiarch"


def port_free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def qemu_start(guest, port, log):
    """QEMU in a session of its own: Ctrl-C is gdb's. Returns it with the name of the pseudo-terminal."""
    line = f"pty,id=line,logfile={log.replace(',', ',,')}"
    serial = ["-display", "none", "-monitor", "none", "-chardev", line, "-serial", "chardev:line",
              "-S", "-gdb", f"tcp:127.0.0.1:{port}"]
    guest.check()
    with tempfile.TemporaryFile("w+") as said:
        qemu = subprocess.Popen(guest.command(serial), stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                start_new_session=True, preexec_fn=die_with_parent)
        for _ in range(200):
            said.seek(0)
            text = said.read()
            match = re.search(r"redirected to (\S+)", text)
            if match:
                return qemu, match[1]
            if qemu.poll() is not None:
                raise GuestError(f"QEMU ended at once: {text.strip()}")
            time.sleep(0.05)
    qemu.kill()
    raise GuestError("QEMU did not start within ten seconds.")


def gdb_command(build, app, port):
    """gdb with the symbols of the kernel and, if given, of the program."""
    commands = ["set confirm off", "set pagination off", "set architecture riscv:rv64"]
    if app:
        commands.append(f"add-symbol-file {os.path.join(build, 'apps', app)}")
    commands += [f"target remote 127.0.0.1:{port}", "set confirm on"]
    line = [GDB, "-q", os.path.join(build, "kernel.elf")]
    for command in commands:
        line += ["-ex", command]
    return line


def debug(options):
    app = options.app[0] if options.app else None
    if app and not os.path.isfile(os.path.join(options.build, "apps", app)):
        raise GuestError(f"There is no program called '{app}' in {options.build}/apps.")
    guest = run.guest_make(options, framed=False)
    port, log = port_free(), os.path.join(options.build, "debug.log")
    qemu, terminal = qemu_start(guest, port, log)
    try:
        run.say(f"the guest's serial line is {terminal} and {log}; `continue` starts it.")
        signal.signal(signal.SIGINT, lambda *_: None)  # gdb's own handler deals with it
        return subprocess.run(gdb_command(options.build, app, port), check=False).returncode
    except FileNotFoundError:
        raise GuestError(f"{GDB} can't be run: install the package gdb-multiarch.") from None
    finally:
        qemu_end(qemu)


def main(arguments):
    options = run.options_parse(arguments)
    run.signals_end_us()
    try:
        qemu_check(options.qemu)
        return debug(options)
    except GuestError as error:
        run.say(error)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
