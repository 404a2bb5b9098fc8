// SPDX-License-Identifier: BSD-2-Clause
/*
 * Calls of functions in another environment, by protected control transfer: arguments and answers in registers, and
 * nothing copied. A service is a file NAME.def, one line for each operation:
 *
 *     OPERATION(add, (word_t one, word_t other), "their sum")
 *
 * with at most six arguments of at most a word each, and three lines wherever it is used (service.h makes the rest of
 * it):
 *
 *     #define SERVICE      adder
 *     #define SERVICE_FILE "adder.def"
 *     #include <libos/ipc/service.h>
 *
 *     sysret_t adder_add(slot_t server, word_t deadline, word_t one, word_t other)           the client's stub
 *     sysret_t adder_add_trusting(slot_t server, word_t deadline, word_t one, word_t other)
 *     sysret_t adder_add_serve(env_t caller, word_t deadline, word_t one, word_t other)      what the server has to define
 *     extern const struct lrpc_service adder_service                                         what lrpc_serve wants
 *
 * `deadline` is absolute, 0: none; the server sees until when somebody waits for its answer. The transfer's own
 * errors come back as the operation's would: STALE, PERM, BUSY (it serves somebody else, or runs), DEADLINE, DEAD.
 *
 * lrpc: neither side trusts the other. The stub keeps the registers that a C function keeps, and clears them: the
 * server sees the arguments and nothing else. The server's gate clears what it does not answer. tlrpc (..._trusting):
 * the client trusts the server to keep those registers as functions do, and shows them to it. When the server dies,
 * or the deadline passes, they are lost, and the program goes on behind tlrpc_guard.
 */
#ifndef LIBOS_IPC_LRPC_H
#define LIBOS_IPC_LRPC_H

#include <libos/ipc/ipc.h>

#define LRPC_ARGUMENTS_MAX 6

struct lrpc_service {
    void (*const *operations)(void);
    size_t count;
};

/*
 * Answer calls for ever; between them `events` are handed to `notice` (NULL: none are waited for). A trusting server
 * leaves in registers what it leaves there; for clients that are trusted with it.
 */
_Noreturn void lrpc_serve(const struct lrpc_service *service, bool trusting, word_t events, pct_notice_t notice);

/*
 * Where trusting calls go when the server took the registers with it. Returns twice, like setjmp: ERR_OK, and then
 * perhaps DEAD or DEADLINE, with variables as setjmp leaves them: what changed in between and is not volatile may
 * have its older value. The function that calls it must not have returned by then. Without a guard such a program
 * stops at a breakpoint.
 */
struct tlrpc_guard {
    word_t registers[15]; // ra, sp, tp, s0 to s11
};
long tlrpc_guard(struct tlrpc_guard *guard) __attribute__((returns_twice));

// The same call again and again while the server is busy, giving up the slice in between.
#define LRPC_PATIENTLY(deadline, call)                                                        \
    ({                                                                                        \
        sysret_t answer_;                                                                     \
        word_t until_ = (deadline);                                                           \
        while ((answer_ = (call)).error == ERR_BUSY && (until_ == 0 || time_now() < until_))  \
            sys_slice_yield();                                                                \
        answer_;                                                                              \
    })

// lrpc.S, for the stubs in service.h.
void lrpc_call(void);
void tlrpc_call(void);

#define LRPC_JOIN_(one, other)     one##_##other
#define LRPC_JOIN(one, other)      LRPC_JOIN_(one, other)
#define LRPC_CLIENT_ARGUMENTS(...) (slot_t server, word_t deadline, ##__VA_ARGS__)
#define LRPC_SERVER_ARGUMENTS(...) (env_t caller, word_t deadline, ##__VA_ARGS__)

#endif
