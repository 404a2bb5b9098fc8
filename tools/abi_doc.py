#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fills the tables of docs/abi.md from the lists that the code itself is made of.

    abi_doc.py            rewrites docs/abi.md in place (the CMake target `docs`)
    abi_doc.py --check    only says whether it would change (the test docs.abi)

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; everything outside is written by hand. The order in which a
call refuses is read from the kernel's C: the errors that appear in the body of sys_ROOM_VERB, in their order, where a
helper that decides stands for its own. `--check` also fails when these are not the errors that syscall.def promises.
"""

import argparse
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ABI = os.path.join(ROOT, "kernel", "abi", "rivet")
KERNEL = os.path.join(ROOT, "kernel")
PAGE = os.path.join(ROOT, "docs", "abi.md")
BLOCK = re.compile(r"(<!-- table: ([a-z_]+) -->\n).*?(<!-- end -->)", re.S)

ROOMS = {
    "page": "frames", "cap": "capabilities", "env": "environments", "space": "address spaces", "pte": "page tables",
    "stlb": "the software TLB", "slice": "time", "pct": "protected control transfer", "irq": "interrupt sources",
    "board": "scheduler environments", "trace": "rings of events",
    "revoke": "taking resources back",
    "machine": "the machine",
}


class DocError(Exception):
    """One plain sentence."""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


# The lists


def arguments_split(text):
    """The arguments of one macro: commas count outside of parentheses and strings only."""
    fields, depth, quoted, field = [], 0, False, ""
    for index, char in enumerate(text):
        if char == '"' and text[index - 1] != "\\":
            quoted = not quoted
        if not quoted:
            depth += (char == "(") - (char == ")")
            if char == "," and depth == 0:
                fields.append(field.strip())
                field = ""
                continue
        field += char
    return fields + [field.strip()]


def list_read(name, macro):
    """[(arguments)] of each line MACRO(...) of a .def file."""
    text = read(os.path.join(ABI, name))
    rows = [arguments_split(match[1]) for match in re.finditer(rf"^{macro}\((.*)\)\s*(?://.*)?$", text, re.M)]
    if not rows:
        raise DocError(f"{name} has no line {macro}(...).")
    return [[field[1:-1] if field.startswith('"') else field for field in row] for row in rows]


def calls_read():
    """Each call as a dictionary, by number."""
    calls = []
    for index, room, verb, errors, text in list_read("syscall.def", "HOTCALL"):
        calls.append({"index": int(index), "room": room, "verb": verb, "arguments": None, "errors": errors, "text": text})
    for index, room, verb, arity, arguments, errors, text in list_read("syscall.def", "SYSCALL"):
        names = [] if arguments == "(void)" else [one.split()[-1] for one in arguments[1:-1].split(",")]
        if len(names) != int(arity):
            raise DocError(f"syscall.def says that {room}_{verb} takes {arity} arguments and names {len(names)}.")
        calls.append({"index": int(index), "room": room, "verb": verb, "arguments": names, "errors": errors,
                      "text": text})
    return sorted(calls, key=lambda call: call["index"])


# In which order a call refuses


def comments_drop(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*|__attribute__\(\([a-z_]+\)\) ?", "", text, flags=re.S)


def functions_read():
    """{name: (signature, body)} of the kernel's functions. Each begins in column 0 and ends with a brace there."""
    functions = {}
    for folder, _, files in sorted(os.walk(KERNEL)):
        for file in sorted(files):
            if not file.endswith((".c", ".h")) or os.path.basename(folder) == "boot":
                continue
            text = comments_drop(read(os.path.join(folder, file)))
            for match in re.finditer(r"^([a-z][^\n;{}=#]*?\b([a-z_0-9]+)\([^;{}]*\))\s*\{([^\n]*\}$|.*?^\})", text,
                                     re.M | re.S):
                functions[match[2]] = (match[1], match[3])
    return functions


def errors_of(name, functions, above=()):
    """The errors that a function can answer with, in the order in which they stand."""
    found, body = [], functions[name][1]
    for match in re.finditer(r"\bERR_([A-Z]+)\b|\b(again)\(|\b([a-z_0-9]+)\(", body):
        error, is_again, called = match[1], match[2], match[3]
        if error and error != "OK" and not left_for_later(body, match):
            found.append(error)
        elif is_again:
            found.append("AGAIN")
        elif called and called not in (name, *above) and decides(called, functions):
            found += errors_of(called, functions, (*above, name))
    return list(dict.fromkeys(found))


def decides(name, functions):
    """Whether a function's answer is an error: by its result, or through a pointer."""
    signature = functions.get(name, ("", ""))[0]
    return re.search(r"^(static |inline )*(sysret_t|enum error)\b|enum error \*", signature) is not None


def left_for_later(body, match):
    """`error == ERR_X` only looks, and result_error is what another environment is told when it goes on."""
    return re.search(r"([!=]=|result_error =) $", body[: match.start()]) is not None


def refusals(call, functions):
    """The order of a call's refusals. A hot call refuses in its slow half; pct_call cuts its slot to the range."""
    name = f"{call['room']}_{call['verb']}"
    function = next((one for one in (f"trap_{name}", f"sys_{name}") if one in functions), None)
    if function is None and call["errors"]:
        raise DocError(f"No function sys_{name} is found in kernel/.")
    found = errors_of(function, functions) if function else []
    return [error for error in found if not (name == "pct_call" and error == "RANGE")]


def promises_check(calls, functions):
    for call in calls:
        promised, answered = set(call["errors"].split()), set(refusals(call, functions))
        if promised != answered:
            name = f"{call['room']}_{call['verb']}"
            more, less = sorted(promised - answered), sorted(answered - promised)
            what = [f"promises {' '.join(more)}, which it never answers"] if more else []
            what += [f"does not mention {' '.join(less)}, which it answers"] if less else []
            yield f"syscall.def, {name}: it {' and '.join(what)}."


# Tables


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join("---" for _ in head) + "|"]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def base_number():
    match = re.search(r"#define CALL_BASE (0x[0-9a-f]+)", read(os.path.join(ABI, "types.h")))
    return int(match[1], 16)


def call_row(call, functions):
    if call["arguments"] is None:
        arguments = "none" if call["verb"] == "null" else "in registers, see the text"
    else:
        arguments = ", ".join(f"`{name}`" for name in call["arguments"]) or "none"
    order = " · ".join(refusals(call, functions)) or "never refused"
    return (f"{base_number() + call['index']:#x}", f"`{call['room']}_{call['verb']}`", arguments, call["text"], order)


def table_calls():
    calls, functions = calls_read(), functions_read()
    text = ""
    for room, what in ROOMS.items():
        rows = [call_row(call, functions) for call in calls if call["room"] == room]
        text += f"### {room}: {what}\n\n"
        text += table(("t0", "call", "arguments", "what it does", "refuses, in this order"), rows) + "\n"
    return text


def table_errors():
    return table(("number", "name", "what is wrong"), [(n, f"`ERR_{name}`", text) for n, name, text
                                                      in list_read("error.def", "ERROR")])


def table_events():
    return table(("bit", "name", "what happened"), [(n, f"`EVENT_{name}`", text) for n, name, text
                                                   in list_read("event.def", "EVENT")])


def table_save():
    return table(("offset", "name", "meaning"), [(offset, f"`SAVE_{name}`", text) for offset, name, text
                                                in list_read("regs.def", "SAVE")])


def table_record():
    return table(("offset", "name", "meaning"), [(offset, f"`{name}`", text) for offset, name, text
                                                in list_read("regs.def", "RECORD")])


def constants(*headers):
    """Every `#define NAME value // text` of these headers."""
    rows = []
    for header in headers:
        for match in re.finditer(r"^#define ([A-Z][A-Z0-9_]*)[ ]+([^\n/]+?)[ ]*(?://[ ]*([^\n]*))?$",
                                 read(os.path.join(ABI, header)), re.M):
            rows.append((f"`{match[1]}`", f"`{match[2]}`", match[3] or "", f"`{header}`"))
    return table(("name", "value", "meaning", "header"), rows)


def table_constants():
    return constants("types.h", "layout.h", "page.h", "cap.h", "machine.h", "stlb.h", "board.h", "trace.h", "revoke.h")


def enumeration(header, name):
    """The members of one enum with their values and comments."""
    text = read(os.path.join(ABI, header))
    body = re.search(rf"enum {name} \{{(.*?)\}};", text, re.S)
    if not body:
        raise DocError(f"{header} has no enum {name}.")
    rows, value = [], 0
    for member in re.finditer(r"([A-Z][A-Z0-9_]*)(?: = (\w+))?[ ]*(?:,|$)[ ]*(?://[ ]*([^\n]*))?", body[1], re.M):
        value = int(member[2], 0) if member[2] else value
        rows.append((value, f"`{member[1]}`", member[3] or ""))
        value += 1
    return table(("value", "name", "meaning"), rows)


def structure(header, name):
    """The members of one struct with their offsets, for members of plain sizes."""
    sizes = {"uint64_t": 8, "uint32_t": 4, "uint16_t": 2, "uint8_t": 1}
    body = re.search(rf"^struct {name} \{{(.*?)^\}};", read(os.path.join(ABI, header)), re.M | re.S)
    if not body:
        raise DocError(f"{header} has no struct {name}.")
    rows, offset = [], 0
    for kind, field, text in re.findall(r"^    (uint64_t|uint32_t|uint16_t|uint8_t) (\w+);[ ]*(?://[ ]*([^\n]*))?$", body[1], re.M):
        offset = (offset + sizes[kind] - 1) & -sizes[kind]
        rows.append((f"{offset:#x}", f"`{field}`", f"`{kind}`", text))
        offset += sizes[kind]
    return table(("offset", "member", "type", "meaning"), rows)


TABLES = {
    "calls": table_calls,
    "errors": table_errors,
    "events": table_events,
    "save": table_save,
    "record": table_record,
    "constants": table_constants,
    "page_kinds": lambda: enumeration("page.h", "page_kind"),
    "page_flags": lambda: enumeration("page.h", "page_flag"),
    "page_rights": lambda: enumeration("page.h", "page_right"),
    "bind_flags": lambda: enumeration("page.h", "bind_flag"),
    "clear_flags": lambda: enumeration("page.h", "clear_flag"),
    "env_rights": lambda: enumeration("cap.h", "env_right"),
    "env_whats": lambda: enumeration("env.h", "env_what"),
    "env_states": lambda: enumeration("env.h", "env_state"),
    "device_kinds": lambda: enumeration("machine.h", "device_kind"),
    "struct_frame": lambda: structure("page.h", "frame"),
    "struct_slice": lambda: structure("machine.h", "slice"),
    "struct_irq": lambda: structure("machine.h", "irq_info"),
    "struct_device": lambda: structure("machine.h", "device_info"),
    "struct_stlb": lambda: structure("stlb.h", "stlb_entry"),
    "struct_ring": lambda: structure("stlb.h", "dirty_ring"),
    "struct_repossession": lambda: structure("revoke.h", "repossession"),
    "struct_loss": lambda: structure("revoke.h", "loss"),
    "trace_kinds": lambda: table(("number", "name", "what happened", "argument"),
                                 [(number, f"`TRACE_{name}`", text.strip('"'), argument.strip('"'))
                                  for number, name, argument, text in list_read("trace.def", "TRACE")]),
    "struct_record": lambda: structure("trace.h", "trace_record"),
    "struct_board": lambda: structure("board.h", "board_entry"),
    "board_states": lambda: enumeration("board.h", "board_state"),
    "revoke_kinds": lambda: enumeration("revoke.h", "revoke_kind"),
}


def page_fill(text):
    used = set()

    def fill(match):
        name = match[2]
        if name not in TABLES:
            raise DocError(f"docs/abi.md asks for the table '{name}', which there is not.")
        used.add(name)
        return f"{match[1]}\n{TABLES[name]()}\n{match[3]}"

    filled = BLOCK.sub(fill, text)
    missing = sorted(set(TABLES) - used)
    if missing:
        raise DocError(f"docs/abi.md does not show the table '{missing[0]}'.")
    return filled


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="change nothing; fail when something would change")
    options = parser.parse_args()
    try:
        text = read(PAGE)
        filled = page_fill(text)
        wrong = list(promises_check(calls_read(), functions_read())) if options.check else []
    except DocError as error:
        sys.exit(f"abi_doc: {error}")
    if not options.check and filled != text:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(filled)
    if options.check and filled != text:
        wrong.insert(0, "docs/abi.md is older than the lists it shows: build the target `docs`.")
    if wrong:
        sys.exit("\n".join(f"abi_doc: {one}" for one in wrong))


if __name__ == "__main__":
    main()
