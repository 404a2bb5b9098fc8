#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""report.html, and the same opened in a browser: nothing from the network, nothing that fails, plots that are there."""

import json
import os
import re
import shutil
import subprocess
import unittest
from html.parser import HTMLParser

import sched_test

CHROMIUM = shutil.which("chromium")
BROWSER = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
           "--virtual-time-budget=5000"]
TIMEOUT_SECONDS = 90


class Elements(HTMLParser):
    """Counts elements, and notes where they point."""

    def __init__(self, text):
        super().__init__()
        self.count, self.links, self.ids = {}, [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        for name, value in attrs:
            if name in ("href", "src", "xlink:href", "data", "action", "poster", "srcset"):
                self.links.append(value)
            if name == "id":
                self.ids.add(value)


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tree = sched_test.Tree()
        cls.addClassCleanup(cls.tree.doCleanups)
        cls.tree.setUp()
        cls.tree.compare("--policy", "stride:quantum=1ms/20ms,round_robin,break", status=1)
        cls.html = cls.tree.read("build/sched/report.html")

    def browse(self, *options):
        """What the browser makes of the report, without a network; its profile is the tree's."""
        command = [CHROMIUM, *BROWSER, f"--user-data-dir={self.tree.path('profile')}", "--enable-logging=stderr",
                   "--proxy-server=127.0.0.1:9", *options, f"file://{self.tree.path('build/sched/report.html')}"]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
                              env={**os.environ, "HOME": self.tree.top}, timeout=TIMEOUT_SECONDS)

    def test_it_is_one_file_without_links_to_others(self):
        elements = Elements(self.html)
        self.assertTrue(elements.links)
        for link in elements.links:
            self.assertTrue(link.startswith("#") and link[1:] in elements.ids, link)
        self.assertNotRegex(self.html, r"url\(|@import|\bimport\(|fetch\(|XMLHttpRequest")
        self.assertEqual(set(re.findall(r"https?://[^\s\"'<)]+", self.html)), {"http://www.w3.org/2000/svg"})

    def test_it_says_what_was_run_and_what_the_figures_mean(self):
        for words in ("rivet sched --sim", "What the figures mean", "Jain", "Overview",
                      "picked a task that is blocked", "Only the policy changes", "what stride is"):
            self.assertIn(words, self.html)

    def test_it_carries_the_data(self):
        embedded = re.search(r'<script type="application/json" id="data">(.*?)</script>', self.html, re.S)[1]
        self.assertEqual(json.loads(embedded), json.loads(self.tree.read("build/sched/results.json")))

    def test_each_workload_has_its_plots(self):
        for name in sched_test.WORKLOADS:
            section = re.search(rf'<h2 id="{name}">(.*?)(?=<h2)', self.html, re.S)[1]
            labels = re.findall(r'aria-label="([^"]*)"', section)
            self.assertIn("who ran when", labels)
            self.assertIn("shares over time under eevdf", labels)
            self.assertTrue(any("against load" in label for label in labels), labels)
            self.assertTrue(any(label.endswith("by policy") for label in labels), labels)
            self.assertTrue(any("quantum" in label for label in labels), labels)
        for number in re.findall(r'[ (](?:x|y|cx|cy|width|height|d)="([^"]*)"', self.html):
            self.assertNotRegex(number, "nan|inf")

    @unittest.skipUnless(CHROMIUM, "there is no chromium")
    def test_a_browser_shows_it(self):
        result = self.browse("--dump-dom")
        self.assertIn("<title>Rivet: scheduling policies compared</title>", result.stdout)
        self.assertNotRegex(result.stderr, r"CONSOLE|Uncaught|ERR_")
        shown = Elements(result.stdout)
        self.assertEqual(shown.count["svg"], self.html.count("<svg"))

    @unittest.skipUnless(CHROMIUM, "there is no chromium")
    def test_a_browser_draws_it(self):
        picture = self.tree.path("shot.png")
        self.browse(f"--screenshot={picture}", "--window-size=1200,3000", "--hide-scrollbars")
        self.assertGreater(os.path.getsize(picture), 50_000)  # an empty page is a tenth of that


if __name__ == "__main__":
    unittest.main()
