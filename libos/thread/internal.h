// SPDX-License-Identifier: BSD-2-Clause
// Between the files of this room.
#ifndef LIBOS_THREAD_INTERNAL_H
#define LIBOS_THREAD_INTERNAL_H

#include <libos/sched/driver.h>
#include <libos/start/internal.h>
#include <libos/thread/thread.h>

enum thread_state { THREAD_RUNNABLE, THREAD_BLOCKED, THREAD_WAITING, THREAD_ENDED };

struct thread {
    struct sched_task task;   // first: the policy's view
    struct trap_frame *frame; // its registers while it does not run
    enum thread_state state;
    thread_entry_t entry;
    word_t argument;       // later its result
    word_t stack;          // 0: the program's first thread
    struct thread *joiner; // who waits for its end
    struct thread *next;   // in a mutex's list of waiters, or the list of all who wait for a time or events
    word_t wait_events;    // THREAD_WAITING: until one of these is pending
    word_t wait_until;     //                 or the time has come; 0: no time
    word_t floats[33];     // f0 to f31 and fcsr, once the program uses them
    struct trap_frame own_frame;
};

// switch.c. Upcalls are held exactly once when these are called, and not at all when they return.
void thread_block(enum thread_state state); // the caller does not go on before it is woken

// Upcalls are held.
struct thread *thread_running(void);
bool thread_admit(struct thread *thread); // false: there are too many
void thread_wake(struct thread *thread); // BLOCKED: runnable again
void thread_switching_start(void);       // threads exist from here on

// float.S
void float_save(word_t floats[33]);
void float_restore(const word_t floats[33]);

#endif
