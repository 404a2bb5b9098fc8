// SPDX-License-Identifier: BSD-2-Clause
/*
 * Talking to other environments: protected control transfer, and events.
 *
 * A call carries eight words there and back in registers a0 to a7. The callee runs at once, on the caller's
 * time, and nothing is copied.
 */
#ifndef LIBOS_IPC_H
#define LIBOS_IPC_H

#include <libos/sys/sys.h>

#define MESSAGE_WORDS 8

/*
 * Call the environment in `slot` (RIGHT_CALL) and wait for its return. `deadline` is an absolute time,
 * 0: none. ERR_OK and the answer in `message`; or STALE, BUSY (it serves somebody else, or is running),
 * DEADLINE, DEAD.
 */
long pct_call(slot_t slot, word_t deadline, word_t message[MESSAGE_WORDS]);

// The same, again and again while the callee is busy, giving up the slice in between.
long pct_call_patient(slot_t slot, word_t deadline, word_t message[MESSAGE_WORDS]);

/*
 * A server: `serve` answers each call in place (`message` in and out, `caller` is the name the kernel vouches
 * for); between calls `events` are taken and handed to `notice` (NULL: none are waited for). Never returns.
 * serve runs on a stack of the server's own, notice on the stack of the caller of pct_serve.
 */
typedef void (*pct_serve_t)(env_t caller, word_t message[MESSAGE_WORDS]);
typedef void (*pct_notice_t)(word_t events);
_Noreturn void pct_serve(pct_serve_t serve, word_t events, pct_notice_t notice);
// The same with an entry of one's own (gate.S, lrpc.S), and where its stack begins.
_Noreturn void pct_serve_at(word_t entry, word_t stack, word_t events, pct_notice_t notice);

// Clear these pending events and say which of them were there.
word_t events_take(word_t events);

/*
 * Take the events that are pending of these; when none is, wait for one, or until `deadline` (absolute,
 * 0: for ever). 0 when the time came first. Other threads of the program run meanwhile.
 */
word_t events_wait(word_t events, word_t deadline);

#endif
