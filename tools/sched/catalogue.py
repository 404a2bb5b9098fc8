# SPDX-License-Identifier: BSD-2-Clause
"""Which policies and workloads there are, read from their files: a line in libos/sched/policies.def and a file in
bench/sched/workloads/ are all that it takes.

A policy says in the comment on top of its file what it is good and bad for. Which of a task's attributes it heeds is seen
in its code; a workload names the ones without which a comparison on it would mean nothing (`suits`).
"""

import os
import re
from dataclasses import dataclass, field

from options import BASELINE, PLACES, TOP, Variant, number_of

POLICIES = os.path.join("libos", "sched")
WORKLOADS = os.path.join("bench", "sched", "workloads")
# What a policy's code contains when it heeds something; `any` suits all.
HEEDS = {
    "weights": r"->weight\b",
    "priorities": r"->priority\b",
    "periods": r"->period\b",
    "deadlines": r"->(due|deadline)\b",
    "budgets": r"->budget\b",
    "locks": r"\.inherit\s*=",
    "gang": r"->group\b",
}
DURATION_DEFAULT = 10**9
UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}


class CatalogueError(Exception):
    """One plain sentence."""


@dataclass
class Parameter:
    text: str
    least: int
    most: int
    default: int  # None: not seen in the code


@dataclass
class Policy:
    name: str
    path: str
    text: str = ""
    about: list = field(default_factory=list)
    heeds: set = field(default_factory=set)
    parameters: dict = field(default_factory=dict)


@dataclass
class Workload:
    name: str
    path: str
    text: str = ""
    load_text: str = ""
    suits: list = field(default_factory=list)
    loads: list = field(default_factory=list)
    duration: int = DURATION_DEFAULT
    metrics: list = field(default_factory=list)
    focus: list = field(default_factory=list)
    is_foreign: bool = False  # from outside of the tree


def file_read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read()
    except OSError as error:
        raise CatalogueError(f"{path} can't be read ({error.strerror}).") from None


# Policies


def comments_of(text):
    return "\n".join(re.findall(r"/\*.*?\*/", text, re.S))


def code_of(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def about_of(text):
    """The paragraphs of the comment on top: what the policy does, what it is good and bad for, what it promises."""
    comment = re.search(r"/\*(.*?)\*/", text, re.S)
    lines = [re.sub(r"^\s*\* ?", "", line).strip() for line in comment[1].splitlines()] if comment else []
    # A line that begins with one of these words is a paragraph, too.
    joined = re.sub(r"\n(?=(Good|Bad|Promises|Cost|Parameters)\b)", "\n\n", "\n".join(lines))
    return [re.sub(r"\s+", " ", one).strip() for one in joined.split("\n\n") if one.strip()]


def initial_of(variable, code):
    """What a variable is set to at first: 0 where nothing is said, None where it can't be told."""
    found = re.search(rf"\bstatic uint64_t\b[^;{{}}()]*\b{variable}\s*(?:=\s*([^,;]+))?[,;]", code)
    if not found or not found[1]:
        return 0 if found else None
    terms = [number_in(term.strip()) for term in found[1].split("/")]
    if None in terms:
        return None
    return terms[0] if len(terms) == 1 else terms[0] // terms[1]


def number_in(term):
    """A number of C, or a name that sched.h defines as one."""
    if not re.match(r"\d", term):
        header = os.path.join(TOP, POLICIES, "sched.h")
        found = re.search(rf"#define {re.escape(term)}\s+(\d+)", file_read(header)) if os.path.exists(header) else None
        return int(found[1]) if found else None
    match = re.fullmatch(r"(\d+)[uUlL]*", term)
    return int(match[1]) if match else None


def parameters_of(text):
    """{name: Parameter} from the array that ends in {0}."""
    code, found = code_of(text), {}
    for name, said, variable, least, most in re.findall(
            r'\{\s*"(\w+)",\s*((?:"(?:[^"\\]|\\.)*"\s*)+),\s*&(\w+),\s*(\d+)\w*,\s*(\d+)\w*\s*\}', code):
        words = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', said))
        found[name] = Parameter(words, int(least), int(most), initial_of(variable, code))
    return found


def heeds_of(text):
    """What the code of a policy and of the headers that it shares with others looks at. sched.h declares everything,
    so it says nothing."""
    code = code_of(text)
    for name in re.findall(r"#include <libos/sched/(\w+\.h)>", code):
        shared = os.path.join(TOP, POLICIES, name)
        if name not in ("sched.h", "driver.h") and os.path.exists(shared):
            code += code_of(file_read(shared))
    return {feature for feature, pattern in HEEDS.items() if re.search(pattern, code)}


def policy_read(name, path):
    text = file_read(path)
    found = re.search(r'\.text\s*=\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', text)
    said = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', found[1])) if found else ""
    return Policy(name, path, said, about_of(text), heeds_of(text), parameters_of(text))


def policies_all(top=TOP):
    """By name, in the order of the list, the baseline first."""
    names = re.findall(r"(?m)^POLICY\((\w+)\)", file_read(os.path.join(top, POLICIES, "policies.def")))
    names.sort(key=lambda name: name != BASELINE)
    return {name: policy_read(name, os.path.join(top, POLICIES, "policy", f"{name}.c")) for name in names}


# Workloads. Only the lines that the comparison needs are read here; the guest and the simulator check all of them.


def duration_parse(text):
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ns|us|ms|s)", text)
    return int(float(match[1]) * UNITS[match[2]]) if match else DURATION_DEFAULT


def workload_read(path):
    workload = Workload(os.path.basename(path)[: -len(".load")], path)
    for line in file_read(path).splitlines():
        word, _, rest = line.split("#")[0].strip().partition(" ")
        rest = rest.strip()
        if word == "class":
            break
        if word == "text":
            workload.text = line.strip()[len("text") :].strip()
        elif word == "load":
            workload.load_text = rest
        elif word == "duration":
            workload.duration = duration_parse(rest)
        elif word in ("suits", "loads", "metrics", "focus"):
            setattr(workload, word, rest.split())
    return workload


def workloads_all(top=TOP):
    folder = os.path.join(top, WORKLOADS)
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".load"))
    except OSError as error:
        raise CatalogueError(f"{folder} can't be read ({error.strerror}).") from None
    return {name[: -len(".load")]: workload_read(os.path.join(folder, name)) for name in names}


def suits(policy, workload):
    """Whether a policy is compared on a workload: it heeds one of the attributes that the workload is about."""
    return "any" in workload.suits or not workload.suits or bool(policy.heeds & set(workload.suits))


class Catalogue:
    """The policies and workloads of a comparison."""

    def __init__(self, top=TOP):
        self.policies, self.workloads = policies_all(top), workloads_all(top)

    def policy_of(self, variant):
        if variant.path:
            if variant.name in self.policies and self.policies[variant.name].path != variant.path:
                raise CatalogueError(f"There is a policy called {variant.name} already: give {variant.path} another name.")
            return self.policies.setdefault(variant.name, policy_read(variant.name, variant.path))
        if variant.name not in self.policies:
            raise CatalogueError(f"There is no policy called '{variant.name}'; there is: {', '.join(self.policies)}.")
        return self.policies[variant.name]

    def parameters_check(self, variant):
        known = self.policy_of(variant).parameters
        for name, value in variant.parameters:
            if name not in known:
                there_is = f"it has {', '.join(known)}" if known else "it has none"
                raise CatalogueError(f"The policy {variant.name} has no parameter '{name}'; {there_is}.")
            if not known[name].least <= number_of(value) <= known[name].most:
                raise CatalogueError(f"{variant.label}: {name} is from {known[name].least} to {known[name].most}, "
                                     f"not {number_of(value)}.")

    def workload_of(self, word):
        if "/" in word or word.endswith(".load"):
            workload = workload_read(os.path.abspath(word))
            if workload.name in self.workloads and self.workloads[workload.name].path != workload.path:
                raise CatalogueError(f"There is a workload called {workload.name} already: give {word} another name.")
            workload.is_foreign = workload.name not in self.workloads
            return workload
        if word not in self.workloads:
            raise CatalogueError(f"There is no workload called '{word}'; there is: {', '.join(self.workloads)}.")
        return self.workloads[word]

    def chosen(self, options):
        """(variants, workloads) of the options. The baseline is always among the variants, first."""
        asked = options.compare or options.policy or [Variant(name) for name in self.policies]
        for variant in asked:
            self.parameters_check(variant)
        variants = sorted(asked, key=lambda one: one != Variant(BASELINE))
        if Variant(BASELINE) not in variants and BASELINE in self.policies:
            variants.insert(0, Variant(BASELINE))
        words = options.workload or list(self.workloads)
        return variants, [self.workload_of(word) for word in dict.fromkeys(words)]


def list_print(catalogue):
    """--list: a line each."""
    print("policies:")
    for policy in catalogue.policies.values():
        heeds = f" [{', '.join(sorted(policy.heeds))}]" if policy.heeds else ""
        print(f"  {policy.name:<16} {policy.text}{heeds}")
        for name, parameter in policy.parameters.items():
            default = "" if parameter.default is None else f"={parameter.default}"
            print(f"  {'':<16}   {name}{default}: {parameter.text}")
    print("tasks in the guest (--as):")
    for word, text in PLACES.items():
        print(f"  {word:<16} {text}")
    print("workloads:")
    for workload in catalogue.workloads.values():
        print(f"  {workload.name:<16} {workload.text}")
        print(f"  {'':<16}   loads {' '.join(workload.loads)}; suits {' '.join(workload.suits) or 'any'}")
