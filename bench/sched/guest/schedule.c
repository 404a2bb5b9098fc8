// SPDX-License-Identifier: BSD-2-Clause
/*
 * One policy on one workload, in the guest:
 *
 *     schedule POLICY[:parameter=value,...] WORKLOAD LOAD SEED DURATION threads|envs [HARTS]
 *     schedule --list
 *
 * The tasks of the workload run as threads of this program under the policy, or as environments that it schedules, on
 * one hart or several; what happened is written to standard output when the run is over, in the format of record.h.
 * With counted instructions and on one hart the same words give the same bytes.
 */
#include "guest.h"
#include <bench/sched/choose.h>
#include <libos/loader/bundle.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_WRONG   2 // the arguments are
#define STATUS_MISUSED 3 // the policy broke a rule
#define STATUS_FAILED  1

#define FOLDER         "sched/"
#define SUFFIX         ".load"
#define DURATION_LEAST 1000000ul     // 1 ms
#define DURATION_MOST  60000000000ul // 1 min

struct run run;
static const char *policy_text, *load_text;
static struct sched_statistics before; // when the run began
static uint8_t buffer[65536];

static const char help[] =
    "schedule POLICY[:PARAMETER=VALUE,...] WORKLOAD LOAD SEED DURATION_NS threads|envs [HARTS]\n"
    "Runs the tasks of a workload under a policy, as threads or as environments, and writes the recording of the run to standard\n"
    "output. Environments can be on several harts: then the time is the clock's, and nothing is repeatable.\n"
    "schedule --list shows policies, their parameters and workloads.\n";

static _Noreturn __attribute__((format(printf, 1, 2))) void wrong(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("schedule: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs(".\n", stderr);
    va_end(arguments);
    exit(STATUS_WRONG);
}

// Workloads: the bundle's files sched/NAME.load

static const struct bundle *bundle_here(void)
{
    const char *why;
    const struct bundle *bundle = bundle_own(&why);

    if (!bundle)
        wrong("%s", why);
    return bundle;
}

static bool workload_load(const char *name)
{
    char path[64];
    const char *why;
    struct bundle_file file;

    if ((size_t)snprintf(path, sizeof(path), FOLDER "%s" SUFFIX, name) >= sizeof(path) ||
        !bundle_find(bundle_here(), path, &file, &why))
        wrong("there is no workload '%s'; schedule --list shows those there are", name);
    return workload_parse(&run.workload, path + strlen(FOLDER), (const char *)file.bytes, file.size);
}

static bool workload_is(const char *path, char name[64])
{
    size_t length = strlen(path), ends = strlen(FOLDER) + strlen(SUFFIX);

    if (length <= ends || length - ends >= 64 || strncmp(path, FOLDER, strlen(FOLDER)) != 0 ||
        strcmp(path + length - strlen(SUFFIX), SUFFIX) != 0)
        return false;
    memcpy(name, path + strlen(FOLDER), length - ends);
    name[length - ends] = 0;
    return true;
}

static void list_policy(const struct sched_ops *ops)
{
    printf("policy\t%s\t%s\n", ops->name, ops->text ? ops->text : "");
    for (const struct sched_parameter *one = ops->parameters; one && one->name; one++)
        printf("parameter\t%s\t%s\t%lu\t%lu\t%lu\t%s\n", ops->name, one->name, one->least, one->most, choose_default(one),
               one->text);
}

static _Noreturn void list(void)
{
    struct bundle_file file;
    const char *why;
    char name[64];
    size_t position = 0;

    for (const struct sched_ops *const *ops = choose_policies; *ops; ops++)
        list_policy(*ops);
    while (bundle_next(bundle_here(), &position, &file, &why) == 1)
        if (workload_is(file.name, name))
            printf("workload\t%s\t%s\n", name, workload_load(name) ? run.workload.text : run.workload.error);
    exit(0);
}

// Arguments

static uint64_t number_read(const char *text, const char *what, uint64_t least, uint64_t most)
{
    char *end;
    uint64_t number = strtoul(text, &end, 10);

    if (strlen(text) > 19 || strspn(text, "0123456789") != strlen(text) || end == text || number < least || number > most)
        wrong("%s is a number from %lu to %lu, not '%s'", what, least, most, text);
    return number;
}

static void arguments_read(char **argv)
{
    char error[CHOOSE_ERROR];

    policy_text = argv[1];
    load_text = argv[3];
    run.ops = choose_policy(argv[1], error);
    if (!run.ops)
        wrong("%s", error);
    if (!workload_load(argv[2]))
        wrong("%s", run.workload.error);
    run.load = workload_load_of(argv[3]);
    if (run.load == 0)
        wrong("the load is a number like 0.5, not '%s'", argv[3]);
    run.seed = number_read(argv[4], "the seed", 0, ~0ul >> 1);
    run.duration = number_read(argv[5], "the duration in ns", DURATION_LEAST, DURATION_MOST);
    run.place = strcmp(argv[6], place_threads.word) == 0 ? &place_threads : &place_environments;
    if (strcmp(argv[6], run.place->word) != 0)
        wrong("tasks can be threads or envs, not '%s'", argv[6]);
    run.harts = argv[7] ? (uint32_t)number_read(argv[7], "the number of harts", 1, HARTS_MAX) : 1;
    if (run.harts > run.place->harts())
        wrong("%s can be on %u of the harts here, not on %u", run.place->name, (unsigned)run.place->harts(), (unsigned)run.harts);
    if (!script_begin(&run.script, &run.workload, run.load, run.seed, run.harts))
        wrong("%s", run.script.error);
    if (run.script.tasks > run.place->most)
        wrong("%s has %u tasks at this load, and a program has at most %u %s for them; the simulator has more",
              run.workload.name, (unsigned)run.script.tasks, (unsigned)run.place->most, run.place->name);
}

// The recording

static void put(void *context, const void *bytes, size_t count)
{
    (void)context;
    if (write(1, bytes, count) != (ssize_t)count)
        exit(STATUS_FAILED);
}

static void head_write(struct record *record)
{
    record_begin(record, buffer, sizeof(buffer), put, NULL);
    record_text(record, "policy", policy_text);
    record_text(record, "workload", run.workload.name);
    record_decimal(record, "load", run.load);
    record_number(record, "seed", run.seed);
    record_number(record, "harts", run.harts);
    record_number(record, "duration_ns", run.duration);
    record_text(record, "place", run.place->name);
    record_number(record, "tasks", run.script.tasks);
    record_number(record, "demand_permille", run.script.demand);
    for (uint32_t id = 0; id < run.script.tasks; id++) {
        struct sched_task task;
        script_describe(&run.script, id, &task);
        record_task(record, id, script_class(&run.script, id), task.weight, task.priority, task.period, task.deadline,
                    task.group);
    }
    record_start(record);
}

static void misuse_text(const struct sched_misuse *misuse, char text[160])
{
    bool known = misuse->fault != SCHED_FAULT_FOREIGN && misuse->task;
    int length = snprintf(text, 160, "%s %s", misuse->policy, misuse->text);

    if (known && length < 130)
        snprintf(text + length, 160 - (size_t)length, " (task %u)", (unsigned)(misuse->task->id - run.place->first));
}

static void trailer_write(struct record *record)
{
    const struct sched_statistics *now = sched_statistics();
    char text[160];

    record_end(record, run.duration);
    record_number(record, "decisions", now->decisions - before.decisions);
    record_number(record, "decision_instructions", now->instructions - before.instructions);
    record_number(record, "idle_ns", events_idle());
    if (sched_misuse()) {
        misuse_text(sched_misuse(), text);
        record_text(record, "misuse", text);
    }
    record_finish(record);
}

_Noreturn void run_finish(void)
{
    static struct record record;
    char text[160];

    upcall_hold(); // for good: nobody else runs any more
    actors_left();
    head_write(&record);
    events_write(&record);
    trailer_write(&record);
    if (!sched_misuse())
        exit(0);
    misuse_text(sched_misuse(), text);
    fprintf(stderr, "schedule: %s; from then on round robin had its tasks.\n", text);
    exit(STATUS_MISUSED);
}

#define SETTLE_TASKS 60

word_t settle_us(void)
{
    word_t more = run.script.tasks > SETTLE_TASKS ? run.script.tasks - SETTLE_TASKS : 0;
    return 50000 + 1000 * more;
}

// What the driver finds

static uint64_t instructions_now(void)
{
    uint64_t now;
    __asm__ volatile("rdinstret %0" : "=r"(now));
    return now;
}

static uint32_t task_of(const struct sched_task *task)
{
    uint32_t id = task ? task->id - run.place->first : 0;
    return id < run.script.tasks ? id : 0;
}

static void misused(const struct sched_misuse *misuse)
{
    event_note(clock_ns(), misuse->fault == SCHED_FAULT_FOREIGN ? 0 : task_of(misuse->task), NOTE_MISUSE, misuse->fault);
}

static void stalled(const struct sched_stall *stall)
{
    event_note(clock_ns(), task_of(stall->task), NOTE_STALL, stall->waited);
}

int main(int argc, char **argv)
{
    static struct sched_hooks hooks = {.misuse = misused, .stall = stalled};

    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        list();
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (argc != 7 && argc != 8)
        wrong("it takes POLICY WORKLOAD LOAD SEED DURATION_NS threads|envs [HARTS]; schedule --help says more");
    arguments_read(argv);
    if (!events_begin()) {
        fputs("schedule: there is no memory for what happens.\n", stderr);
        return STATUS_FAILED;
    }
    clock_calibrate();
    hooks.count = clock_is_counted() ? instructions_now : NULL;
    run.hooks = &hooks;
    const char *why = run.place->start();
    if (why) {
        fprintf(stderr, "schedule: %s.\n", why);
        return STATUS_FAILED;
    }
    before = *sched_statistics();
    run.place->wait();
}
