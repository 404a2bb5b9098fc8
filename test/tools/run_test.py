#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""run.py against a QEMU that is a script: statuses, streams, input, Ctrl-C, and no QEMU left running."""

import os
import signal
import subprocess
import tempfile
import time
import unittest

import pexpect

RUN = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "run.py"))

# Leaves its process number behind, plays the program that the boot arguments name, and then waits to be
# ended.
FAKE = r"""#!/usr/bin/python3
import os, sys, time
if "--version" in sys.argv:
    print("QEMU emulator version " + open(os.path.dirname(sys.argv[0]) + "/version").read())
    sys.exit()
open(os.path.dirname(sys.argv[0]) + "/pid", "w").write(str(os.getpid()))
words = sys.argv[sys.argv.index("-append") + 1].split()
put = lambda data: os.write(1, data)
def cat():
    put(b"\x101")
    while True:
        byte = os.read(0, 1)
        if byte == b"\x04": return put(b"\x10x0\n")
        if byte == b"\x03": return put(b"\x10x130\n")
        put(b"\x10\x10" if byte == b"\x10" else byte)
acts = {
    "hello": lambda: put(b"\x101Hello\n\x102warning\n\x10x7\n"),
    "args": lambda: put(b"\x101" + " ".join(words).encode() + b"\x10x0\n"),
    "cat": cat,
    "hang": lambda: put(b"\x101here\n"),
    "die": lambda: sys.exit(3),
    "panic": lambda: put(b"\x10krivet: panic: the sky fell\nregisters\n"),
    "flood": lambda: [put(b"\x101" + b"y" * 60000) for _ in range(10000)],
}
put(b"Firmware\r\n")
if words == ["early"]:
    put(b"rivet: panic: no memory\n")
else:
    put(b"\x10kkernel\n")
    acts[words[words.index("run") + 1]]()
time.sleep(600)
"""


class Run(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="with blanks ")
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        for name, text in (("qemu", FAKE), ("version", "7.2.22"), ("rivet.bin", ""), ("initrd.cpio", "")):
            with open(self.path(name), "w", encoding="utf-8") as out:
                out.write(text)
        os.chmod(self.path("qemu"), 0o755)

    def path(self, name):
        return os.path.join(self.folder, name)

    def command(self, *arguments):
        return [RUN, "--build", self.folder, "--qemu", self.path("qemu"), *arguments]

    def run_app(self, *arguments, data=b""):
        command = self.command(*arguments)
        result = subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)
        self.assert_gone()
        return result

    def assert_gone(self):
        """The script that plays QEMU has ended."""
        with open(self.path("pid"), encoding="ascii") as file:
            pid = int(file.read())
        for _ in range(50):
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                    if file.read().rpartition(")")[2].split()[0] == "Z":
                        return
            except FileNotFoundError:
                return
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        self.fail("QEMU was left running")

    def test_status_and_streams(self):
        result = self.run_app("hello")
        self.assertEqual((result.returncode, result.stdout), (7, b"Hello\n"))
        self.assertEqual(result.stderr, b"kernel\nwarning\n")

    def test_arguments_and_options(self):
        result = self.run_app("--trace", "--append", "x=1 y", "args", "a b", "", "--harts")
        self.assertEqual(result.stdout, b"framed trace x=1 y run args a%20b %00 --harts")

    def test_more_arguments_than_reach_a_program(self):
        for words in (["x"] * 64, ["x" * 1023]):
            result = subprocess.run(self.command("args", *words), capture_output=True, text=True, check=False)
            self.assertEqual((result.returncode, result.stdout), (125, ""))
            self.assertRegex(result.stderr, r"\Arivet: There are too many arguments[^\n]*\.\n\Z")
        self.assertEqual(self.run_app("args", *["x"] * 63).returncode, 0)

    def test_input_arrives_and_its_end_too(self):
        data = bytes(byte for byte in range(256) if byte not in (3, 4)) * 100
        result = self.run_app("cat", data=data)
        self.assertEqual((result.returncode, result.stdout), (0, data))

    def test_the_firmware_speaks_only_when_asked(self):
        self.assertNotIn(b"Firmware", self.run_app("hello").stderr)
        self.assertIn(b"Firmware", self.run_app("--verbose", "hello").stderr)

    def test_timeout(self):
        result = self.run_app("--timeout", "1", "hang")
        self.assertEqual((result.returncode, result.stdout), (124, b"here\n"))

    def test_qemu_ends_first(self):
        result = self.run_app("die")
        self.assertEqual(result.returncode, 125)
        self.assertIn(b"Firmware", result.stderr)
        self.assertIn(b"QEMU ended (with 3)", result.stderr)

    def test_panic(self):
        result = self.run_app("panic")
        self.assertEqual(result.returncode, 125)
        self.assertIn(b"the sky fell\nregisters\n", result.stderr)

    def test_panic_before_the_first_frame(self):
        with open(self.path("qemu"), encoding="utf-8") as file:
            script = file.read().replace('words == ["early"]', "True")
        with open(self.path("qemu"), "w", encoding="utf-8") as out:
            out.write(script)
        result = self.run_app("hello")
        self.assertEqual(result.returncode, 125)
        self.assertIn(b"rivet: panic: no memory", result.stderr)

    def test_nobody_reads_our_output(self):
        run = subprocess.Popen(self.command("flood"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        run.stdout.read(100)
        run.stdout.close()
        self.assertEqual(run.wait(30), 141)
        self.assertNotIn(b"Traceback", run.stderr.read())
        run.stderr.close()
        self.assert_gone()

    def test_signals(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129),
                               (signal.SIGKILL, -signal.SIGKILL)):
            run = subprocess.Popen(self.command("hang"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
            self.assertEqual(run.stdout.readline(), b"here\n")
            run.send_signal(number)
            self.assertEqual(run.wait(30), status)
            run.stdout.close()
            self.assert_gone()

    def test_an_old_qemu_and_none(self):
        with open(self.path("version"), "w", encoding="ascii") as out:
            out.write("6.2.0")
        for qemu, sentence in ((self.path("qemu"), "too old"), (self.path("nothing"), "can't be run")):
            command = [RUN, "--qemu", qemu, "hello"]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 125)
            self.assertRegex(result.stderr, rf"\Arivet: [^\n]*{sentence}[^\n]*\.\n\Z")

    def test_nothing_was_built(self):
        os.remove(self.path("rivet.bin"))
        result = subprocess.run(self.command("hello"), capture_output=True, text=True, check=False)
        self.assertRegex(result.stderr, r"\Arivet: [^\n]*rivet.bin does not exist[^\n]*\.\n\Z")

    # On a terminal

    def spawn(self, app):
        command = self.command(app)
        terminal = pexpect.spawn(command[0], command[1:], timeout=30)
        self.addCleanup(terminal.close, force=True)
        return terminal

    def status_of(self, terminal):
        terminal.expect(pexpect.EOF)
        terminal.close()
        self.assert_gone()
        return terminal.exitstatus

    def test_ctrl_c_reaches_the_program(self):
        terminal = self.spawn("cat")
        terminal.expect("kernel")
        terminal.send("one\r")
        terminal.expect("one")
        terminal.sendcontrol("c")
        self.assertEqual(self.status_of(terminal), 130)

    def test_three_ctrl_c_end_a_guest_that_is_deaf(self):
        terminal = self.spawn("hang")
        terminal.expect("here")
        terminal.send("\x03\x03\x03")
        self.assertEqual(self.status_of(terminal), 130)

    def test_the_terminal_is_as_it_was(self):
        script = 'before=$(stty -g); "$@"; [ "$before" = "$(stty -g)" ] && echo restored'
        shell = pexpect.spawn("/bin/bash", ["-c", script, "-", *self.command("hang")], timeout=30)
        self.addCleanup(shell.close, force=True)
        shell.expect("here")
        shell.send("\x03\x03\x03")
        shell.expect("restored")
        self.assert_gone()


if __name__ == "__main__":
    unittest.main()
