// SPDX-License-Identifier: BSD-2-Clause
/*
 * What harts do besides the tasks' work. A file of costs is rows of a name, a tab and a number of nanoseconds:
 *
 *     timer_busy       from the time somebody sleeps until, or a turn ends, to the driver's being told, on a hart that runs something
 *     timer_idle       the same on a hart that has nothing to do
 *     decide_around    from there to the next task's running, without the policy's part
 *     decide_POLICY_N  that part: charge, enqueue and pick with N = 10, 100, 1000 tasks, as `./rivet bench sched` prints it
 *     go_on            from there to the task's own next instruction
 *
 * tools/sched/calibrate.py makes the others of what the guest recorded. Rows of other names are not for us.
 */
#include <bench/sched/sim/sim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_TYPICAL 300 // instructions of a decision of a policy that nobody measured

const struct costs costs_default = {
    .timer_busy = 1000, .timer_idle = 1500, .decide_around = 350, .go_on = 100,
    .decide = {POLICY_TYPICAL, POLICY_TYPICAL, POLICY_TYPICAL},
};

static void row_take(struct costs *costs, const char *policy, const char *name, uint64_t value)
{
    static const char *const sizes[] = {"10", "100", "1000"};
    char wanted[80];

    if (strcmp(name, "timer_busy") == 0)
        costs->timer_busy = value;
    if (strcmp(name, "timer_idle") == 0)
        costs->timer_idle = value;
    if (strcmp(name, "decide_around") == 0)
        costs->decide_around = value;
    if (strcmp(name, "go_on") == 0)
        costs->go_on = value;
    for (int i = 0; i < 3; i++) {
        snprintf(wanted, sizeof(wanted), "decide_%s_%s", policy, sizes[i]);
        if (strcmp(name, wanted) == 0)
            costs->decide[i] = value;
    }
}

bool costs_read(struct costs *costs, const char *file, const char *policy, char error[200])
{
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
        row_take(costs, policy, name, (uint64_t)value);
    }
    fclose(in);
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
