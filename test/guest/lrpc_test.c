// SPDX-License-Identifier: BSD-2-Clause
/*
 * Typed calls of another environment: arguments and answers, which registers cross, and servers that refuse, are
 * busy, hang and end. The program is its own server; the second argument says whether it is trusted.
 */
#include "guest.h"
#include <stdlib.h>

#define SERVICE      lrpc
#define SERVICE_FILE <test/guest/lrpc.def>
#define SERVICE_CLIENT
#define SERVICE_SERVER
#include <libos/ipc/service.h>

#define PATIENCE 60000000 // us: for what must happen, on a machine with other things to do
#define SHORT    20000    // us: for what must not

sysret_t lrpc_who_serve(env_t caller, word_t deadline)
{
    (void)deadline;
    return (sysret_t){ERR_OK, caller};
}

sysret_t lrpc_weigh_serve(env_t caller, word_t deadline, word_t a, word_t b, word_t c, word_t d, word_t e, word_t f)
{
    (void)caller, (void)deadline;
    return (sysret_t){ERR_OK, a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f};
}

sysret_t lrpc_refuse_serve(env_t caller, word_t deadline, word_t error)
{
    (void)caller, (void)deadline;
    return (sysret_t){(long)error, 1};
}

sysret_t lrpc_peek_serve(env_t caller, word_t deadline)
{
    word_t left;
    (void)caller, (void)deadline;
    __asm__ volatile("mv %0, s7" : "=r"(left));
    return (sysret_t){ERR_OK, left};
}

sysret_t lrpc_patience_serve(env_t caller, word_t deadline)
{
    (void)caller;
    return (sysret_t){ERR_OK, deadline};
}

sysret_t lrpc_hang_serve(env_t caller, word_t deadline)
{
    (void)caller, (void)deadline;
    for (;;)
        sys_slice_wait(0, 0);
}

sysret_t lrpc_end_serve(env_t caller, word_t deadline)
{
    (void)caller, (void)deadline;
    program_exit(5);
}

typedef sysret_t (*plain_t)(slot_t server, word_t deadline);

// A call with something in every register that functions keep: how many of them came back as they were.
static word_t kept(plain_t call, slot_t server, word_t deadline, sysret_t *answer)
{
    register word_t a0 __asm__("a0") = server;
    register word_t a1 __asm__("a1") = deadline;
    register word_t a2 __asm__("a2") = (word_t)call;
    word_t right;
    __asm__ volatile("li s2, 2\n li s3, 3\n li s4, 4\n li s5, 5\n li s6, 6\n li s7, 7\n li s8, 8\n li s9, 9\n li s10, 10\n li s11, 11\n"
                     "addi sp, sp, -32\n sd tp, 0(sp)\n sd s0, 8(sp)\n"
                     "jalr a2\n"
                     "ld t0, 0(sp)\n ld t1, 8(sp)\n addi sp, sp, 32\n"
                     "xor t0, t0, tp\n seqz %[right], t0\n xor t1, t1, s0\n seqz t1, t1\n add %[right], %[right], t1\n"
                     "slli t0, s2, 4\n or t0, t0, s3\n slli t0, t0, 4\n or t0, t0, s4\n slli t0, t0, 4\n or t0, t0, s5\n"
                     "slli t0, t0, 4\n or t0, t0, s6\n slli t0, t0, 4\n or t0, t0, s7\n slli t0, t0, 4\n or t0, t0, s8\n"
                     "slli t0, t0, 4\n or t0, t0, s9\n slli t0, t0, 4\n or t0, t0, s10\n slli t0, t0, 4\n or t0, t0, s11\n"
                     "li t1, 0x23456789ab\n xor t0, t0, t1\n seqz t0, t0\n add %[right], %[right], t0\n"
                     : "+r"(a0), "+r"(a1), "+r"(a2), [right] "=&r"(right)
                     :
                     : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7",
                       "s8", "s9", "s10", "s11", "memory");
    *answer = (sysret_t){(long)a0, a1};
    return right;
}

static struct child server;
static struct link link;

static word_t in_us(word_t us)
{
    return time_now() + time_from_us(us);
}

static void server_begin(const char *trusting)
{
    const char *const arguments[] = {"test_lrpc", trusting};
    const char *why = child_build(&server, &(struct child_options){.program = "test_lrpc", .argc = 2, .argv = arguments});
    if (why || link_child(&link, &server, 0, 0, 0) != ERR_OK || (why = child_start(&server))) {
        fprintf(stderr, "lrpc_test: no server: %s\n", why ? why : "no link");
        exit(1);
    }
    while (child_env_state(&server) != ENV_ACCEPTING)
        sys_slice_yield();
}

static void server_end(void)
{
    child_kill(&server);
    child_reap(&server);
    link_close(&link);
}

// A call that is made until the server is not on its way back any more.
#define CALL(call) LRPC_PATIENTLY(in_us(PATIENCE), call)

static void answers(const char *trusting, plain_t who, plain_t peek, plain_t patience, word_t seen)
{
    sysret_t answer;

    server_begin(trusting);
    CHECK_EQUAL(CALL(who(link.slot, 0)).value, self());
    CHECK_EQUAL(CALL(lrpc_weigh(link.slot, 0, 1, 10, 100, 1000, 10000, 100000)).value, 654321);
    CHECK_EQUAL(CALL(lrpc_weigh_trusting(link.slot, 0, 1, 10, 100, 1000, 10000, 100000)).value, 654321);
    CHECK_EQUAL(CALL(lrpc_refuse(link.slot, 0, ERR_FULL)).error, ERR_FULL);
    CHECK_EQUAL(CALL(lrpc_refuse_trusting(link.slot, 0, ERR_FULL)).error, ERR_FULL);
    word_t deadline = in_us(PATIENCE);
    CHECK_EQUAL(CALL(patience(link.slot, deadline)).value, deadline);
    do
        CHECK_EQUAL(kept(peek, link.slot, 0, &answer), 3);
    while (answer.error == ERR_BUSY);
    CHECK_EQUAL(answer.error, ERR_OK);
    CHECK_EQUAL(answer.value, seen);
    server_end();
}

// Numbers that no operation has, and entering it without a call.
static void strangers(void)
{
    const word_t numbers[] = {lrpc_operations, 1000, ~0ul, 1ul << 61, 1ul << 63};

    server_begin("0");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        word_t message[MESSAGE_WORDS] = {numbers[i]};
        CHECK_EQUAL(pct_call_patient(link.slot, in_us(PATIENCE), message), ERR_OK);
        CHECK_EQUAL(message[0], ERR_NOENT);
        CHECK_EQUAL(message[1] | message[2] | message[7], 0);
    }
    while (sys_pct_send(link.slot, lrpc_end_operation).error == ERR_BUSY)
        continue;
    CHECK_EQUAL(CALL(lrpc_who(link.slot, 0)).value, self()); // it did not do what nobody answers for
    CHECK_EQUAL(lrpc_who(CAPS_MAX / 2, 0).error, ERR_STALE);
    CHECK_EQUAL(lrpc_who_trusting(CAPS_MAX / 2, 0).error, ERR_STALE);
    CHECK_EQUAL(lrpc_who(link.slot, time_now()).error, ERR_DEADLINE);
    server_end();
}

// On a busy machine the deadline may pass before the server was entered: then once more, with more time.
static void hangs(void)
{
    sysret_t answer, other = {ERR_OK, 0};

    server_begin("0");
    for (word_t us = SHORT; other.error != ERR_BUSY && us < PATIENCE; us *= 2) {
        word_t deadline = in_us(us);
        while (kept(lrpc_hang, link.slot, deadline, &answer) == 3 && answer.error == ERR_BUSY)
            sys_slice_yield();
        CHECK_EQUAL(answer.error, ERR_DEADLINE);
        CHECK(time_now() >= deadline);
        other = LRPC_PATIENTLY(in_us(SHORT), lrpc_who(link.slot, 0));
    }
    CHECK_EQUAL(other.error, ERR_BUSY); // it serves that call still
    server_end();
}

static void ends(void)
{
    sysret_t answer;

    server_begin("0");
    while (kept(lrpc_end, link.slot, 0, &answer) == 3 && answer.error == ERR_BUSY)
        sys_slice_yield();
    CHECK_EQUAL(answer.error, ERR_DEAD);
    CHECK_EQUAL(lrpc_who(link.slot, 0).error, ERR_DEAD);
    child_reap(&server);
    CHECK_EQUAL(lrpc_who(link.slot, 0).error, ERR_STALE);
    link_close(&link);
}

// A trusted server that ends, or hangs, has the registers: the program goes on behind its guard.
static void guarded(plain_t call, word_t deadline, long error)
{
    static volatile int times;
    struct tlrpc_guard guard;
    volatile word_t local = 77;

    times = 0;
    server_begin("1");
    long lost = tlrpc_guard(&guard);
    times++;
    if (lost == ERR_OK) {
        local++;
        sysret_t answer = LRPC_PATIENTLY(0, call(link.slot, deadline));
        CHECK(!"a call that does not return returned");
        CHECK_EQUAL(answer.error, 0);
    }
    CHECK_EQUAL(lost, error);
    CHECK_EQUAL(times, 2);
    CHECK_EQUAL(local, 78);
    server_end();
}

int main(int argc, char **argv)
{
    if (argc == 2)
        lrpc_serve(&lrpc_service, argv[1][0] == '1', 0, NULL);
    answers("0", lrpc_who, lrpc_peek, lrpc_patience, 0);
    answers("1", lrpc_who_trusting, lrpc_peek_trusting, lrpc_patience_trusting, 7);
    strangers();
    hangs();
    ends();
    guarded(lrpc_end_trusting, 0, ERR_DEAD);
    guarded(lrpc_hang_trusting, in_us(2 * PATIENCE / 1000), ERR_DEADLINE);
    return guest_failures != 0;
}
