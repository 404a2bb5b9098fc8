// SPDX-License-Identifier: BSD-2-Clause
/*
 * What harts do besides the tasks' work. tools/sched/calibrate.py makes the file of costs, from `./rivet bench sched` and from
 * recordings of the guest; this is what its rows are called:
 *
 *     tick_ns             the grain of the guest's timer
 *     sim_timer           from a timer's interrupt until those who are due woke, besides half a decision, when somebody ran
 *     sim_idle            the same when nobody did, and without the policy's part
 *     sim_alarm           more than that, when somebody ran while the task slept, and so had an alarm set for it; and sim_late: for the
 *                         alarm's interrupt, once the task runs
 *     sim_expire          from the end of a turn, which begins with the decision for it, until it is stopped
 *     sim_pass            from there back to the one who ran, if he runs on
 *     sim_choose          from a stop to the next one's run, besides the policy's decision
 *     decide_POLICY_N     that: charge, enqueue and pick with N = 10, 100, 1000 tasks
 *     sim_resume          from a run to where the task goes on, if it had given way; sim_back: if it was interrupted
 *     sim_compute, sim_done, sim_lock, sim_unlock    those actions; sim_action: each sleep, yield and barrier
 *     sim_end             from the last one until the task waits for its next job; sim_again: until that begins at once
 *     sim_draw_KIND       a random length
 *     sim_burst           the next one of a list of bursts
 *     sim_sleeper         each task that sleeps, when one is put into their list or an interrupt looks through it
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
#define ROW(name, member) {name, offsetof(struct costs, member)}
    ROW("tick_ns", tick), ROW("sim_timer", timer), ROW("sim_idle", idle), ROW("sim_pass", pass), ROW("sim_choose", choose),
    ROW("sim_resume", resume), ROW("sim_expire", expire), ROW("sim_slice_end", slice_end), ROW("sim_back", back),
    ROW("sim_compute", compute), ROW("sim_done", done), ROW("sim_lock", lock), ROW("sim_unlock", unlock),
    ROW("sim_action", action), ROW("sim_sleeper", sleeper),
    ROW("sim_alarm", alarm), ROW("sim_late", late), ROW("sim_end", end), ROW("sim_again", again), ROW("sim_burst", burst),
    ROW("sim_draw_uniform", draw[LENGTH_UNIFORM]), ROW("sim_draw_loguniform", draw[LENGTH_LOGUNIFORM]),
    ROW("sim_draw_exponential", draw[LENGTH_EXPONENTIAL]), ROW("sim_draw_lognormal", draw[LENGTH_LOGNORMAL]),
    ROW("sim_draw_bimodal", draw[LENGTH_BIMODAL]), ROW("sim_draw_uunifast", draw[LENGTH_UUNIFAST]),
#undef ROW
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
