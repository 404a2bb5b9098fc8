// SPDX-License-Identifier: BSD-2-Clause
/*
 * What harts do besides the tasks' work. A file of costs is what `./rivet bench sched --tsv FILE` writes:
 *
 *     thread_switch       from a thread that gives way to the next one's next instruction, round robin's decision included
 *     thread_preempt      the same from a timer: all registers are saved (where there is none: thread_switch and `alarm`)
 *     decide_POLICY_N     charge, enqueue and pick with N = 10, 100, 1000 tasks
 */
#include <bench/sched/sim/sim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_TYPICAL 300 // instructions of a decision of a policy that nobody measured

const struct costs costs_default = {
    .give_way = 100, .interrupt = 250, .decide = {POLICY_TYPICAL, POLICY_TYPICAL, POLICY_TYPICAL},
};

struct rows {
    uint64_t thread_switch, thread_preempt, decide_round_robin, decide[3];
};

static void row_take(struct rows *rows, const char *policy, const char *name, uint64_t value)
{
    static const char *const sizes[] = {"10", "100", "1000"};
    char wanted[80];

    if (strcmp(name, "thread_switch") == 0)
        rows->thread_switch = value;
    if (strcmp(name, "thread_preempt") == 0)
        rows->thread_preempt = value;
    if (strcmp(name, "decide_round_robin_10") == 0)
        rows->decide_round_robin = value;
    for (int i = 0; i < 3; i++) {
        snprintf(wanted, sizeof(wanted), "decide_%s_%s", policy, sizes[i]);
        if (strcmp(name, wanted) == 0)
            rows->decide[i] = value;
    }
}

bool costs_read(struct costs *costs, const char *file, const char *policy, char error[200])
{
    struct rows rows = {0};
    char line[200], name[100];
    double value;
    FILE *in = fopen(file, "r");

    if (!in) {
        snprintf(error, 200, "The costs can't be read from %.150s.", file);
        return false;
    }
    for (int number = 1; fgets(line, sizeof(line), in); number++) {
        if (line[0] == '#')
            continue;
        if (sscanf(line, "%99[a-z0-9_]\t%lf", name, &value) != 2 || value < 0 || value > 1e9) {
            snprintf(error, 200, "%.120s:%d: expected a name, a tab and a number.", file, number);
            fclose(in);
            return false;
        }
        row_take(&rows, policy, name, (uint64_t)value);
    }
    fclose(in);
    if (rows.thread_switch > rows.decide_round_robin)
        costs->give_way = rows.thread_switch - rows.decide_round_robin;
    if (rows.thread_preempt > rows.thread_switch && rows.thread_switch)
        costs->interrupt = rows.thread_preempt - rows.thread_switch;
    for (int i = 0; i < 3; i++)
        if (rows.decide[i])
            costs->decide[i] = rows.decide[i];
    return true;
}

// Between the sizes that were measured: in a straight line.
uint64_t costs_decision(const struct costs *costs, uint32_t runnable)
{
    uint64_t from = runnable > 100 ? 100 : 10, to = 10 * from, n = runnable;
    const uint64_t *decide = &costs->decide[runnable > 100];

    n = n < from ? from : n > to ? to : n;
    return (decide[0] * (to - n) + decide[1] * (n - from)) / (to - from);
}
