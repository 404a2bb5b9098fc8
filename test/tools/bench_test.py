#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is made of figures: the paper's tables, the report and the same opened in a browser, the comparison with a baseline.
The figures themselves are invented here."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tools"), os.path.join(TOP, "tools", "paper")]
import baseline
import experiments
import linux_figures
import paths
import report
import tables

CHROMIUM = shutil.which("chromium")
BROWSER = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--virtual-time-budget=5000",
           "--enable-logging=stderr", "--proxy-server=127.0.0.1:9", "--window-size=1280,6000"]
TIMEOUT_SECONDS = 90
LISTED = experiments.tables_read()
ROWS = [row for table in LISTED for row in table.rows]
BARS = [row for table in LISTED if table.key != "stride" for row in table.rows]  # those are a curve
CURVE = {f"stride_{tickets}_{quanta}": str(tickets * quanta) for tickets in (1, 2, 3) for quanta in range(10, 101, 10)}
LOW = dict.fromkeys((row.name for row in ROWS), "1") | CURVE


def linux_of(**values):
    return {name: linux_figures.Linux(str(stock), str(lean), "bench/linux/x.c") for name, (stock, lean) in values.items()}


class List(unittest.TestCase):
    def test_each_row_names_a_program_that_is_there(self):
        for table in LISTED:
            self.assertTrue(table.rows and table.differs)
        for row in ROWS:
            self.assertTrue(os.path.exists(os.path.join(TOP, "bench", row.source)), row)
        self.assertEqual(len({row.name for row in ROWS}), len(ROWS))

    def test_a_figure_is_cycles_unless_it_is_instructions(self):
        micro, counted = experiments.figures_parse("ultrix:21.3us aegis:18i")
        self.assertEqual((micro.instructions, counted.instructions), (Fraction("532.5"), 18))
        slow, = experiments.figures_parse("exos2100:8us")
        self.assertEqual(slow.instructions, 100)
        both, each = experiments.figures_parse("ultrix:2us*2 ultrix:200us/100")
        self.assertEqual((both.instructions, each.instructions), (100, 50))
        self.assertEqual((both.text, each.text), ("2 * 2 us", "200 / 100 us"))

    def test_a_line_that_is_none_is_refused(self):
        for line in ("= key\ttitle\ttable\n", "row\t-\tcall.c\ttext\n", "= k\tt\tr\td\nrow\tultrix:3ms\tcall.c\ttext\n"):
            with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
                file.write(line)
                file.flush()
                with self.assertRaises(experiments.ListError):
                    experiments.tables_read(file.name)


class Beaten(unittest.TestCase):
    def named(self, values, systems=("Ultrix", "Linux"), linux=None):
        return [(one.row.name, one.system) for one in experiments.beaten_by(LISTED, {**LOW, **values}, systems, linux or {})]

    def test_nobody_beats_one_instruction(self):
        self.assertEqual(self.named({}, ("Ultrix", "Linux", "Aegis", "ExOS", "L3"), linux_of(null_call=(2, 1))), [])

    def test_who_needs_less_is_named(self):
        self.assertEqual(self.named({"null_call": "533"}), [("null_call", "Ultrix")])
        self.assertEqual(self.named({"null_call": "532"}), [])
        self.assertEqual(self.named({"prot1": "20"}, linux=linux_of(prot1=(19, 21))), [("prot1", "Linux")])
        self.assertEqual(self.named({"exception": "19"}, ("Aegis",)), [("exception", "Aegis")])

    def test_the_reports_first_paragraph_says_so(self):
        first = re.search(r"<p.*?</p>", report.report_make(LISTED, {**LOW, "null_call": "533"}, {}, {}))[0]
        self.assertRegex(first, "Ultrix needs less than Rivet in 1 rows?.*null_call.*21.3 us.*533")
        first = re.search(r"<p.*?</p>", report.report_make(LISTED, LOW, {}, linux_of(prot1=(5, 5))))[0]
        self.assertIn("Ultrix or Linux needs less than Rivet in no row", first)


class Text(unittest.TestCase):
    def test_a_row_is_a_name_a_tab_and_its_value(self):
        values = {row.name: str(number) for number, row in enumerate(ROWS)}
        text = tables.tables_text(LISTED, values, False)
        found = dict(line.split("\t")[:2] for line in text.splitlines() if line and not line.startswith("#"))
        self.assertEqual(found, values)
        for table in LISTED:
            self.assertIn(f"# {table.title}: {table.of_paper}", text)

    def test_columns_are_for_people(self):
        text = tables.tables_text(LISTED, LOW, True)
        self.assertNotIn("\t", text)
        self.assertRegex(text, r"(?m)^null_call +1  Ultrix, DEC5000/125: 21.3 us")


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="bench ")
        cls.addClassCleanup(temporary.cleanup)
        cls.top = temporary.name
        values = {row.name: str(7 * number) for number, row in enumerate(ROWS)} | CURVE
        cls.html = report.report_make(LISTED, values, {"prot1": paths.Path(148, 12, 3)}, linux_of(prot1=(3430, 3408), trap=(13667, "12114.5")))
        cls.page = os.path.join(cls.top, "report.html")
        with open(cls.page, "w", encoding="utf-8") as out:
            out.write(cls.html)

    def browse(self, *options):
        command = [CHROMIUM, *BROWSER, f"--user-data-dir={self.top}/profile", *options, f"file://{self.page}"]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
                              env={**os.environ, "HOME": self.top}, timeout=TIMEOUT_SECONDS)

    def test_it_is_one_file(self):
        self.assertNotRegex(self.html, r"url\(|@import|<script|<link|<img")
        self.assertEqual(set(re.findall(r"https?://[^\s\"'<)]+", self.html)), {"http://www.w3.org/2000/svg"})
        for link in re.findall(r'href="([^"]*)"', self.html):
            self.assertIn(f'id="{link[1:]}"', self.html)

    def test_each_bar_names_its_program(self):
        for row in BARS:
            self.assertRegex(self.html, rf"{row.name}: .*?· bench/{row.source}<")
        self.assertRegex(self.html, "3 tickets: [0-9,]+ · bench/stride.c<")
        self.assertRegex(self.html, "12,114.5 · bench/linux/x.c<")
        self.assertRegex(self.html, "161 us, 4,025 cycles · the paper, Table 10<")
        self.assertNotRegex(self.html, r'[ (](?:x|y|width|height)="[^"]*(?:nan|inf)')

    def test_longer_bars_are_more(self):
        bars = re.findall(r'<rect [^>]*width="([0-9.]+)"[^>]*><title>Rivet: ([0-9,]+) ·', self.html)
        self.assertEqual(len(bars), len(BARS))
        start = 0
        for table in (one for one in LISTED if one.key != "stride"):
            widths = [float(width) for width, _ in bars[start:start + len(table.rows)]]
            self.assertEqual(widths, sorted(widths))
            start += len(table.rows)

    @unittest.skipUnless(CHROMIUM, "there is no chromium")
    def test_a_browser_shows_it(self):
        result = self.browse("--dump-dom")
        self.assertNotRegex(result.stderr, r"CONSOLE|Uncaught|ERR_")
        self.assertEqual(result.stdout.count("<svg"), self.html.count("<svg"))
        picture = os.path.join(self.top, "shot.png")
        self.browse(f"--screenshot={picture}", "--hide-scrollbars")
        self.assertGreater(os.path.getsize(picture), 100_000)  # an empty page is a tenth of that


LOG = """----------------
IN:
Priv: 0; Virt: 0
0x0000000000010000:  1141              addi                    sp,sp,-16

Trace 0: 0x1000 [0000000000000000/0000000000010000/00201000/ff020200]
----------------
IN:
Priv: 1; Virt: 0
0xffffffff80000180:  140310f3          csrrw                   t1,sscratch,t1
0xffffffff80000184:  00533423          sd                      t0,8(t1)
0xffffffff80000188:  00c5a52f          amoadd.w.aqrl           a0,a2,(a1)

Trace 0: 0x2000 [0000000000000000/ffffffff80000180/00209001/ff020200]
Trace 0: 0x2000 [0000000000000000/ffffffff80000180/00209001/ff020200]
Stopped execution of TB chain before 0x2000 [ffffffff80000180]
Trace 0: 0x2000 [0000000000000000/ffffffff80000180/00209001/ff020200]
----------------
IN:
Priv: 1; Virt: 0
0xffffffff80000190:  00053283          ld                      t0,0(a0)
0xffffffff80000194:  18029073          csrrw                   zero,satp,t0
0xffffffff80000198:  180022f3          csrrs                   t0,satp,zero
0xffffffff8000019c:  12000073          sfence.vma              zero,zero
0xffffffff800001a0:  10200073          sret

Trace 0: 0x3000 [0000000000000000/ffffffff80000190/00209001/ff020200]
Trace 0: 0x4000 [0000000000000000/0000000000020000/00201000/ff020200]
Trace 0: 0x2000 [0000000000000000/ffffffff80000180/00209001/ff020200]
"""


class Paths(unittest.TestCase):
    def test_a_trace_is_counted_between_its_marks(self):
        trace = paths.Trace(0x10000, 0x20000)
        for line in LOG.splitlines(keepends=True):
            trace.see(line)
        self.assertEqual(trace.operations, [paths.Path(instructions=11, loads=1, stores=2, atomics=2, registers=4, fences=1, satp=1)])

    def test_kinds(self):
        for name, operands, kind in (("lbu", "a0,0(a1)", "loads"), ("lr.w", "t6,(a0)", "loads"), ("fsd", "f0,0(a0)", "stores"),
                                     ("sc.d", "t0,t1,(a0)", "stores"), ("sll", "a0,a0,a1", None), ("lui", "a0,1", None),
                                     ("sub", "a0,a0,a1", None), ("slt", "a0,a0,a1", None), ("csrrs", "a0,satp,zero", "registers")):
            path = paths.instruction_kind(name, operands)
            self.assertEqual([one for one in paths.HEADS[1:] if getattr(path, one)], [kind] if kind else [], name)


class Baseline(unittest.TestCase):
    def test_slower_is_more_than_both(self):
        for before, after, slower in (("100", "103", False), ("100", "104", True), ("17", "19", False), ("17", "20", True),
                                      ("0", "2", False), ("0", "3", True), ("13.98", "16.1", True), ("20", "10", False)):
            self.assertEqual(baseline.is_slower(before, after), slower, (before, after))

    def test_complaints(self):
        before = {"prot1": "100", "gone": "5", "kernel_text": "100", "trap": "33"}
        found = baseline.complaints(before, {"prot1": "110", "kernel_text": "200", "trap": "30", "new": "9"})
        self.assertEqual(found, ["prot1 was 100 and is 110 (+10.0%)", "there is no row gone any more"])

    def test_what_changed_most_comes_first(self):
        lines = baseline.compare_lines({"a": "100", "b": "10", "c": "7", "d": "1"}, {"a": "101", "b": "5", "c": "7", "e": "2"})
        self.assertEqual(lines, [("b", "10", "5", "-50.0%"), ("a", "100", "101", "+1.0%"), ("e", "-", "2", "new"),
                                 ("d", "1", "-", "gone"), ("c", "7", "7", "0.0%")])

    def test_its_file_can_be_read_again(self):
        text = baseline.baseline_text({"base": [("a", "1"), ("b", "2.50")], "vm": [("a", "1"), ("c", "3")]})
        self.assertEqual(baseline.baseline_parse(text), {"a": "1", "b": "2.50", "c": "3"})
        self.assertTrue(baseline.baseline_read())

    def test_a_revision_that_is_none_is_refused(self):
        for revision in ("no-such-revision", "--help", ""):
            with self.assertRaises(baseline.BaselineError):
                baseline.baseline_of(revision)


if __name__ == "__main__":
    unittest.main()
