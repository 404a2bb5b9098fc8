#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""./rivet sched: every policy on every workload that suits it, compared.

Runs differ in their policy and in nothing else. Each is a guest's boot with counted instructions, or a run of the
simulator; it leaves a raw run, from which everything that is shown is computed.
"""

import dataclasses
import errno
import os
import shutil
import sys

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import about  # noqa: E402
import agreement  # noqa: E402
import behaviour  # noqa: E402
import catalogue  # noqa: E402
import compare  # noqa: E402
import options  # noqa: E402
import output  # noqa: E402
import report  # noqa: E402
import run  # noqa: E402
import runs  # noqa: E402
import summary  # noqa: E402
import table  # noqa: E402
from guest import GuestError, qemu_check  # noqa: E402

EXIT_FAILED = 1
EXIT_WRONG = 2
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of the disk, of what somebody may use of it, of a file


def runs_do(jobs, machine, what="runs", workers=os.cpu_count() or 1):
    """(results in the order of the jobs, sentences about those that failed)"""
    results, failures = {}, {}
    progress = runs.Progress(jobs, workers, what)
    with runs.Pool(machine, min(workers, len(jobs))) as pool:
        for number, result, complaint, seconds in pool.each(jobs, progress.show):
            if isinstance(complaint, OSError):
                raise complaint
            progress.note(jobs[number], seconds)
            if complaint:
                failures[number] = f"{jobs[number].text}: {complaint}"
            elif result["misuse"]:
                failures[number] = f"{jobs[number].text}: {result['misuse']}"
            if complaint or result["misuse"]:
                progress.clear()
                run.say(failures[number])
            if result:
                results[number] = result
    progress.clear()
    return [results[number] for number in sorted(results)], [failures[number] for number in sorted(failures)]


def comparison(chosen, known, folder):
    """Runs everything and writes the folder; the exit status."""
    variants, workloads = known.chosen(chosen)
    jobs, unsuited = summary.jobs_of(chosen, known, variants, workloads, runs.Job)
    if not jobs:
        raise catalogue.CatalogueError("None of these policies suits any of these workloads.")
    products = folder.file("products")
    runs.products_copy(chosen.build, products, chosen.sim, workloads)
    checked, wrong = guests_check(chosen, jobs, products, workloads) if chosen.checked else (None, [])
    machine = runs.Machine(products, chosen.sim, chosen.harts, chosen.switch_cost, chosen.qemu, folder.path, chosen.place)
    results, failures = runs_do(jobs, machine)
    failures += wrong
    if not results:
        return EXIT_FAILED
    differ = summary.arrivals_differ(results)
    if differ:
        failures.append(differ)
        run.say(differ)
    found = summary.Summary(results, variants, workloads)
    facts = about.facts(chosen, products, known, variants, jobs, unsuited, failures,
                        differ or "their needs were compared, job by job, as far as both of two runs got, and are equal.", checked)
    pair = [variant.label for variant in chosen.compare or []]
    shutil.rmtree(products)
    folder_fill(folder, found, facts, pair, gaps_find(chosen, jobs, results))
    if pair:
        compare.print_all(found, pair)
    else:
        table.print_all(found)
    folder.keep()
    run.say(f"{len(results)} runs; the report is {os.path.join(folder.final, 'report.html')}.")
    return EXIT_FAILED if failures else 0


def guests_check(chosen, jobs, products, workloads):
    """Each policy on each workload once in a guest with so many harts: (a sentence, sentences about what went wrong)."""
    runs.products_copy(chosen.build, products, False, workloads)
    first = {(job.variant, job.workload.name): job for job in reversed(jobs)}
    short = [dataclasses.replace(job, duration=min(job.duration, behaviour.DURATION_MOST)) for job in first.values()]
    machine = runs.Machine(products, False, chosen.harts, None, chosen.qemu, None, chosen.place)
    results, wrong = runs_do(short, machine, "runs in the guest, to check it", max(1, (os.cpu_count() or 1) // chosen.harts))
    differ = summary.arrivals_differ(results)
    wrong += [differ] if differ else []
    said = behaviour.sentence(results, chosen.harts) if not wrong else f"guests with {chosen.harts} harts went wrong: {wrong[0]}"
    run.say(said)
    return said, wrong


def gaps_find(chosen, jobs, results):
    """How far the simulator is from what the guest did; nothing where it isn't built."""
    if chosen.sim or not os.path.exists(os.path.join(chosen.build, "sim", "rivet-sim")):
        return []
    machine = runs.Machine(chosen.build, True, 1, None, chosen.qemu, None)
    simulated, _ = runs_do(jobs, machine, "runs in the simulator, to compare it")
    job_of = {(job.variant.label, job.workload.name, job.load, job.seed): job for job in jobs}

    def nudged_do(some, nudge):
        return runs_do([job_of[agreement.key_of(one)] for one in some], dataclasses.replace(machine, jitter=nudge),
                       "runs in the simulator on an edge")[0]

    gaps = agreement.gaps(results, simulated, nudged_do)
    run.say(agreement.sentence(gaps))
    return gaps


def folder_fill(folder, found, facts, pair, gaps):
    """Writes everything but the runs, which are there."""
    data = output.results_json(facts, found.results)
    output.tables_write(folder, found.results)
    output.text_write(folder, output.MARK, data)
    if pair:
        output.csv_write(folder.file("compare.csv"), compare.CSV_HEAD, compare.csv_rows(found, pair))
    output.text_write(folder, "report.html", report.make(found, facts, pair, gaps, data))


def perform(chosen, known):
    try:
        output.out_check(chosen.out)
        if not chosen.sim or chosen.checked:
            qemu_check(chosen.qemu)
        with output.Folder(chosen.out) as folder:
            return comparison(chosen, known, folder)
    except (GuestError, output.OutputError, catalogue.CatalogueError, runs.RunError) as error:
        run.say(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return run.EXIT_PIPE
    except OSError as error:
        if error.errno in DISK_FULL:
            run.say(f"There is no space left on the disk for {chosen.out} ({error.strerror}); nothing was left there.")
        else:
            run.say(f"{error.filename or chosen.out} can't be written ({error.strerror}); nothing was left there.")
    return EXIT_FAILED


def main(arguments):
    chosen, parser = options.options_parse(arguments)
    try:
        known = catalogue.Catalogue()
        known.chosen(chosen)
    except catalogue.CatalogueError as error:
        run.say(error)
        return EXIT_WRONG
    if chosen.check:
        print("\n".join(options.needs(chosen)))
        return 0
    if chosen.list:
        catalogue.list_print(known)
        return 0
    run.signals_end_us()
    return perform(chosen, known)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
