// SPDX-License-Identifier: BSD-2-Clause
/*
 * Waiting for events, and serving protected calls.
 *
 * A server has two stacks: the loop below keeps the program's own while it accepts, and calls enter on
 * another (gate.S), because the loop's frame must survive them. An event and a call never run at once:
 * the entry is closed while events are handled, and events wait while a call is served.
 */
#include <libos/ipc/ipc.h>
#include <libos/start/internal.h>

#define GATE_STACK_SIZE 16384

void gate_entry(void); // gate.S

static char gate_stack[GATE_STACK_SIZE] __attribute__((aligned(16)));

long pct_call_patient(slot_t slot, word_t deadline, word_t message[MESSAGE_WORDS])
{
    long error;

    while ((error = pct_call(slot, deadline, message)) == ERR_BUSY) {
        if (deadline && time_now() >= deadline)
            return ERR_DEADLINE;
        sys_slice_yield();
    }
    return error;
}

_Noreturn void pct_serve_at(word_t entry, word_t stack, word_t events, pct_notice_t notice)
{
    for (;;) {
        sys_pct_accept(entry, stack, events | upcall_events());
        upcall_events_serve();
        word_t taken = events_take(events);
        if (taken && notice)
            notice(taken);
    }
}

_Noreturn void pct_serve(pct_serve_t serve, word_t events, pct_notice_t notice)
{
    SAVE_WORD(UPCALL_SERVE) = (word_t)serve;
    pct_serve_at((word_t)gate_entry, (word_t)gate_stack + GATE_STACK_SIZE, events, notice);
}

word_t events_take(word_t events)
{
    word_t *pending = (word_t *)(SAVE_ADDRESS + SAVE_PENDING);
    return __atomic_fetch_and(pending, ~events, __ATOMIC_ACQ_REL) & events;
}

word_t events_wait(word_t events, word_t deadline)
{
    for (;;) {
        word_t taken = events_take(events);
        if (taken || (deadline && time_now() >= deadline))
            return taken;
        if (thread_hooks && thread_hooks->wait(events, deadline))
            continue;
        // Refuses when one of these is pending by now, so no wake-up is lost.
        sys_slice_wait(events | upcall_events(), deadline);
        upcall_events_serve();
    }
}
