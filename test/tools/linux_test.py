#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What ./rivet bench --linux makes of what a Linux prints. The Linux is a script in QEMU's place, its figures are made up."""

import os
import subprocess
import sys
import tempfile
import types
import unittest
import unittest.mock

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tools"), os.path.join(TOP, "tools", "paper")]
import fetch
import linux_bench
import linux_figures

QEMU = """#!/usr/bin/python3
import sys, time
words = sys.argv
if words[words.index("-kernel") + 1].endswith("firmware"):
    print("0000000000000010")
    sys.exit()
lean = "mitigations=off" in words[words.index("-append") + 1]
assert b"TRAILER!!!" in open(words[words.index("-initrd") + 1], "rb").read()
print("OpenSBI says\\tmuch")
%s
"""
GOOD = """print("boot_ticks\\t90\\nbegun\\nnull_call\\t%d\\nprot100\\t1550\\nend" % (200 if lean else 350), flush=True); time.sleep(60)"""


class Linux(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for name in ("linux/init", "linux/firmware", "fetch/riscv64.root/boot/vmlinux-9.9", "tmp/keep"):
            path = os.path.join(self.folder.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(b"contents")
        temporary = unittest.mock.patch.object(tempfile, "tempdir", os.path.join(self.folder.name, "tmp"))
        temporary.start()
        self.addCleanup(temporary.stop)
        said = unittest.mock.patch.object(linux_bench, "say")
        self.said = said.start()
        self.addCleanup(said.stop)

    def options(self, script):
        qemu = os.path.join(self.folder.name, "qemu")
        with open(qemu, "w", encoding="utf-8") as file:
            file.write(QEMU % script)
        os.chmod(qemu, 0o755)
        return types.SimpleNamespace(build=self.folder.name, fetch=os.path.join(self.folder.name, "fetch"), qemu=qemu)

    def refused(self, script, limit=60):
        with unittest.mock.patch.object(linux_bench, "SECONDS_LIMIT", limit), self.assertRaises(linux_bench.LinuxError) as caught:
            linux_bench.linux_measure(self.options(script))
        self.assertEqual(os.listdir(os.path.join(self.folder.name, "tmp")), ["keep"])
        return str(caught.exception)

    def test_figures_are_per_operation_and_the_boots_without_the_firmwares(self):
        figures = linux_bench.linux_measure(self.options(GOOD))
        self.assertEqual(figures, {"boot": ("7400", "7400"), "null_call": ("350", "200"), "prot100": ("15.50", "15.50")})
        self.assertEqual(os.listdir(os.path.join(self.folder.name, "tmp")), ["keep"])
        self.assertIn("Linux 9.9", self.said.call_args_list[0][0][0])

    def test_the_table_has_what_both_have_and_the_lean_figure(self):
        linux = {"null_call": ("350", "200"), "dirty": ("9", "8"), "prot1": ("7", "6"), "prot1_own": ("5", "4")}
        lines = list(linux_bench.table_lines({"null_call": "17", "prot1": "0", "matrix": "5"}, linux))
        self.assertEqual(lines, [("operation", "Rivet", "Linux", "ratio"), ("null_call", "17", "200", "11.76"),
                                 ("prot1", "0", "6", "-"), ("prot1_own", "0", "4", "-")])

    def test_what_it_writes_the_report_reads(self):
        path = os.path.join(self.folder.name, "bench", "linux.tsv")
        linux_bench.figures_write({"null_call": ("350", "200")}, path)
        self.assertEqual(tuple(linux_figures.linux_read(path)["null_call"]), ("350", "200"))
        self.assertEqual(linux_bench.FIGURES, linux_figures.FILE)

    def test_a_linux_that_fails_says_what_failed(self):
        self.assertEqual(self.refused('print("boot_ticks\\t9\\nbegun\\nfailed\\tuserfaultfd, error 38\\nend")'),
                         "Linux 9.9 as it is can't be measured: userfaultfd, error 38.")
        self.assertRegex(self.refused('print("Kernel panic - not syncing")'), "ended before it was measured.*Kernel panic")
        self.assertRegex(self.refused('print("end")'), "ended before it was measured")

    def test_a_linux_that_does_not_end_is_ended(self):
        self.assertEqual(self.refused("sys.stdout.flush(); time.sleep(300)", limit=1), "Linux 9.9 as it is takes longer than 1 s.")

    def test_without_linux_there_is_one_sentence(self):
        options = self.options(GOOD)
        options.fetch = os.path.join(self.folder.name, "nothing")
        with unittest.mock.patch.object(fetch, "linux_fetch", side_effect=fetch.FetchError("is there a network?")):
            with self.assertRaises(linux_bench.LinuxError) as caught:
                linux_bench.linux_find(options)
        self.assertRegex(str(caught.exception), "^Linux can't be had.*is there a network[?]$")
        command = [os.path.join(TOP, "tools", "bench.py"), "--linux", "--build", options.build, "--fetch", options.fetch]
        result = subprocess.run(command, env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual((result.stdout, result.stderr.count("\n")), ("", 1))

    def test_operations_are_what_the_program_prints(self):
        rows = linux_bench.rows_read()
        self.assertEqual(len({key for key, *_ in rows}), len(rows))
        printed = set(linux_figures.sources_find()) | {"boot"}
        self.assertEqual([key for key, *_ in rows if key not in printed], [])


if __name__ == "__main__":
    unittest.main()
