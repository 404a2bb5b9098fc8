// SPDX-License-Identifier: BSD-2-Clause
/*
 * What harts do besides the tasks' work. tools/sched/calibrate.py makes the file of costs, from `./rivet bench sched` and from
 * recordings of the guest; this is what its rows are called:
 *
 *     tick_ns             the grain of the guest's timer
 *     sim_timer           from a timer's interrupt until those who are due woke, besides half a decision, when somebody ran
 *     sim_idle            the same when nobody did, and without the policy's part
 *     sim_expire          from the end of a turn, which begins with the decision for it, until it is stopped
 *     sim_pass            from there back to the one who ran, if he runs on
 *     sim_choose          from a stop to the next one's run, besides the policy's decision
 *     decide_POLICY_N     that: charge, enqueue and pick with N = 10, 100, 1000 tasks
 *     sim_resume          from a run to where the task goes on
 *     sim_begin           from there to a job's work, and from that to the job's end
 *     sim_end             from there until the task waits for its next job; sim_again: until that begins at once
 *     sim_action          each lock, unlock, barrier, sleep and yield
 *     sim_draw            a random length, if that takes a logarithm
 *     sim_slice_end       the end of a slice, of the guest's own
 */
#include <bench/sched/sim/sim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_TYPICAL 300 // instructions of a decision of a policy that nobody measured

const struct costs costs_default = {.tick = 1, .decide = {POLICY_TYPICAL, POLICY_TYPICAL, POLICY_TYPICAL}};

static const struct {
    const char *name;
    size_t place;
} rows[] = {
    {"tick_ns", offsetof(struct costs, tick)}, {"sim_timer", offsetof(struct costs, timer)},
    {"sim_idle", offsetof(struct costs, idle)}, {"sim_pass", offsetof(struct costs, pass)},
    {"sim_choose", offsetof(struct costs, choose)}, {"sim_resume", offsetof(struct costs, resume)},
    {"sim_begin", offsetof(struct costs, begin)}, {"sim_expire", offsetof(struct costs, expire)},
    {"sim_end", offsetof(struct costs, end)}, {"sim_again", offsetof(struct costs, again)},
    {"sim_action", offsetof(struct costs, action)}, {"sim_draw", offsetof(struct costs, draw)},
    {"sim_slice_end", offsetof(struct costs, slice_end)},
};

static void row_take(struct costs *costs, const char *policy, const char *name, uint64_t value)
{
    static const char *const sizes[] = {"10", "100", "1000"};
    char wanted[80];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(name, rows[i].name) == 0)
            *(uint64_t *)((char *)costs + rows[i].place) = value;
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
    costs->tick = costs->tick ? costs->tick : 1;
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
