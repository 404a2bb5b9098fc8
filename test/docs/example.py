#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/example, copied out of the tree, is built as its README.md says and runs in a guest.

    example.py --build build/rivet --work FOLDER
"""

import argparse
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def run(*command, status=0):
    """Runs a command, shows what it says, and returns its standard output."""
    print("$", *command, flush=True)
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    print(result.stdout, flush=True)
    if result.returncode != status:
        sys.exit(f"the exit status is {result.returncode}, not {status}")
    return result.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, help="Rivet's build tree, for the kernel")
    parser.add_argument("--work", required=True, help="a folder for the copy; emptied first")
    options = parser.parse_args()
    source, build = os.path.join(options.work, "source"), os.path.join(options.work, "build")
    shutil.rmtree(options.work, ignore_errors=True)
    shutil.copytree(os.path.join(ROOT, "docs", "example"), source)

    run("cmake", "-G", "Ninja", "-S", source, "-B", build, "-D", f"RIVET={ROOT}",
        "--toolchain", os.path.join(ROOT, "cmake", "riscv64.cmake"))
    run("cmake", "--build", build)
    guest = (os.path.join(ROOT, "tools", "run.py"), "--build", options.build, "--timeout", "60",
             "--initrd", os.path.join(build, "initrd.cpio"))
    said = run(*guest, "greet", "world")
    if not re.match(r"Hello, world, from environment [0-9a-f]+\n\d+ frames were mine; 1[0-9]{3} KiB more are mapped now\n$",
                    said):
        sys.exit("the program said something else")
    run(*guest, "greet", status=2)


if __name__ == "__main__":
    main()
