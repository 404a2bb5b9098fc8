// SPDX-License-Identifier: BSD-2-Clause
/*
 * The random call storm.
 *
 *     storm SEED CALLS [--check N [--round R]]
 *
 * In rounds until so many calls were made: some workers (storm_worker.c) beside each other, each with a
 * space, frames, slices, interrupt sources and capabilities to the others. Every N calls (1,024) and at the
 * end of each round the kernel checks all its invariants; then all is taken back, and counted. The seed is
 * the first line that is printed. With --icount on one hart the same seed makes the same calls at the same
 * times; then --check 1 --round R, with the round that failed, goes the same way up to there and names the
 * first bad call.
 */
#include "account.h"
#include "storm_report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_CALLS  16384    // of one worker
#define STALL_US     10000000 // every wait of a worker is shorter by far
#define WAKE_US      1000
#define WORKER_IRQS  8
#define STATUS_TAME  3         // nothing is wrong, but too little was tried
#define DONES_CALLS  100000    // after so many each call must have been done
#define SLOT_WORKERS SLOT_FREE // our capabilities to them, one slot each

static struct child workers[STORM_PEERS];
static word_t saves[STORM_PEERS];
static size_t worker_count;
static uint64_t dones[REPORT_DONES_MAX]; // how often each call was done, of all workers
static word_t check = AUDIT_EVERY;
static word_t check_round; // the first in which `check` is used

// Two neighbouring harts for each worker, so that every pair shares some and every space has remote fences
// to make.
static word_t worker_harts(size_t number)
{
    size_t count = machine()->hart_count;
    return 1ul << number % count | 1ul << (number + 1) % count;
}

static const char *worker_build(size_t number, word_t seed, word_t calls)
{
    char text[4 + STORM_PEERS][24];
    const char *argv[4 + STORM_PEERS] = {"storm_worker", text[1], text[2], text[3]};

    snprintf(text[1], sizeof(text[1]), "%lu", (unsigned long)(seed >> 1));
    snprintf(text[2], sizeof(text[2]), "%lu", (unsigned long)calls);
    snprintf(text[3], sizeof(text[3]), "%lu", (unsigned long)check);
    for (size_t i = 0; i < number; i++) { // those that are there already; of the others it hears by its slots
        snprintf(text[4 + i], sizeof(text[4 + i]), "%lu", (unsigned long)workers[i].env);
        argv[4 + i] = text[4 + i];
    }
    snprintf(text[4 + number], sizeof(text[4 + number]), "%lu", (unsigned long)self());
    argv[4 + number] = text[4 + number];
    return child_build(&workers[number], &(struct child_options){.program = "storm_worker",
                                                                 .argc = 5 + (int)number,
                                                                 .argv = argv,
                                                                 .frames = STORM_FRAMES,
                                                                 .slices = 6,
                                                                 .weight = CHILD_ALONE,
                                                                 .harts = worker_harts(number)});
}

// The first worker gets a run of frames that can be joined to a superpage, when there is one.
static void run_give(size_t number)
{
    page_t first = (machine()->ram_first + SUPER_PAGES - 1) / SUPER_PAGES * SUPER_PAGES;
    for (; first + SUPER_PAGES <= machine()->ram_first + machine()->ram_count; first += SUPER_PAGES) {
        size_t count = 0;
        while (count < SUPER_PAGES && frame_entry(first + count)->owner == self() &&
               frame_entry(first + count)->kind == PAGE_FREE)
            count++;
        for (size_t moved = 0; count == SUPER_PAGES && moved < SUPER_PAGES; moved += PAGE_BATCH)
            sys_page_move(first + moved, PAGE_BATCH, workers[number].env);
        if (count == SUPER_PAGES) return;
    }
}

// What it gets besides: its save area to be read by us, capabilities to all, sources.
static const char *worker_equip(size_t number)
{
    saves[number] = vm_window_open(1);
    if (!saves[number] || vm_bind(0, saves[number], workers[number].env + 1, 1, RIGHT_READ) != ERR_OK)
        return "a worker's save area could not be mapped";
    sys_env_set(workers[number].env, ENV_GUARANTEED, 64);
    for (size_t i = 0; i < worker_count; i++)
        if (child_grant(&workers[number], SLOT_WORKERS + i, 3 + i, RIGHTS_PEER) != ERR_OK)
            return "a worker's capability was refused";
    for (word_t source = 1, given = 0; source < IRQS_MAX && given < WORKER_IRQS; source++)
        // Those of a neighbour are no more ours
        given += sys_irq_give(source, workers[number].env).error == ERR_OK;
    if (number == 0) run_give(number);
    return NULL;
}

static const char *round_start(word_t seed)
{
    const char *why = NULL;
    for (size_t i = 0; i < worker_count && !why; i++) {
        why = worker_build(i, seed * 0x9e3779b97f4a7c15ul + i * 0xd1b54a32d192ed03ul, ROUND_CALLS);
        if (!why && sys_cap_mint(SLOT_WORKERS + i, workers[i].env, RIGHTS_PEER).error != ERR_OK)
            why = "there is no capability to a worker";
    }
    for (size_t i = 0; i < worker_count && !why; i++) why = worker_equip(i);
    for (size_t i = 0; i < worker_count && !why; i++) why = child_start(&workers[i]);
    return why;
}

// Calls of all workers so far; *running: how many have not ended.
static word_t progress(size_t *running)
{
    word_t calls = 0;
    int status;
    *running = 0;
    for (size_t i = 0; i < worker_count; i++) {
        calls += REPORT_WORD(saves[i], REPORT_CALLS);
        *running += !child_ended(&workers[i], &status);
    }
    return calls;
}

// What a worker that makes no progress is doing.
static void stall_print(size_t number)
{
    int status;
    env_t env = workers[number].env;
    size_t slices = 0;
    if (child_ended(&workers[number], &status)) return;
    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            slices += slice_entry(hart, position)->env == env;
    printf("storm: worker %zu stands still: state %lu, hart %ld, pending %#lx, %zu slices, after call %lu\n",
           number, (unsigned long)sys_env_info(env, ENV_STATE).value, (long)sys_env_info(env, ENV_HART).value,
           (unsigned long)*(volatile word_t *)(saves[number] + SAVE_PENDING), slices,
           (unsigned long)REPORT_WORD(saves[number], REPORT_CALLS));
}

// Until all have ended; false when nobody makes progress any more. Wakes whoever accepts and is not called.
static bool round_watch(word_t *made)
{
    word_t calls = 0, last = 0, since = time_now();
    size_t running;
    while ((calls = progress(&running)), running > 0) {
        if (calls != last) {
            last = calls;
            since = time_now();
        } else if (time_now() - since > time_from_us(STALL_US)) {
            break;
        }
        for (size_t i = 0; i < worker_count; i++) sys_env_notify(SLOT_WORKERS + i, STORM_WAKE);
        events_wait(EVENT_BIT(CHILD), time_now() + time_from_us(WAKE_US));
    }
    for (size_t i = 0; i < worker_count && running > 0; i++) stall_print(i);
    *made = calls;
    return running == 0;
}

// How a worker ended; true when as it should.
static bool worker_check(size_t number)
{
    int status;
    if (!child_ended(&workers[number], &status) || status == 0) return true;
    unsigned long line = REPORT_WORD(saves[number], REPORT_LINE),
                  call = REPORT_WORD(saves[number], REPORT_CALL);
    unsigned long error = REPORT_WORD(saves[number], REPORT_ERROR),
                  calls = REPORT_WORD(saves[number], REPORT_CALLS);
    if (status == STORM_BROKEN_RULE)
        printf("storm: worker %zu, call %lu: %lu rules of the kernel are broken\n", number, calls, line);
    else if (status == STORM_BROKEN_CHECK)
        printf("storm: worker %zu, call %lu, index %ld, answer %lu: storm_worker.c:%lu does not hold\n",
               number, calls, (long)call, error, line);
    else
        printf("storm: worker %zu, call %lu: ended with status %d\n", number, calls, status);
    if (child_env_state(&workers[number]) == ENV_FAULTED) fault_print(&workers[number]);
    return false;
}

static void round_end(void)
{
    for (size_t i = 0; i < worker_count; i++) {
        if (saves[i]) vm_window_close(saves[i], 1);
        saves[i] = 0;
    }
    for (size_t i = 0; i < worker_count; i++)
        if (workers[i].env) child_reap(&workers[i]);
    heirs_reap(NULL, 0);
    for (size_t i = 0; i < worker_count; i++) sys_cap_drop(SLOT_WORKERS + i);
}

// One round; the calls made, or 0 when something was found.
static word_t round_run(word_t seed)
{
    struct account before = account_take();
    const char *why = round_start(seed);
    bool good = !why;
    word_t calls = 0;
    if (good) good = round_watch(&calls);
    for (size_t i = 0; i < worker_count && !why; i++) {
        good &= worker_check(i);
        for (size_t call = 0; call < REPORT_DONES_MAX; call++)
            dones[call] += REPORT_DONE_COUNT(saves[i], CALL_BASE - 8 + call);
    }
    round_end();
    const char *harm = account_damage(before);
    if (why || harm) printf("storm: %s\n", why ? why : harm);
    return good && !harm ? calls : 0;
}

// Calls that were never done: then the storm's arguments are not plausible enough. Those that cannot be are
// excepted.
static bool dones_check(bool verbose)
{
    static const struct {
        word_t number;
        const char *name;
    } calls[] = {
#define SYSCALL(index, room, verb, arity, arguments, errors, text) {CALL_##room##_##verb, #room "_" #verb},
#define HOTCALL(index, room, verb, errors, text)                   {CALL_##room##_##verb, #room "_" #verb},
#include <rivet/syscall.def>
#undef SYSCALL
#undef HOTCALL
    };
    bool good = true, events = strstr(machine()->arguments, "events") != NULL;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        word_t number = calls[i].number;
        bool never = number == CALL_env_exit || number == CALL_machine_reset || number == CALL_machine_log ||
                     number == CALL_machine_audit || number == CALL_pct_return || number == CALL_irq_complete || (number == CALL_trace_bind && !events);
        if (verbose) printf("%8lu %s\n", (unsigned long)dones[number - CALL_BASE + 8], calls[i].name);
        if (never || dones[number - CALL_BASE + 8] != 0) continue;
        printf("storm: %s was never done\n", calls[i].name);
        good = false;
    }
    return good;
}

static const char usage[] = "usage: storm SEED CALLS [--check N [--round R]]\n";

static bool options_parse(int argc, char **argv)
{
    if ((argc != 3 && argc != 5 && argc != 7) || (argc > 3 && strcmp(argv[3], "--check") != 0) ||
        (argc > 5 && strcmp(argv[5], "--round") != 0))
        return false;
    check = argc > 3 ? strtoul(argv[4], NULL, 0) : AUDIT_EVERY;
    check_round = argc > 5 ? strtoul(argv[6], NULL, 0) : 0;
    return check != 0;
}

int main(int argc, char **argv)
{
    if (!options_parse(argc, argv)) {
        printf("%s", usage);
        return 2;
    }
    word_t seed = strtoul(argv[1], NULL, 0), wanted = strtoul(argv[2], NULL, 0), calls = 0, round = 0,
           from = time_now();
    word_t check_later = check;
    worker_count = machine()->hart_count > 1 ? STORM_PEERS : 2;
    printf("storm: seed %lu, %lu calls, audit every %lu\n", (unsigned long)seed, (unsigned long)wanted,
           (unsigned long)check);
    fflush(stdout);
    for (; calls < wanted; round++) {
        check = round >= check_round ? check_later : AUDIT_EVERY;
        word_t more = round_run(seed + round);
        if (more == 0) {
            printf("storm: failed; to look closer: storm %lu %lu --check 1 --round %lu\n",
                   (unsigned long)seed, (unsigned long)wanted, (unsigned long)round);
            return 1;
        }
        calls += more;
    }
    word_t ms = (time_now() - from) * 1000 / machine()->timebase_hz;
    printf("storm: %lu calls in %lu rounds held, %lu ms\n", (unsigned long)calls, (unsigned long)round,
           (unsigned long)ms);
    return calls < DONES_CALLS || dones_check(check_later != AUDIT_EVERY) ? 0 : STATUS_TAME;
}
