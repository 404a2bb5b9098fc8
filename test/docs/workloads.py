#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/workloads.md: its tables are those of workload.def, and its examples, like the workloads that we have, are read without an
error. The reader is the one that the guest and the simulator have, compiled for this machine."""

import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "docs", "workloads.md")
EXAMPLE = re.compile(r"^```load\n(.*?)^```", re.S | re.M)
READER = r"""
#include <bench/sched/workload.h>
#include <stdio.h>
static struct workload workload;
static char text[1 << 22];
int main(int count, char **files)
{
    for (int i = 1; i < count; i++) {
        FILE *file = fopen(files[i], "r");
        if (!file || !workload_parse(&workload, files[i], text, fread(text, 1, sizeof(text), file))) {
            puts(file ? workload.error : files[i]);
            return 1;
        }
        fclose(file);
    }
    return 0;
}
"""


def main():
    subprocess.run([sys.executable, os.path.join(ROOT, "tools", "workloads_doc.py"), "--check"], check=True)
    with open(PAGE, encoding="utf-8") as file:
        examples = EXAMPLE.findall(file.read())
    files = sorted(glob.glob(os.path.join(ROOT, "bench", "sched", "workloads", "*.load")))
    if len(examples) < 2 or len(files) < 14:
        sys.exit("workloads: there are fewer examples or workloads than there were.")
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(examples):
            path = os.path.join(folder, f"example_{number}.load")
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            files.append(path)
        program, source = os.path.join(folder, "reader"), os.path.join(folder, "reader.c")
        with open(source, "w", encoding="utf-8") as out:
            out.write(READER)
        parts = [os.path.join(ROOT, "bench", "sched", name) for name in ("workload.c", "reader.c")]
        subprocess.run(["cc", "-I", ROOT, "-o", program, source, *parts], check=True)
        status = subprocess.run([program, *files], check=False).returncode
    print(f"{len(examples)} examples, {len(files) - len(examples)} workloads")
    sys.exit(status)


if __name__ == "__main__":
    main()
