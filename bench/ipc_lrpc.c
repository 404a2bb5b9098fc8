// SPDX-License-Identifier: BSD-2-Clause
/*
 * A function in another environment that adds two numbers, from the call to behind its return, everything included.
 *
 * lrpc            neither side trusts the other: the client's registers are kept and cleared; the paper's lrpc
 * tlrpc           the server is trusted with the registers; the paper's tlrpc
 * lrpc_deadline   lrpc with a deadline, which is set and taken back by the kernel's slower path
 */
#include "ipc.h"

#define SERVICE      adder
#define SERVICE_FILE <bench/adder.def>
#define SERVICE_CLIENT
#define SERVICE_SERVER
#include <libos/ipc/service.h>

sysret_t adder_nothing_serve(env_t caller, word_t deadline)
{
    (void)caller, (void)deadline;
    return (sysret_t){ERR_OK, 0};
}

sysret_t adder_add_serve(env_t caller, word_t deadline, word_t one, word_t other)
{
    (void)caller, (void)deadline;
    return (sysret_t){ERR_OK, one + other};
}

void partner_serve(struct link *link)
{
    (void)link;
    lrpc_serve(&adder_service, false, 0, NULL);
}

void partner_serve_trusting(struct link *link)
{
    (void)link;
    lrpc_serve(&adder_service, true, 0, NULL);
}

typedef sysret_t (*add_t)(slot_t server, word_t deadline, word_t one, word_t other);

static word_t call_count(add_t add, slot_t server, word_t deadline, word_t one)
{
    word_t begin = instructions_now();
    sysret_t sum = add(server, deadline, one, 2);
    word_t end = instructions_now();
    must(sum, "the call");
    must((sysret_t){sum.value == one + 2 ? ERR_OK : ERR_STATE, 0}, "the sum");
    return end - begin;
}

static void measure(const char *name, const char *role, add_t add, bool deadline)
{
    struct link link;
    struct child *partner = partner_start(role, &link, 0, 0);
    word_t least = ~0ul;

    while (child_env_state(partner) != ENV_ACCEPTING)
        sys_slice_yield();
    for (word_t i = 0; i < REPEAT; i++) {
        sys_slice_yield();
        upcall_hold();
        word_t count = COUNTED(call_count(add, link.slot, deadline ? time_now() + time_from_us(100000) : 0, i));
        upcall_release();
        least = least_of(least, count);
    }
    row_counted(name, least, 1);
    peer_end(partner);
    link_close(&link);
}

void bench_lrpc(void)
{
    measure("lrpc", "serve", adder_add, false);
    measure("tlrpc", "serve_trusting", adder_add_trusting, false);
    measure("lrpc_deadline", "serve", adder_add, true);
}
