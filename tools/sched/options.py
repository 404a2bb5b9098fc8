# SPDX-License-Identifier: BSD-2-Clause
"""What a person asks of ./rivet sched: the command line, taken apart and checked as far as words go.

A policy is NAME or FILE.c, with parameters behind a colon: `cfs:latency=6ms,granularity=750us`. A comma is followed by
another parameter where there is a `=`, by another policy where there is none. Values between slashes are a sweep:
`stride:quantum=1ms/5ms` stands for two policies.
"""

import argparse
import itertools
import os
import re
import sys
from dataclasses import dataclass

import run

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HARTS_MAX, SEEDS_MAX, SWEEP_MAX = 64, 1000, 64
GUEST_HARTS_MAX = 8
PLACES = {"threads": "threads of one program, under its library's scheduler", "envs": "environments, under a scheduler environment"}
SEEDS_COMPARED = 10  # where nobody says how many
NAME = r"[a-z_][a-z0-9_]*"
BASELINE = "eevdf"


@dataclass(frozen=True)
class Variant:
    """A policy with its parameters as they were said. `path`: its file, where it isn't in the tree."""

    name: str
    parameters: tuple = ()  # (name, value) as text
    path: str = None

    @property
    def argument(self):
        """As the guest and the simulator take it."""
        words = ",".join(f"{name}={number_of(value)}" for name, value in self.parameters)
        return f"{self.name}:{words}" if words else self.name

    @property
    def label(self):
        """As people see it."""
        words = ",".join(f"{name}={value}" for name, value in self.parameters)
        return f"{self.name}:{words}" if words else self.name


UNITS = {"": 1, "ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}


def number_of(text):
    """A parameter's value, as `5000000` or as `5ms`."""
    match = re.fullmatch(r"([0-9]{1,18})(|ns|us|ms|s)", text)
    return int(match[1]) * UNITS[match[2]] if match else None


def policy_items(text):
    """Splits `a:x=1,y=2,b` into ["a:x=1,y=2", "b"]."""
    items = []
    for word in text.split(","):
        if items and ":" in items[-1] and re.match(rf"{NAME}=", word):
            items[-1] += f",{word}"
        else:
            items.append(word)
    return items


def policy_path(word):
    """A policy's own file, checked: (name, absolute path)."""
    path = os.path.abspath(word)
    name = os.path.basename(path)[: -len(".c")]
    if not re.fullmatch(NAME, name) or not path.endswith(".c"):
        raise argparse.ArgumentTypeError(f"--policy {word}: the file's name becomes part of a C name, sched_NAME, so it "
                                         "is made of a-z, 0-9 and _ and ends in .c.")
    if not os.path.isfile(path):
        raise argparse.ArgumentTypeError(f"--policy {word}: there is no such file.")
    if re.search(r'[;"\\]', path):
        raise argparse.ArgumentTypeError(f"--policy {word}: CMake can't take a path with such a character.")
    with open(path, encoding="utf-8", errors="replace") as file:
        if not re.search(rf"\bsched_{name}\b", file.read()):
            raise argparse.ArgumentTypeError(f"--policy {word}: it defines no `const struct sched_ops sched_{name}`, by which the "
                                             "policy is found (docs/tutorial-scheduler.md).")
    return name, path


def parameters_parse(item, text):
    """`x=1/2,y=3` as all the combinations that it stands for."""
    choices = []
    for word in text.split(","):
        match = re.fullmatch(rf"({NAME})=(.+)", word)
        if not match or not all(number_of(value) is not None for value in match[2].split("/")):
            raise argparse.ArgumentTypeError(f"--policy {item}: '{word}' is no NAME=NUMBER, nor NAME=NUMBER/NUMBER/...; "
                                             "a number may have ns, us, ms or s behind it.")
        choices.append([(match[1], value) for value in match[2].split("/")])
    if len({choice[0][0] for choice in choices}) < len(choices):
        raise argparse.ArgumentTypeError(f"--policy {item}: a parameter is said twice.")
    combinations = list(itertools.product(*choices))
    if len(combinations) > SWEEP_MAX:
        raise argparse.ArgumentTypeError(f"--policy {item}: that are {len(combinations)} combinations; {SWEEP_MAX} is most.")
    return combinations


def policies_parse(text):
    variants = []
    for item in policy_items(text):
        word, colon, parameters = item.partition(":")
        is_path = "/" in word or word.endswith(".c")
        if not is_path and not re.fullmatch(NAME, word):
            raise argparse.ArgumentTypeError(f"--policy takes names of policies or paths of .c files, not '{word}'.")
        name, path = policy_path(word) if is_path else (word, None)
        combinations = parameters_parse(item, parameters) if colon else [()]
        variants += [Variant(name, combination, path) for combination in combinations]
    twice = [one.label for number, one in enumerate(variants) if one in variants[:number]]
    if twice:
        raise argparse.ArgumentTypeError(f"--policy names {twice[0]} twice.")
    return variants


def workloads_parse(text):
    for word in text.split(","):
        if "/" in word or word.endswith(".load"):
            if not os.path.isfile(word):
                raise argparse.ArgumentTypeError(f"--workload {word}: there is no such file.")
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,23}\.load", os.path.basename(word)):
                raise argparse.ArgumentTypeError(f"--workload {word}: the file's name is NAME.load, made of letters, "
                                                 "digits, - and _, 23 at most.")
        elif not re.fullmatch(r"[A-Za-z0-9_-]+", word):
            raise argparse.ArgumentTypeError(f"--workload takes names of workloads or paths of .load files, not '{word}'.")
    return text.split(",")


def loads_parse(text):
    for word in text.split(","):
        if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", word) or float(word) == 0:
            raise argparse.ArgumentTypeError(f"--load takes numbers above 0, like 0.5,0.9, not '{word}'.")
    return list(dict.fromkeys(f"{float(word):.3f}".rstrip("0").rstrip(".") for word in text.split(",")))


def number_parse(option, least, most):
    def parse(text):
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{option} takes a number from {least} to {most}, not '{text}'.")
        return int(text)

    return parse


def out_parse(text):
    if not text or os.path.abspath(text) == "/":
        raise argparse.ArgumentTypeError("--out takes the folder that the report goes to.")
    return os.path.abspath(text)


def place_parse(text):
    if text not in PLACES:
        raise argparse.ArgumentTypeError(f"--as takes {' or '.join(PLACES)}, not '{text}'.")
    return text


def parser_make():
    parser = run.Parser(prog="./rivet sched", allow_abbrev=False,
                        description="Compares scheduling policies on the same workloads.")
    add = parser.add_argument
    add("--policy", type=policies_parse, metavar="P[:PARAMETER=VALUE,...],...",
        help="only these (default: all), or FILE.c of your own; a/b/c as a value sweeps")
    add("--workload", type=workloads_parse, metavar="W,...", help="only these (default: all), or FILE.load of your own")
    add("--load", type=loads_parse, metavar="L,...", help="instead of the loads that a workload names")
    add("--harts", type=number_parse("--harts", 1, HARTS_MAX), default=1, metavar="N",
        help="of the simulated machine, with --sim; or with --as envs of guests, too, where it is checked what they do")
    add("--as", type=place_parse, metavar="threads|envs", dest="place", help="what tasks are in the guest (default threads)")
    add("--seed", type=number_parse("--seed", 1, 10**9 - 1), default=1, metavar="S", help="the first seed (default 1)")
    add("--seeds", type=number_parse("--seeds", 1, SEEDS_MAX), metavar="N", help="so many seeds, from S on (default 1)")
    add("--sim", action="store_true", help="in the simulator on this machine, not in the guest")
    add("--switch-cost", type=number_parse("--switch-cost", 0, 10**9 - 1), metavar="NS",
        help="of the simulator: what caches cost at each switch, on top")
    add("--compare", type=policies_parse, metavar="A,B", help="two policies: paired differences with 95%% intervals")
    add("--out", type=out_parse, default=os.path.join(TOP, "build", "sched"), metavar="DIR",
        help="where the report goes (default build/sched)")
    add("--quick", action="store_true", help="one load and a quarter of the time: under a minute")
    add("--list", action="store_true", help="list policies and workloads")
    add("--qemu", default=run.QEMU_DEFAULT, metavar="PATH", help="another QEMU, as build/fetch/qemu10")
    add("--build", default=os.path.join(TOP, "build"), metavar="DIR", help="where the build trees are")
    add("--check", action="store_true", help=argparse.SUPPRESS)
    return parser


def combination_check(parser, options):
    """What the words say together."""
    if options.compare is not None:
        if len(options.compare) != 2:
            parser.error("--compare takes two policies: --compare eevdf,stride.")
        if options.policy:
            parser.error("--compare names the policies itself, so it takes no --policy.")
        options.seeds = options.seeds or SEEDS_COMPARED
        if options.seeds < 2:
            parser.error("--compare takes two seeds or more: one difference has no interval.")
    if options.place and options.sim:
        parser.error("--as says what tasks are in the guest, so it takes no --sim.")
    if options.harts > 1 and not options.sim and options.place != "envs":
        parser.error(f"--harts {options.harts} takes --sim too, or --as envs: a program's threads are on one hart.")
    if options.harts > GUEST_HARTS_MAX and not options.sim:
        parser.error(f"--harts {options.harts} takes --sim: a guest has {GUEST_HARTS_MAX} harts at most.")
    if options.switch_cost is not None and not (options.sim or options.harts > 1):
        parser.error("--switch-cost takes --sim too: the guest's switches cost what they cost.")
    paths = {}
    for variant in (options.policy or []) + (options.compare or []):
        if variant.path and paths.setdefault(variant.name, variant.path) != variant.path:
            parser.error(f"Two files are called {variant.name}.c, and would be one policy.")


def options_parse(arguments):
    parser = parser_make()
    options = parser.parse_args(arguments)
    combination_check(parser, options)
    options.seeds = options.seeds or 1
    options.place = options.place or "threads"
    options.checked = options.harts > 1 and not options.sim  # in the guest; the figures come from the simulator
    options.sim = options.sim or options.checked
    options.paths = sorted({one.path for one in (options.policy or []) + (options.compare or []) if one.path})
    return options, parser


def needs(options):
    """For ./rivet: which trees have to be built, then the policies from outside, a line each. What runs in the guest is
    compared with the simulator, too."""
    return [("" if options.list else "sim" if options.sim and not options.checked else "sim rivet"), *options.paths]


if __name__ == "__main__":
    sys.exit("This is a part of ./rivet sched.")
