// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between the files of this room.
 *
 * Everything that may call the policy is *served*: on the interrupt stack, with upcalls held, with the caller's registers in
 * its frame, and with HOLD_DECIDING in the word HOLD. So a policy that does not come back, or faults, can be left where it
 * is: thread_abandoned goes on from there, without the stack on which that happened. What a serving function has to
 * remember beyond a call of the driver therefore stands in lists before it calls.
 */
#ifndef LIBOS_THREAD_INTERNAL_H
#define LIBOS_THREAD_INTERNAL_H

#include <libos/sched/driver.h>
#include <libos/start/internal.h>
#include <libos/sys/clock.h>
#include <libos/thread/thread.h>

struct thread {
    struct sched_task task;   // first: the policy's view
    struct trap_frame *frame; // its registers while it does not run
    bool ended;
    bool permit;              // it was unparked before it parked
    bool parked;
    bool has_job;             // it begins when it wakes:
    uint64_t job_due, job_remaining;
    thread_entry_t entry;
    word_t argument;       // later its result
    word_t stack;          // 0: the program's first thread
    struct thread *joiner; // who waits for its end
    struct thread *next;   // in one list: of those who sleep, wait for events, wait for a lock or barrier, or are to be woken
    struct mutex *wanted;  // whose list it is in
    word_t wait_events;    // until one of these is pending
    word_t wait_until;     // or the time has come; 0: no time
    word_t floats[33];     // f0 to f31 and fcsr, once the program uses them
    struct trap_frame own_frame;
};

static inline struct thread *thread_of(struct sched_task *task)
{
    return (struct thread *)task;
}

// switch.S. Upcalls are held exactly once; they are not when it returns. serve is called as above.
void thread_serve(void (*serve)(word_t argument), word_t argument);

// The same for what does not stop the caller: served at once where nobody else holds upcalls, or else now, and settled when
// they are released. Takes one hold off.
void thread_change(void (*serve)(word_t argument), word_t argument);

struct trap_frame *thread_yield_served(void); // one that is not plain
struct trap_frame *thread_yield_rest(struct sched_task *picked); // one whose answer is not the first of the queue

// switch.c
extern bool thread_started;
extern struct thread first_thread;
void thread_wake_later(struct thread *thread); // at the end of what is served now. From other lists it is gone
void thread_stop(enum sched_end end);          // served: the running thread stops
void thread_start(void);                       // threads exist from here on. Upcalls are held

// wait.c. Upcalls are held.
void sleep_begin(struct thread *thread, word_t events, word_t until); // it is about to stop
void sleepers_wake(word_t now);                                       // those whose time or event has come
word_t sleepers_until(void);                                          // the first's time, SCHED_NEVER: none has one
word_t sleepers_events(void);
bool sleep_hook(word_t events, word_t deadline); // events_wait

// float.S
void float_save(word_t floats[33]);
void float_restore(const word_t floats[33]);

#endif
