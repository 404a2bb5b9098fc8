// SPDX-License-Identifier: BSD-2-Clause
/*
 * The recording of one run: one policy on one workload, one load, one seed. The guest and the simulator write the same
 * format, and everything that is ever said of a run (metrics, plots, traces) is computed from it.
 *
 *     rivet-sched 1                       this line, to the letter
 *     KEY VALUE                           lines of text: what was run; VALUE is the rest of the line
 *     ...
 *     task ID CLASS WEIGHT PRIORITY PERIOD_NS DEADLINE_NS GROUP      one line per task, PERIOD, DEADLINE, GROUP 0: none
 *     ...
 *     (an empty line)
 *     records, without a gap              see below; the last one is END
 *     KEY VALUE                           lines of text: the trailer, up to the end of the file
 *
 * Keys above, always: `policy` (name, or name:parameter=value,...), `workload` (its name), `load` (decimal), `seed`, `harts`,
 * `duration_ns`, `place` (threads, environments or simulator), `tasks` (how many), `demand_permille` (what the tasks that
 * arrive by the clock ask for, of all harts; more than 1000 is beyond capacity). Others may be there.
 * Keys below, always: `end_ns`, `records`, `lost` (records that found no room: the run is to be thrown away unless it is 0),
 * `decisions`, `decision_instructions` (of all decisions together, 0: not measured), `switches` (a hart began to run another
 * task than before), `idle_ns` (of all harts together); and `misuse TEXT` for each rule that the policy broke.
 *
 * A record is a row of unsigned numbers, each as a varint: seven bits a byte, lowest first, bit 7 set where more follow.
 *
 *     time since the record before (ns; the first: since 0), task << 3 | kind, then what the kind says:
 *
 *     0 WAKE                              the task was blocked and may run from now on
 *     1 RUN      hart                     it runs there from now on
 *     2 STOP     hart, why                it does not run any more; why: 0 its turn was over, 1 preempted, 2 it yielded,
 *                                         3 it waits, 4 it ended
 *     3 RELEASE  service, deadline, late  its next job: computes for `service` ns (0: it never ends), is to be done `deadline` ns
 *                                         after its arrival (0: no deadline), and arrived `late` ns before this record
 *     4 DONE                              its present job is done
 *     5 NOTE     code, value              enum record_note
 *     7 END                               the run ends here; of task 0
 *
 * A task's records are in the order WAKE (RUN STOP)* ... : RUN and STOP alternate, WAKE follows a STOP that says it waits (or is
 * its first record). What a RUN begins is ended by END where there is no STOP. RELEASE may precede or follow the WAKE that it
 * brings; jobs of one task do not overlap: one that arrives while another is being done is written when it begins, `late`.
 */
#ifndef BENCH_SCHED_RECORD_H
#define BENCH_SCHED_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_MAGIC "rivet-sched 1"
#define RECORD_BYTES_MAX 60 // of one record, at most

enum record_kind { RECORD_WAKE, RECORD_RUN, RECORD_STOP, RECORD_RELEASE, RECORD_DONE, RECORD_NOTE, RECORD_END = 7 };

enum record_why {
    RECORD_EXPIRED,
    RECORD_PREEMPTED,
    RECORD_YIELDED,
    RECORD_BLOCKED,
    RECORD_ENDED,
};

enum record_note {
    NOTE_MISUSE = 1, // the policy broke a rule while it decided about this task; value: the driver's number of the rule
    NOTE_STALL,      // the task starved; value: for how long, ns
    NOTE_LOCK_WAIT,  // it waits for a lock; value: which
    NOTE_LOCK,       // it has it
    NOTE_UNLOCK,     // it gave it back
    NOTE_BARRIER,    // it arrived at a barrier; value: which
};

/*
 * A recording being written. It needs no memory but the buffer. With `put` the buffer is emptied through it whenever it is
 * full; without, everything has to fit, and what does not is counted in `lost`: records only, for room is kept for the trailer.
 */
struct record {
    uint8_t *buffer;
    size_t size, used;
    void (*put)(void *context, const void *bytes, size_t count);
    void *context;
    uint64_t time;           // of the last record
    uint64_t written, lost;  // records
    uint64_t runs, switches; // RUN records; those that are of another task than the last on that hart
    uint32_t last[64];       // per hart: the task that ran last, and 1
};

#define RECORD_TRAILER 1024 // bytes kept for END and the trailer

// Writes the magic. `size` is more than RECORD_TRAILER.
void record_begin(struct record *record, void *buffer, size_t size,
                  void (*put)(void *context, const void *bytes, size_t count), void *context);
// A line, in the header or the trailer. The text has no line end (what is behind one is left out).
void record_text(struct record *record, const char *key, const char *text);
void record_number(struct record *record, const char *key, uint64_t number);
// `thousandths` as a decimal, without zeros behind the last digit that counts.
void record_decimal(struct record *record, const char *key, uint64_t thousandths);
// A task's line.
void record_task(struct record *record, uint32_t id, const char *class, uint64_t weight, int64_t priority, uint64_t period,
                 uint64_t deadline, uint64_t group);
// The header is over.
void record_start(struct record *record);

// The records. A time before the last record's counts as that one's.
void record_wake(struct record *record, uint64_t now, uint32_t task);
void record_run(struct record *record, uint64_t now, uint32_t task, uint32_t hart);
void record_stop(struct record *record, uint64_t now, uint32_t task, uint32_t hart, enum record_why why);
void record_release(struct record *record, uint64_t now, uint32_t task, uint64_t service, uint64_t deadline, uint64_t late);
void record_done(struct record *record, uint64_t now, uint32_t task);
void record_note(struct record *record, uint64_t now, uint32_t task, enum record_note code, uint64_t value);

// END, and the keys of the trailer that the writer knows: end_ns, records, lost, switches. The other keys follow by
// record_text and record_number, then record_finish hands what is left to `put`.
void record_end(struct record *record, uint64_t now);
void record_finish(struct record *record);

#endif
