// SPDX-License-Identifier: BSD-2-Clause
/*
 * Leads tasks through a policy (sched.h), for one hart or several. Threads, scheduler environments and the simulator
 * all do it with this driver, so a policy picks the same everywhere. The driver knows what each task does, and believes
 * no policy: what a policy may not do is named once (struct sched_misuse), and from then on the driver's own round
 * robin has all tasks.
 *
 * Whoever uses it says what happens, with the time in nanoseconds, which never goes back:
 *
 *     sched_begin(ops, harts, seed, hooks)
 *     sched_admit(t, now)                     it exists; it is blocked
 *     sched_wake(t, now)                      it may run
 *     t = sched_next(hart, now, &until)       run it there, until `until` at most; or nobody, and ask again at `until`
 *     sched_stop(hart, end, now)              it does not run there any more, because of `end`; then sched_next
 *     sched_leave(t, now)                     a blocked task is gone; one that runs ends by sched_stop
 *
 * After each of these sched_look() says which harts have to decide anew: those that run something stop it
 * (SCHED_END_PREEMPTED), then all call sched_next. On several harts the user's lock is around all calls.
 *
 *              admit            wake             next               stop: blocked
 *     GONE ----------> BLOCKED ------> QUEUED ----------> RUNNING -----------------> BLOCKED
 *       ^                 | leave         ^                 |  |
 *       +-----------------+               +-----------------+  | stop: ended
 *       +-------------------------------------- stop ----------+
 */
#ifndef LIBOS_SCHED_DRIVER_H
#define LIBOS_SCHED_DRIVER_H

#include <libos/sched/sched.h>

#define SCHED_STALL_NS 2000000000ul // a task that is queued for so long has starved, where the user does not say

enum sched_state { SCHED_GONE, SCHED_BLOCKED, SCHED_QUEUED, SCHED_RUNNING };

// Why a task stops running. The first three are a policy's `why`, with SCHED_WHY.
enum sched_end { SCHED_END_EXPIRED, SCHED_END_PREEMPTED, SCHED_END_YIELDED, SCHED_END_BLOCKED, SCHED_END_ENDED };
#define SCHED_WHY(end) ((enum sched_why)((end) + 1))

enum sched_fault {
    SCHED_FAULT_NONE,
    SCHED_FAULT_BLOCKED, // it picked a task that is blocked
    SCHED_FAULT_DEAD,    //          that is gone
    SCHED_FAULT_FOREIGN, //          that was never admitted
    SCHED_FAULT_RUNNING, //          that runs already
    SCHED_FAULT_HART,    //          that may not run there
    SCHED_FAULT_NOTHING, // it picked nothing, though something may run, and does not say when it may
    SCHED_FAULT_HELD,    // it holds tasks back until a time that has passed
    SCHED_FAULT_TURN,    // a turn without length
    SCHED_FAULT_LOOP,    // it did not come back
    SCHED_FAULT_CRASH,   // it faulted
    SCHED_FAULTS,
};

struct sched_misuse {
    enum sched_fault fault;
    const char *policy;
    const char *text;              // "picked a task that is blocked"
    const struct sched_task *task; // or NULL. Do not look into it when it is foreign
    uint32_t hart;
    uint64_t now;
};

struct sched_stall {
    const char *policy;
    const struct sched_task *task;
    uint64_t waited; // for how long it has been queued, to the millisecond
    uint64_t now;
};

enum sched_note { SCHED_NOTE_WAKE, SCHED_NOTE_RUN, SCHED_NOTE_STOP, SCHED_NOTE_JOB };

struct sched_hooks {
    // A policy broke a rule: called once, when the driver has taken its tasks. NULL: sched_misuse() tells.
    void (*misuse)(const struct sched_misuse *misuse);
    // A task starves: called once for each time it does. sched_dump shows who waits. NULL: nobody looks.
    void (*stall)(const struct sched_stall *stall);
    // What happens, for a recording: `end` of SCHED_NOTE_STOP, 0 otherwise. NULL: nobody records.
    void (*note)(enum sched_note note, const struct sched_task *task, uint32_t hart, enum sched_end end, uint64_t now);
    // Instructions executed so far, to see what decisions cost. NULL: they are not counted.
    uint64_t (*count)(void);
    uint64_t stall_ns; // 0: SCHED_STALL_NS
};

struct sched_statistics {
    uint64_t decisions;    // calls of pick
    uint64_t switches;     // another task than the last one began to run on a hart
    uint64_t preemptions;  // a task that woke took a hart from another
    uint64_t migrations;   // a task began to run on another hart than last time
    uint64_t instructions; // in the policy's functions, all of them, if hooks.count
    uint64_t stalls;
};

// Forget everything. hooks is read now, NULL: none.
void sched_begin(const struct sched_ops *ops, uint32_t harts, uint64_t seed, const struct sched_hooks *hooks);

// False when its id is too great or another's.
bool sched_admit(struct sched_task *task, uint64_t now);
void sched_leave(struct sched_task *task, uint64_t now);

// A blocked task may run; nothing for others.
void sched_wake(struct sched_task *task, uint64_t now);

// Nothing runs on that hart.
struct sched_task *sched_next(uint32_t hart, uint64_t now, uint64_t *until);
void sched_stop(uint32_t hart, enum sched_end end, uint64_t now);

// A job of it begins: what it is. Whoever can says so before the task wakes for it.
void sched_job(struct sched_task *task, uint64_t due, uint64_t remaining, uint64_t now);

// `waiter` is going to wait for a lock of the owner's, or, NULL, the owner gave it up and nobody has been woken yet.
void sched_inherit(struct sched_task *owner, struct sched_task *waiter, uint64_t now);

// The harts that have to decide anew, since it was asked last: a mask.
uint64_t sched_look(void);

// The hart was with others from `from` until `to`: what runs on it used nothing, and its turn ends so much later.
void sched_away(uint32_t hart, uint64_t from, uint64_t to);

struct sched_task *sched_running(uint32_t hart);
uint64_t sched_until(uint32_t hart); // the end of its turn, or SCHED_NEVER
uint32_t sched_queued(void);         // how many tasks wait for a hart
struct sched_task *sched_find(uint32_t id); // NULL: no such task
const struct sched_statistics *sched_statistics(void);

// The user of the driver has something to do at every switch: sched_next tells him of each. Without this, those of
// driver_state.h need not.
void sched_attention(void);

// Tasks will be admitted that have a first job already.
void sched_jobs(void);

// What the policy did wrong; NULL: nothing so far.
const struct sched_misuse *sched_misuse(void);
const char *sched_fault_text(enum sched_fault fault);

// One of the policy's functions is being called: who finds the policy looping or faulting then leaves it there and
// calls sched_abandon. It has no effect any more on what the interrupted call of the driver was for: a task is stopped,
// woken, admitted or gone; only sched_next must be called again.
bool sched_deciding(void);
void sched_abandon(enum sched_fault fault, uint64_t now);

// Who exists: calls line(text) for each task that is not blocked. The text is the callee's only for the call.
void sched_dump(uint64_t now, void (*line)(const char *text));

#endif
