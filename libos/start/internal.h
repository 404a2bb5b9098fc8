// SPDX-License-Identifier: BSD-2-Clause
/*
 * What start-up, upcalls and threads share and programs do not use.
 */
#ifndef LIBOS_START_INTERNAL_H
#define LIBOS_START_INTERNAL_H

#include <libos/start/start.h>
#include <libos/start/upcall.h>

enum cause {
    CAUSE_FETCH_ALIGN = 0,
    CAUSE_FETCH_ACCESS,
    CAUSE_ILLEGAL,
    CAUSE_BREAKPOINT,
    CAUSE_LOAD_ALIGN,
    CAUSE_LOAD_ACCESS,
    CAUSE_STORE_ALIGN,
    CAUSE_STORE_ACCESS,
    CAUSE_CALL,
    CAUSE_FETCH_PAGE = 12,
    CAUSE_LOAD_PAGE,
    CAUSE_STORE_PAGE = 15,
};

// upcall.S
void x_entry(void);
void i_entry(void);
_Noreturn void upcall_resume(struct trap_frame *frame);
_Noreturn void upcall_abandon(word_t faulted); // HOLD_DECIDING is set
void upcall_enter(struct trap_frame *(*serve)(struct trap_frame *frame)); // upcalls held exactly once

// Registers are going to be saved there by who must not fault: a page that is to be copied on write is copied now.
static inline void frame_touch(volatile struct trap_frame *frame)
{
    frame->x[0] = frame->x[0];
    frame->address = frame->address;
}

// upcall.c
extern char interrupt_stack[];
extern struct trap_frame main_frame;
extern bool upcall_float_used; // the floating-point unit is on, and its registers belong to a thread's state
typedef bool (*upcall_fault_t)(word_t address, word_t need, struct trap_frame *frame);
void upcall_fault_base(upcall_fault_t base); // who answers page faults that no handler of the program takes
void upcall_exception(struct trap_frame *frame);
struct trap_frame *upcall_interrupt(struct trap_frame *frame);
void upcall_start(void);
// A room of the library takes these events, unless the program does. Upcalls are held.
void upcall_library(word_t events, events_handler_t handler);
// Threads wait for these: an upcall comes, and nobody takes them. Upcalls are held.
void upcall_waited(word_t events);
void upcall_events_choose(void); // thread_hooks has changed. Upcalls are held
word_t upcall_events(void);     // what it and the program's handler of events take; a wait ends for these, too
void revoke_start(void);        // vm/revoke.c: begins to answer requests for resources
void upcall_events_serve(void); // call it for those that are pending

/*
 * What threads do when a program has them, or a scheduler of environments; without them the program gives the hart up and goes on where
 * it was.
 *   interrupt   some of the events SLICE_END, SWITCHED and ALARM, or one that a thread waits for: do about it what is to
 *               be done, and name the frame to go on with
 *   wait        let others run until an event or the deadline may have come; false: upcalls are held,
 *               nobody else can run
 *   abandoned   a policy was left in the middle of a decision, because it faulted or (0) did not come back
 *   crashed     an exception that nobody took: true: the frame has been changed, and is to be gone on with. NULL: it is none's
 *   unusual     the program uses floating point from here on, or its memory was duplicated. Upcalls are held
 */
struct thread_hooks {
    struct trap_frame *(*interrupt)(struct trap_frame *frame, word_t events);
    bool (*wait)(word_t events, word_t deadline);
    void (*abandoned)(word_t faulted);
    void (*unusual)(void);
    bool (*crashed)(struct trap_frame *frame);
};
extern const struct thread_hooks *thread_hooks; // NULL: no threads

// crash.c: say what happened, on the program's error output, and end with CRASH_STATUS.
_Noreturn void crash(const struct trap_frame *frame);

// The name and start of the function at an address, from the program's own table; NULL when it knows none.
const char *symbol_find(word_t address, word_t *start);

#endif
