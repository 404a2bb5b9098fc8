#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compiles a device tree with dtc, which has no option that makes its warnings errors: here they are."""

import argparse
import os
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser(prog="dtb", description=__doc__)
    parser.add_argument("--dtc", default="dtc", metavar="PATH")
    parser.add_argument("source")
    parser.add_argument("output")
    options = parser.parse_args()

    os.makedirs(os.path.dirname(os.path.abspath(options.output)), exist_ok=True)
    partial = options.output + ".new"
    result = subprocess.run([options.dtc, "-I", "dts", "-O", "dtb", "-o", partial, options.source],
                            stderr=subprocess.PIPE, text=True, check=False)
    sys.stderr.write(result.stderr)
    if result.returncode != 0 or result.stderr:
        if os.path.exists(partial):
            os.remove(partial)
        sys.exit(f"dtb: {options.source} is not accepted, for the reason above.")
    os.replace(partial, options.output)


if __name__ == "__main__":
    main()
