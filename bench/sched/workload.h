// SPDX-License-Identifier: BSD-2-Clause
/*
 * A workload: classes of tasks, and how their jobs arrive and what they do, read from a text file. The format, for people who
 * write one: docs/workloads.md; its words: workload.def. script.h makes each task's actions out of it.
 *
 * No floating point and no libc but string.h: the guest reads the same files. Times are in nanoseconds; numbers that may have
 * a fraction (loads, demands) are kept in thousandths.
 */
#ifndef BENCH_SCHED_WORKLOAD_H
#define BENCH_SCHED_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORKLOAD_NAME        24  // bytes of a name, its NUL included
#define WORKLOAD_TEXT        160
#define WORKLOAD_CLASSES_MAX 128
#define WORKLOAD_PHASES_MAX  512 // of all classes together
#define WORKLOAD_LOADS_MAX   16
#define WORKLOAD_LOCKS_MAX   32
#define WORKLOAD_FOREVER     (~0ul) // a length: computes as long as the run lasts

// A number of the file, and what it does when the load changes.
struct workload_value {
    uint64_t number;
    enum workload_scale { SCALE_NOT, SCALE_TIMES_LOAD, SCALE_BY_LOAD } scale;
};

// Lengths of time that are drawn: from which distribution.
struct workload_lengths {
    enum workload_kind {
        LENGTH_CONSTANT,    // a
        LENGTH_UNIFORM,     // between a and b
        LENGTH_LOGUNIFORM,  // between a and b, each factor as likely
        LENGTH_EXPONENTIAL, // mean a
        LENGTH_LOGNORMAL,   // median a, sigma `thousandths`
        LENGTH_BIMODAL,     // a; with the probability `thousandths` b
        LENGTH_UUNIFAST,    // of compute alone: the task's part of the demand a (thousandths), times its period
    } kind;
    struct workload_value a, b;
    uint32_t thousandths;
};

struct workload_phase {
    enum workload_action { PHASE_COMPUTE, PHASE_SLEEP, PHASE_LOCK, PHASE_UNLOCK, PHASE_BARRIER, PHASE_YIELD } action;
    uint32_t lock;
    struct workload_lengths lengths;
};

enum workload_arrival {
    ARRIVAL_ALWAYS,   // the next job begins when one is done
    ARRIVAL_ONCE,     // one job; then the task ends
    ARRIVAL_AFTER,    // `gap` after the last one is done
    ARRIVAL_EVERY,    // `gap` after the last one arrived, whatever became of that
    ARRIVAL_PERIODIC, // the same, but `gap` is drawn once, when the task is made: its period
    ARRIVAL_DEMAND,   // as EVERY, with exponential gaps such that the class asks for `demand` of all harts
    ARRIVAL_LISTED,   // each at its time, as listed: `bursts` are AT:RUN
    ARRIVAL_CLOSED,   // as listed: `bursts` are RUN:SLEEP, the last is followed by the first again
};

struct workload_class {
    char name[WORKLOAD_NAME];
    struct workload_value count;
    uint32_t weight;
    int32_t priority;
    uint32_t group; // 0: none
    uint32_t gang;  // each so many tasks of the class are a group of their own; 0: not so
    uint64_t harts; // mask
    enum workload_arrival arrival;
    struct workload_lengths gap, start;
    struct workload_value demand;            // thousandths of all harts
    bool started;                            // `start` was said
    uint64_t until;                          // no job arrives from then on, and the task ends; 0: not so
    struct workload_value deadline, budget;  // 0: none
    uint32_t deadline_percent, budget_percent; // of the period, of the job's service; 0: `deadline` or `budget` says it
    uint32_t first_phase, phases;            // in workload.phase
    size_t bursts, bursts_end;               // where in the text the first list begins and the last one ends
    uint32_t bursts_count;
    uint32_t line;                           // of its `class`
};

struct workload {
    char name[WORKLOAD_NAME];   // the file's, without folder and .load
    char text[WORKLOAD_TEXT];
    char load_text[WORKLOAD_TEXT]; // what load scales
    uint32_t suits;             // a mask of enum workload_feature; 0: any policy
    uint32_t metrics;           // a mask of enum workload_metric
    uint32_t loads[WORKLOAD_LOADS_MAX], loads_count; // thousandths
    uint64_t duration;
    uint32_t focus[WORKLOAD_CLASSES_MAX / 32]; // classes whose figures matter most, a bit each; none: all
    char lock[WORKLOAD_LOCKS_MAX][WORKLOAD_NAME];
    uint32_t locks;
    struct workload_class class[WORKLOAD_CLASSES_MAX];
    uint32_t classes;
    struct workload_phase phase[WORKLOAD_PHASES_MAX];
    uint32_t phases;
    const char *source; // the file's text: it stays the caller's, and has to live as long as this
    size_t source_length;
    char error[256];    // FILE:LINE: what was expected instead of what
};

#define FEATURE(name, text) WORKLOAD_FEATURE_##name,
enum workload_feature {
#include <bench/sched/workload.def>
    WORKLOAD_FEATURES
};
#undef FEATURE

#define METRIC(name, text) WORKLOAD_METRIC_##name,
enum workload_metric {
#include <bench/sched/workload.def>
    WORKLOAD_METRICS
};
#undef METRIC

extern const char *const workload_feature_name[WORKLOAD_FEATURES];
extern const char *const workload_metric_name[WORKLOAD_METRICS];

// False: `error` says where the file is wrong, and what was expected. `file` is what the error calls it, and its name is made of.
bool workload_parse(struct workload *workload, const char *file, const char *text, size_t length);

// The number under a load (thousandths). It saturates at 2^63.
uint64_t workload_value_at(struct workload_value value, uint32_t load);

// A load as people write it ("0.95"): thousandths, or 0 where the text is none (0 itself is no load).
uint32_t workload_load_of(const char *text);

// The next pair of a list of bursts at `*at`, which it moves behind it. False: there is no more. Parsed lists have no errors.
bool workload_burst(const struct workload *workload, size_t *at, size_t end, uint64_t *first, uint64_t *second);

#endif
