// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between the files of the program `schedule`, which runs one policy on one workload in the guest:
 *
 *     schedule.c   the arguments, the lists, and the run from its head to its end
 *     actors.c     the tasks of the workload as threads
 *     clock.c      nanoseconds, and the loop that computes
 *     events.c     what happened, kept in memory until the run is over
 */
#ifndef BENCH_SCHED_GUEST_H
#define BENCH_SCHED_GUEST_H

#include <bench/sched/record.h>
#include <bench/sched/script.h>
#include <libos/sched/driver.h>
#include <rivet.h>

#define ACTORS_MAX 60 // tasks as threads: each has a stack

extern struct run {
    const struct sched_ops *ops;
    uint32_t load;     // thousandths
    uint64_t seed;
    uint64_t duration; // ns
    struct workload workload;
    struct script script;
} run;

// schedule.c: writes what happened, and ends the program.
_Noreturn void run_finish(void);

// actors.c
const char *actors_start(void);   // NULL, or why they cannot be made: a sentence without its subject
_Noreturn void actors_wait(void); // until the run is over, which ends the program
void actors_left(void);           // the run is over: jobs that had arrived and did not begin
void actors_note(enum sched_note note, const struct sched_task *task, uint32_t hart, enum sched_end end, uint64_t now);

/*
 * clock.c: nanoseconds since the run began; before that it is 0. With counted instructions, which are the time then, they are
 * exact, and otherwise as fine as the machine's ticks.
 */
void clock_calibrate(void);
void clock_begin(word_t tick);  // the run begins at that time
uint64_t clock_ns(void);
uint64_t clock_base(void);      // when it began, as threads count nanoseconds
word_t clock_tick(uint64_t ns); // the first tick that is not before
void compute(uint64_t ns);      // so much of this thread's own time

/*
 * events.c. An event may be put down with a time that is a little past: they are sorted before they are written. Upcalls are held
 * while events are added.
 */
bool events_begin(void); // false: there is no memory
void event_add(enum record_kind kind, uint64_t time, uint32_t task, uint64_t why);
void event_note(uint64_t time, uint32_t task, enum record_note code, uint64_t value);
void event_release(uint64_t time, uint32_t task, uint64_t service, uint64_t deadline, uint64_t late);
void events_write(struct record *record); // those up to the end of the run
uint64_t events_idle(void);               // ns in which nobody ran because nobody was to; after events_write

#endif
