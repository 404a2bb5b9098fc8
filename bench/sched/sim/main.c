// SPDX-License-Identifier: BSD-2-Clause
/*
 * The command line of the simulator. A recording goes to standard output or a file; what is wrong is one sentence on standard
 * error. Status: 0, 2 for a wrong command, 3 when the policy broke a rule (the recording is complete all the same: the driver
 * takes the tasks), 4 when the recording could not be written.
 */
#include <bench/sched/choose.h>
#include <bench/sched/sim/sim.h>

#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S 1 // of the processor's time that one decision may take, and as much again
#define FILE_MOST  (8 << 20)

static const struct option long_options[] = {
    {"policy", 1, 0, 'p'}, {"workload", 1, 0, 'w'}, {"load", 1, 0, 'l'}, {"seed", 1, 0, 's'},
    {"harts", 1, 0, 'n'}, {"duration", 1, 0, 'd'}, {"out", 1, 0, 'o'}, {"costs", 1, 0, 'c'},
    {"switch-cost", 1, 0, 'x'}, {"jitter", 1, 0, 'j'}, {"list", 0, 0, 'L'}, {"help", 0, 0, 'h'}, {0},
};

static const char help[] =
    "rivet-sim: a workload under a scheduler policy, simulated; the recording goes to standard output.\n"
    "  --policy NAME[:PARAMETER=VALUE,...]   --list shows them\n"
    "  --workload FILE                       as docs/workloads.md describes\n"
    "  --load NUMBER                         what it scales is said in the file (default: its first)\n"
    "  --harts N                             1 to 64 (default 1)\n"
    "  --seed N                              default 1\n"
    "  --duration NS                         default: the file's\n"
    "  --switch-cost NS                      what a switch costs besides: cold caches (default 0)\n"
    "  --jitter SEED                         each decision takes up to a tick of the timer longer, at random\n"
    "  --costs FILE                          rows of `./rivet bench sched` (default: those of the source tree)\n"
    "  --out FILE                            instead of standard output\n"
    "  --list                                the policies and their parameters\n";

_Noreturn static void die(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("rivet-sim: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(status);
}

static uint64_t number_parse(const char *option, const char *text, uint64_t least, uint64_t most)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);

    if (errno || *end || end == text || text[0] == '-' || number < least || number > most)
        die(2, "--%s takes a number from %lu to %lu, not '%s'.", option, least, most, text);
    return number;
}

static void list(void)
{
    for (const struct sched_ops *const *ops = choose_policies; *ops; ops++) {
        printf("policy\t%s\t%s\n", (*ops)->name, (*ops)->text ? (*ops)->text : "");
        for (const struct sched_parameter *one = (*ops)->parameters; one && one->name; one++)
            printf("parameter\t%s\t%s\t%lu\t%lu\t%lu\t%s\n", (*ops)->name, one->name, one->least, one->most,
                   choose_default(one), one->text);
    }
}

static char *file_read(const char *name, size_t *length)
{
    FILE *in = fopen(name, "rb");
    char *text = malloc(FILE_MOST);

    if (!in || !text)
        die(2, "%s can't be read (%s).", name, strerror(errno));
    *length = fread(text, 1, FILE_MOST, in);
    if (ferror(in) || *length == FILE_MOST)
        die(2, "%s can't be read, or is larger than 8 MiB.", name);
    fclose(in);
    return text;
}

// The recording

static FILE *out;
static const char *out_name; // NULL: standard output

// Half a recording is not left; what is no file, like /dev/full, is.
_Noreturn static void out_fail(int error)
{
    struct stat about;

    if (out_name && stat(out_name, &about) == 0 && S_ISREG(about.st_mode))
        remove(out_name);
    die(4, "The recording can't be written (%s).", strerror(error));
}

static void put(void *context, const void *bytes, size_t count)
{
    (void)context;
    if (fwrite(bytes, 1, count, out) != count)
        out_fail(errno);
}

static void head_write(const char *policy, uint64_t seed)
{
    static char buffer[1 << 16];
    struct record *record = &sim.record;
    const struct script *script = &sim.script;

    record_begin(record, buffer, sizeof(buffer), put, NULL);
    record_text(record, "policy", policy);
    record_text(record, "workload", script->workload->name);
    record_decimal(record, "load", script->load);
    record_number(record, "seed", seed);
    record_number(record, "harts", sim.harts);
    record_number(record, "duration_ns", sim.end);
    record_text(record, "place", "simulator");
    record_number(record, "switch_cost_ns", sim.costs.cold);
    record_number(record, "tasks", script->tasks);
    record_number(record, "demand_permille", script->demand);
    for (uint32_t id = 0; id < script->tasks; id++) {
        const struct sched_task *task = &sim.actor[id].task;
        record_task(record, id, script_class(script, id), task->weight, task->priority, task->period, task->deadline, task->group);
    }
    record_start(record);
}

static void tail_write(void)
{
    const struct sched_misuse *misuse = sched_misuse();

    record_number(&sim.record, "decisions", sched_statistics()->decisions);
    record_number(&sim.record, "decision_instructions", 0);
    record_number(&sim.record, "idle_ns", sim.idle_ns);
    if (misuse)
        record_text(&sim.record, "misuse", misuse->text);
    record_finish(&sim.record);
    if (fclose(out) != 0)
        out_fail(errno);
}

// A policy that does not come back, or faults: it is left there.

static sigjmp_buf rescue;
static volatile sig_atomic_t fault;
static uint64_t decisions_seen = ~0ul;

static void on_fault(int number)
{
    static const char broken[] = "rivet-sim: the simulator faulted outside of the policy.\n";
    (void)number;
    if (!sched_deciding()) {
        (void)!write(2, broken, sizeof(broken) - 1);
        _exit(139);
    }
    fault = SCHED_FAULT_CRASH;
    siglongjmp(rescue, 1);
}

static void on_alarm(int number)
{
    (void)number;
    uint64_t decisions = sched_statistics()->decisions;

    if (sched_deciding() && decisions == decisions_seen) {
        fault = SCHED_FAULT_LOOP;
        siglongjmp(rescue, 1);
    }
    decisions_seen = decisions;
}

static void faults_catch(void)
{
    static char stack[1 << 16];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction crash = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER}, alarm = {.sa_handler = on_alarm};
    struct itimerval timer = {{PATIENCE_S, 0}, {PATIENCE_S, 0}};

    sigaltstack(&other, NULL);
    sigaction(SIGSEGV, &crash, NULL);
    sigaction(SIGBUS, &crash, NULL);
    sigaction(SIGFPE, &crash, NULL);
    sigaction(SIGILL, &crash, NULL);
    sigaction(SIGVTALRM, &alarm, NULL);
    setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

static void simulate(const struct sched_ops *ops, uint64_t seed)
{
    static volatile bool begun;

    faults_catch();
    if (sigsetjmp(rescue, 1)) {
        sched_abandon((enum sched_fault)fault, sim_clock());
        if (begun)
            engine_repair();
    }
    if (!begun)
        engine_begin(ops, seed);
    begun = true;
    engine_run();
}

int main(int argc, char **argv)
{
    static struct workload workload;
    const char *policy = "eevdf", *file = NULL, *load = NULL, *costs_file = SIM_COSTS;
    char error[CHOOSE_ERROR];
    uint64_t seed = 1, duration = 0, cold = 0;
    size_t length;
    int option;

    signal(SIGXFSZ, SIG_IGN); // a file that gets too large is an error like others
    sim.harts = 1;
    opterr = 0; // one sentence is ours
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
        switch (option) {
        case 'p': policy = optarg; break;
        case 'w': file = optarg; break;
        case 'l': load = optarg; break;
        case 'o': out_name = optarg; break;
        case 'c': costs_file = optarg; break;
        case 's': seed = number_parse("seed", optarg, 0, ~0ul); break;
        case 'n': sim.harts = (uint32_t)number_parse("harts", optarg, 1, SCHED_HARTS_MAX); break;
        case 'd': duration = number_parse("duration", optarg, 1, 1000000000000ul); break;
        case 'x': cold = number_parse("switch-cost", optarg, 0, 1000000000ul); break;
        case 'j': sim.jitter.state = number_parse("jitter", optarg, 1, ~0ul); break;
        case 'L': list(); return 0;
        case 'h': fputs(help, stdout); return 0;
        default: die(2, "'%s' is no option, or its value is missing; --help lists them.", argv[optind - 1]);
        }
    if (optind < argc)
        die(2, "'%s' is no option; --help lists them.", argv[optind]);
    if (!file)
        die(2, "--workload names the file of a workload.");
    const struct sched_ops *ops = choose_policy(policy, error);
    if (!ops)
        die(2, "%s.", error);
    char *text = file_read(file, &length);
    if (!workload_parse(&workload, file, text, length))
        die(2, "%s", workload.error);
    uint32_t thousandths = load ? workload_load_of(load) : workload.loads[0];
    if (thousandths == 0)
        die(2, "--load takes a number from 0.001 to 1000, not '%s'.", load);
    if (!script_begin(&sim.script, &workload, thousandths, seed, sim.harts))
        die(2, "%s", sim.script.error);
    sim.costs = costs_default;
    if (!costs_read(&sim.costs, costs_file, ops->name, error))
        die(2, "%s", error);
    sim.costs.cold = cold;
    sim.end = duration ? duration : workload.duration;
    out = out_name ? fopen(out_name, "wb") : stdout;
    if (!out)
        die(4, "%s can't be written (%s).", out_name, strerror(errno));
    for (uint32_t id = 0; id < sim.script.tasks; id++)
        script_describe(&sim.script, id, &sim.actor[id].task);
    head_write(policy, seed);
    simulate(ops, seed);
    engine_finish();
    tail_write();
    const struct sched_misuse *misuse = sched_misuse();
    if (misuse)
        fprintf(stderr, "rivet-sim: the policy %s %s; its tasks went on under round robin.\n", misuse->policy, misuse->text);
    free(text);
    return misuse ? 3 : 0;
}
