#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The shell, driven through a pseudo-terminal as a person would.

    shell_test.py --build build/rivet --harts 4

One boot serves most steps, in the order of STEPS: each leaves a prompt behind for the next. What went over the
line is printed when a step fails. QEMU ends with us, however we end.
"""

import argparse
import os
import re
import subprocess
import sys
import time

import pexpect

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "run.py")
PROMPT = "rivet> "
HELLO = "Hello from Rivet"
UP, LEFT = "\x1b[A", "\x1b[D"
CTRL_C, CTRL_D, CTRL_U, CTRL_BACKSLASH = "\x03", "\x04", "\x15", "\x1c"
COUNT_LINES = 100000  # as client.c has it
LIMIT_SECONDS = 30  # for one thing to appear; a loaded machine with one core needs some


class Shell:
    """A machine at the other end of a terminal."""

    def __init__(self, options):
        self.harts = options.harts
        self.line = pexpect.spawn(RUN, ["--build", options.build, "--harts", str(options.harts), *options.more],
                                  timeout=LIMIT_SECONDS, encoding="utf-8", codec_errors="replace",
                                  dimensions=(24, 80))
        self.line.logfile_read = self.log = Log()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.line.close(force=True)

    def type(self, keys):
        self.line.send(keys)

    def expect(self, text):
        """Waits for exactly this text; returns what came before it."""
        self.line.expect_exact(text)
        return self.line.before

    def prompt(self):
        """Waits for the next prompt; returns the lines before it."""
        self.line.expect("\r+\n" + PROMPT)  # the terminal adds returns to ours
        return re.sub("\r+\n", "\n", self.line.before).strip("\n").split("\n")

    def command(self, text):
        """Types a line; returns the lines it prints."""
        self.type(text)
        self.expect(text)  # the echo
        self.type("\r")
        return self.prompt()

    def hello(self):
        """The machine still works."""
        printed = self.command("hello")
        check(printed == [HELLO], printed)

    def ended(self):
        """Waits for QEMU's end; returns the exit status."""
        self.line.expect(pexpect.EOF)
        self.line.wait()
        return self.line.exitstatus


class Log:
    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def check(condition, *what):
    if not condition:
        raise AssertionError(" ".join(map(str, what)))


# The steps


def prompt(shell):
    shell.expect(PROMPT)
    time.sleep(0.5)
    try:
        after = shell.line.read_nonblocking(100, timeout=0.1)
    except pexpect.TIMEOUT:
        after = ""
    check(after == "", "behind the prompt came", repr(after))


def programs(shell):
    shell.hello()
    # Blanks around words, an empty line, a line of blanks.
    for typed, wanted in (("  hello  ", HELLO), ("", ""), ("    ", "")):
        printed = shell.command(typed)
        check(printed == [wanted], printed)


def arguments(shell):
    printed = shell.command("echo one 'two  three' \"\" four\\ five '&'")
    check(printed == ["one two  three  four five &"], printed)


def editing(shell):
    for keys in ("helo" + LEFT + "l", "nonsense" + CTRL_U + "hello", "x" * 300 + CTRL_U + "hello",
                 "hello\x1b[15~\x1b[1;2P"):  # F5 and Shift-F1, which mean nothing here
        shell.type(keys + "\r")
        printed = shell.prompt()
        check(printed[-1] == HELLO, printed)


def history(shell):
    shell.command("hello")
    shell.command("help")
    shell.type(UP + UP + "\r")
    printed = shell.prompt()
    check(printed[-1] == HELLO, printed)


def abandoned(shell):
    shell.type("hello" + CTRL_C)
    printed = shell.prompt()
    check(printed == ["hello^C"], printed)


def interrupt(shell):
    for key in (CTRL_C, CTRL_BACKSLASH):
        shell.type("spin\r")
        time.sleep(0.5)
        shell.type(key)
        printed = shell.prompt()
        check(printed[-1] == "spin: stopped (status 130)", printed)
        shell.hello()


def type_ahead(shell):
    """What is typed while nobody reads is there when the shell reads again."""
    shell.type("spin\r")
    time.sleep(0.5)
    shell.type(CTRL_C + "hello\r")
    shell.expect("spin: stopped (status 130)")
    shell.expect(HELLO)
    shell.prompt()


def own_interrupt(shell):
    """A program may deal with Ctrl-C itself, and one that only says so is stopped all the same."""
    shell.type("test_client catch\r")
    shell.expect("waiting")
    shell.type(CTRL_C)
    printed = shell.prompt()
    check(printed == ["caught", "test_client: status 3"], printed)
    shell.type("test_client deaf\r")
    shell.expect("waiting")
    shell.type(CTRL_C + CTRL_BACKSLASH)
    printed = shell.prompt()
    check(printed[-1] == "test_client: stopped (status 130)", printed)


def reading(shell):
    """A program in the foreground gets what is typed, one in the background does not."""
    for mode, keys, wanted in (("keys", "a\r" + CTRL_D + "q", "[61][0d][04][71]"),
                               ("raw", CTRL_C + CTRL_BACKSLASH + UP + "q", "[03][1c][1b][5b][41][71]")):
        shell.type(f"test_client {mode}\r")
        shell.expect("reading")
        shell.type(keys)
        printed = shell.prompt()
        check(printed == [wanted], printed)
    shell.type("test_client keys &\r")
    shell.expect("reading")  # its prompt and ours come in any order
    shell.type("\r")
    shell.prompt()
    printed = shell.command("echo q")
    check(printed == ["q"], printed)
    check("test_cli" in ps_rows(shell), "a program in the background read what was typed")
    shell.command("kill test_client")
    shell.command("")


def mute(shell):
    """A program that faulted too early to speak: the shell does."""
    printed = shell.command("test_client mute")
    head = r"test_client: stopped by a page fault on a store, cause 0xf, pc 0x[0-9a-f]+, address 0x8"
    check(re.fullmatch(head, printed[0]), printed)
    check(any(re.search(r" s11 0x0{12}5eed\b", line) for line in printed), printed)
    check(printed[-1] == "test_client: stopped (status 139)", printed)
    shell.hello()


def unknown(shell):
    printed = shell.command("nosuchthing 1 2 3")
    check(len(printed) == 1 and re.fullmatch(r"nosuchthing: there is no .*\.", printed[0]), printed)
    printed = shell.command("echo 'open")
    check(len(printed) == 1 and "quote" in printed[0], printed)


def table(lines):
    """The rows of a table whose first line is its head."""
    return [line.split() for line in lines[1:]]


def ps_rows(shell):
    return {row[1]: row for row in table(shell.command("ps"))}


def background(shell):
    printed = shell.command("spin &")
    match = re.fullmatch(r"spin runs as ([0-9a-f]+)", printed[0])
    check(match, printed)
    rows = ps_rows(shell)
    check(rows["spin"][0] == match[1] and rows["spin"][2] in ("runs", "ready"), rows["spin"])
    shell.hello()
    time.sleep(0.3)
    before, after = float(rows["spin"][5]), float(ps_rows(shell)["spin"][5])
    check(after > before, "spin uses no time:", before, after)

    shell.command("kill spin")
    shell.type("\r")
    shell.prompt()
    check("spin" not in ps_rows(shell))
    match = re.fullmatch(r"spin runs as ([0-9a-f]+)", shell.command("spin &")[0])
    printed = shell.command("kill " + match[1])
    printed += shell.command("")
    check("spin: stopped (status 137)" in printed, printed)
    check("spin" not in ps_rows(shell))

    # One that ends by itself is reported, too.
    printed = shell.command("hello &")
    time.sleep(0.5)
    printed += shell.command("")
    check("hello: done" in printed, printed)


def flood(shell):
    """A program that writes without end keeps nobody from the line, and may die in the middle of a call."""
    for _ in range(3):
        shell.type("test_client flood &\r")
        shell.expect("flood\r")
        shell.type("hello\r")
        shell.expect(HELLO)
        shell.type("kill test_client\r")
        shell.type("\r")
        shell.expect("test_client: stopped (status 137)")
        shell.prompt()
        shell.type("echo quiet\r")
        shell.expect("\nquiet")
        shell.prompt()


def kill_refused(shell):
    for what in ("init", "console", "nobody", "ffffffffffffffffff", "0"):
        printed = shell.command("kill " + what)
        check(len(printed) == 1 and printed[0].startswith("kill: "), printed)
    check(shell.command("kill")[0].startswith("kill: "))
    check("init" in ps_rows(shell))


def ps(shell):
    rows = ps_rows(shell)
    for name in ("init", "console", "shell"):
        check(name in rows, name, "is missing in", rows)
    check(rows["shell"][2] == "runs" and rows["shell"][3].isdigit(), rows["shell"])
    check(rows["console"][2] == "accepting", rows["console"])
    check(all(int(row[4]) >= 0 for row in rows.values()))


def mem_rows(shell):
    """Owner to (frames, {kind: frames})."""
    rows = {}
    for row in table(shell.command("mem")):
        kinds = {row[i + 1]: int(row[i]) for i in range(4, len(row), 2)}
        rows[row[0]] = (int(row[1]), kinds, row[3])
        check(int(row[2]) == 4 * int(row[1]), row)
        check(sum(kinds.values()) == int(row[1]), row)
    return rows


def mem(shell):
    rows = mem_rows(shell)
    check(rows["shell"][1]["free"] > 1000, rows["shell"])
    check("env" in rows["init"][1], rows["init"])
    check(rows["init"][2] == rows["console"][2] == "-", "init and the console have no share:", rows)
    check(int(rows["shell"][2]) > 1000, rows["shell"])
    total = sum(row[0] for row in rows.values())
    check(total % 256 == 0 and total * 4 // 1024 <= 128, "not a machine of 128 MiB:", total)


def nothing_lost(shell):
    """Programs that ended, crashed, or were stopped gave back every frame."""
    shell.command("hello")
    before = mem_rows(shell)
    for _ in range(3):
        shell.command("hello")
        shell.command("crash")
        shell.command("spin &")
        shell.command("kill spin")
        shell.command("")
    after = mem_rows(shell)
    check(before["shell"] == after["shell"], "before", before["shell"], "after", after["shell"])
    check(before.keys() == after.keys(), before.keys(), after.keys())


def slices(shell):
    lines = shell.command("slices")
    check(len(lines) == 1 + shell.harts, lines)
    for hart, line in enumerate(lines[1:]):
        check(line.startswith(f"hart {hart}:"), line)
        runs = re.findall(r"(\d+)(?:-(\d+))? (\S+)", line.split(":")[1])
        position = 0
        for first, last, owner in runs:
            check(int(first) == position and owner != "-", line)
            position = int(last or first) + 1
        check(position == 32, line)
        check("shell" in {run[2] for run in runs}, line)


def crash(shell):
    printed = shell.command("crash")
    text = "\n".join(printed)
    check(re.search(r"^crash: .*cause 0x[0-9a-f]+, pc 0x[0-9a-f]+, address 0x[0-9a-f]+", text, re.M), printed)
    check(re.search(r" ra 0x[0-9a-f]{16}", text) and re.search(r" t6 0x[0-9a-f]{16}", text), printed)
    check(re.search(r"^  at 0x[0-9a-f]+ \w+\+0x", text, re.M), "no backtrace with names:", printed)
    check(printed[-1] == "crash: stopped (status 139)", printed)
    shell.hello()


def timed(shell):
    printed = shell.command("time hello")
    check(printed[0] == "Hello from Rivet", printed)
    match = re.fullmatch(r"(\d+\.\d{6}) s(, \d+ instructions)?", printed[-1])
    check(match and 0 < float(match[1]) < LIMIT_SECONDS, printed)
    check(shell.command("time")[0].startswith("time: "))


def shares(shell):
    """Two programs of weights 300 and 100: so are their shares, and the shell's, of 25, is what is left or its guarantee."""
    shell.command("share 300 spin &")
    shell.command("spin &")
    rows = [row for row in table(shell.command("mem")) if row[0] == "spin"]
    check(len(rows) == 2, rows)
    one, other = sorted(int(row[3]) for row in rows)
    check(abs(other - 3 * one) < 4, rows)
    for _ in rows:
        shell.command("kill spin")
        shell.command("")
    for line in ("share", "share 0 spin", "share 10001 spin", "share spin 1", "share 1x spin", "share 100"):
        check(shell.command(line)[0].startswith("share: how much"), line)
    check("Hello" in shell.command("share 1 hello")[0])
    # A program is given 4 MiB. What it wants beyond comes from whoever has more than a share: here, the shell.
    check(shell.command("test_client eat 24")[-1] == "ate 24 MiB, 0 words are wrong")
    check("no free frame is left" in "\n".join(shell.command("test_client eat 500")))
    check(shell.command("test_client eat 24")[-1] == "ate 24 MiB, 0 words are wrong")


def listing(shell):
    names = {line.split()[1] for line in shell.command("ls")}
    check({"init", "console", "shell", "hello", "crash", "spin"} <= names, names)
    text = "\n".join(shell.command("help"))
    for word in ("ps", "mem", "slices", "kill", "share", "time", "reboot", "poweroff", "Ctrl-C"):
        check(word in text, word, "is not in the help")


def reboot(shell):
    shell.type("reboot\r")
    shell.expect("OpenSBI")
    shell.expect(PROMPT)
    shell.hello()


def end_of_input(shell):
    shell.type("x" + CTRL_D)  # on a line that is not empty it means another thing
    shell.type(CTRL_C)
    shell.prompt()
    shell.type(CTRL_D)
    status = shell.ended()
    check(status == 0, "QEMU ended with", status)


STEPS = (prompt, programs, arguments, editing, history, abandoned, unknown, ps, mem, slices, crash, interrupt,
         type_ahead, own_interrupt, reading, mute, background, flood, kill_refused, timed, shares, listing,
         nothing_lost, reboot, end_of_input)


def session(options):
    with Shell(options) as shell:
        try:
            for step in STEPS:
                run_step(step, shell)
        except (AssertionError, pexpect.ExceptionPexpect):
            print("What went over the line:\n" + shell.log.text, file=sys.stderr)
            raise


def run_step(step, shell):
    began = time.monotonic()
    try:
        step(shell)
    except (AssertionError, pexpect.ExceptionPexpect):
        print("in the step", step.__name__, file=sys.stderr)
        raise
    print(f"ok {step.__name__} ({time.monotonic() - began:.1f} s)", flush=True)


def poweroff(options):
    with Shell(options) as shell:
        shell.expect(PROMPT)
        shell.type("poweroff\r")
        status = shell.ended()
        check(status == 0, "QEMU ended with", status)
    print("ok poweroff", flush=True)


def piped(options):
    """Without a terminal: what is piped in is typed, and its end powers off."""
    command = [RUN, "--build", options.build, "--harts", str(options.harts), "--shell", "--timeout", "60"]
    result = subprocess.run(command, input=b"hello\necho piped\n", stdout=subprocess.PIPE, timeout=90)
    check(result.returncode == 0, "status", result.returncode)
    check(b"Hello from Rivet" in result.stdout and b"\npiped\r\n" in result.stdout, result.stdout)
    print("ok piped", flush=True)


def slow_reader(options):
    """A terminal that stops reading for a while loses nothing: the UART says when it has room again."""
    command = [RUN, "--build", options.build, "--harts", str(options.harts), "--timeout", "60"]
    command += ["test_client", "count"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as run:
        text = b""
        for _ in range(3):
            time.sleep(1)  # more than pipes and rings hold is waiting by then
            text += os.read(run.stdout.fileno(), 4096)
        text += run.stdout.read()
    check(run.returncode == 0, "status", run.returncode)
    check(text == b"".join(b"%d\n" % line for line in range(COUNT_LINES)), len(text), "bytes came")
    print("ok slow_reader", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True, help="where the kernel and the programs were built")
    parser.add_argument("--harts", type=int, default=4)
    parser.add_argument("more", nargs="*", metavar="-- OPTIONS",
                        help="more options of run.py's; then there is only the one long session")
    options = parser.parse_args()
    others = () if options.more else (poweroff, piped, slow_reader)
    try:
        for part in (session, *others):
            part(options)
    except (AssertionError, pexpect.ExceptionPexpect) as error:
        print("not ok:", str(error).split("<pexpect.", 1)[0].strip(), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
