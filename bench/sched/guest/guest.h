// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between the files of the program `schedule`, which runs one policy on one workload in the guest:
 *
 *     schedule.c       the arguments, the lists, and the run from its head to its end
 *     actors.c         the tasks of the workload, which do what their scripts say
 *     threads.c        a place for them: threads of this program under the policy
 *     environments.c   another: environments of their own, and this program is their scheduler
 *     clock.c          nanoseconds, and the loop that computes
 *     events.c         what happened, kept in memory until the run is over
 */
#ifndef BENCH_SCHED_GUEST_H
#define BENCH_SCHED_GUEST_H

#include <bench/sched/record.h>
#include <bench/sched/script.h>
#include <libos/sched/driver.h>
#include <rivet.h>

#define ACTORS_MAX (SCRIPT_TASKS_MAX - 1) // tasks in a guest; a place may have fewer

/*
 * Where tasks run. The first three are called by the program; the others by the task itself, for what it cannot do
 * alone.
 */
struct place {
    const char *word, *name;        // in the arguments, in the recording
    uint32_t first;                 // the number that the driver has for task 0, and so on
    uint32_t most;                  // how many tasks it has room for
    uint32_t (*harts)(void);        // how many harts it can use
    const char *(*start)(void);     // makes all tasks, to begin when the run does; NULL, or why it cannot: a sentence without its subject
    void (*wait)(void) __attribute__((noreturn)); // until the run is over, and then run_finish

    void (*over)(void) __attribute__((noreturn)); // the task found that the run is over
    void (*hold)(void);             // until release no other task of this hart runs
    void (*release)(void);
    void (*sleep)(word_t until);    // ticks
    void (*job)(uint32_t id);       // its next job (actor_job) has begun
    void (*sleep_job)(uint32_t id); // it sleeps until its next job comes; returns at once when that is here already
    void (*yield)(void);
    void (*end)(void);
    bool (*lock_try)(uint32_t id, uint32_t number);
    void (*lock)(uint32_t id, uint32_t number);
    void (*unlock)(uint32_t id, uint32_t number);
    void (*meet)(uint32_t id, uint32_t number, uint32_t count);
};
extern const struct place place_threads, place_environments;

extern struct run {
    const struct place *place;
    const struct sched_hooks *hooks; // the place's own notes come by actors_note
    const struct sched_ops *ops;
    uint32_t load;     // thousandths
    uint32_t harts;
    uint64_t seed;
    uint64_t duration; // ns
    struct workload workload;
    struct script script;
} run;

// schedule.c: writes what happened, and ends the program.
_Noreturn void run_finish(void);

// From making the tasks to the beginning of the run.
word_t settle_us(void);

/*
 * actors.c. A place begins each actor before the run, which says what its task is and when its first job comes, and
 * notes what the driver says of it; the task itself does actor_run.
 */
const struct action *actor_begin(uint32_t id, struct sched_task *task);
void actors_note(enum sched_note note, uint32_t id, uint32_t hart, enum sched_end end);
_Noreturn void actor_run(uint32_t id);
const struct action *actor_job(uint32_t id);
uint64_t job_due(const struct action *job); // as policies count nanoseconds; 0: never
void actors_left(void);                     // the run is over: jobs that had arrived and did not begin

/*
 * clock.c: nanoseconds since the run began; before that it is 0. With counted instructions, which are the time then,
 * they are exact, and otherwise as fine as the machine's ticks.
 */
void clock_calibrate(void);
bool clock_is_counted(void);    // else instructions mean nothing
void clock_begin(word_t tick);  // the run begins at that time
uint64_t clock_ns(void);
uint64_t clock_base(void);      // when it began, as threads count nanoseconds
word_t clock_tick(uint64_t ns); // the first tick that is not before
void compute(uint64_t ns);      // so much of this thread's own time

// events.c. An event may be put down with a time that is a little past, and while another is: they are sorted before
// they are written.
bool events_begin(void); // false: there is no memory
void event_add(enum record_kind kind, uint64_t time, uint32_t task, uint32_t hart, uint64_t why);
void event_note(uint64_t time, uint32_t task, enum record_note code, uint64_t value);
void event_release(uint64_t time, uint32_t task, uint64_t service, uint64_t deadline, uint64_t late);
void events_write(struct record *record); // those up to the end of the run
uint64_t events_idle(void);               // ns in which harts ran nobody because nobody was to; after events_write

#endif
