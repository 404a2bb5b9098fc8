// SPDX-License-Identifier: BSD-2-Clause
/*
 * Talking to other environments through links: streams that arrive as they were sent, however both sides wait; and
 * partners that close, end, die, say nothing or say nonsense. The program is its own partner: its first argument says
 * which.
 */
#include "guest.h"
#include <libos/ipc/ring.h>
#include <stdlib.h>

#define STREAM    300000
#define PATIENCE  60000000 // us: for what must happen, on a machine with other things to do
#define SHORT     20000    // us: for what must not

static word_t in_us(word_t us)
{
    return time_now() + time_from_us(us);
}

// Byte n of every stream.
static uint8_t stream_byte(size_t n)
{
    return (uint8_t)(n * 31 + (n >> 8) * 7);
}

// Sends the stream in pieces of many sizes.
static long stream_send(struct link *link)
{
    static uint8_t bytes[7000];
    size_t sent = 0;

    for (size_t piece = 1; sent < STREAM; piece = piece * 3 % 6997 + 1) {
        size_t size = piece < STREAM - sent ? piece : STREAM - sent;
        for (size_t i = 0; i < size; i++)
            bytes[i] = stream_byte(sent + i);
        sysret_t done = pipe_write(link, bytes, size, in_us(PATIENCE));
        if (done.error != ERR_OK || done.value != size)
            return done.error ? done.error : -1;
        sent += size;
    }
    pipe_end(link);
    return ERR_OK;
}

static size_t stream_compare(const uint8_t *bytes, size_t size, size_t at)
{
    size_t wrong = 0;
    for (size_t i = 0; i < size; i++)
        wrong += bytes[i] != stream_byte(at + i);
    return wrong;
}

// Receives until the end: by copies and in place in turn. Whether it was all of it.
static bool stream_receive(struct link *link)
{
    static uint8_t bytes[5000];
    size_t got = 0, wrong = 0;

    for (size_t piece = 1;; piece = piece * 5 % 4999 + 1) {
        const uint8_t *there = bytes;
        bool in_place = piece % 2;
        sysret_t read = in_place ? pipe_peek(link, &there, in_us(PATIENCE)) : pipe_read(link, bytes, piece, in_us(PATIENCE));
        if (read.error != ERR_OK)
            return false;
        if (read.value == 0)
            return got == STREAM && wrong == 0;
        wrong += stream_compare(there, read.value, got);
        got += read.value;
        if (in_place)
            pipe_skip(link, read.value);
    }
}

static int partner_echo(struct link *link)
{
    static uint8_t bytes[3000];

    for (;;) {
        sysret_t there = pipe_read(link, bytes, sizeof(bytes), in_us(PATIENCE));
        if (there.error != ERR_OK)
            return 1;
        if (there.value == 0)
            break;
        if (pipe_write(link, bytes, there.value, in_us(PATIENCE)).error != ERR_OK)
            return 2;
    }
    pipe_end(link);
    return 0;
}

static int partner_turns(struct link *link)
{
    word_t turn = 0;

    while (turn < 1000 && link_wait(link, &link->theirs->words[3], turn, in_us(PATIENCE)) == ERR_OK) {
        link->mine->words[5] = link->theirs->words[3] * 2;
        turn++;
        link_wake(link);
    }
    return turn == 1000 ? 0 : 1;
}

// Answers each set of bits with its complement in the lower half, until bit 63.
static int partner_notices(struct link *link)
{
    for (;;) {
        sysret_t set = notice_wait(link, in_us(PATIENCE));
        if (set.error != ERR_OK)
            return 1;
        if (set.value >> 63)
            return 0;
        notice_post(link, ~set.value & 0xffffffff);
    }
}

static int partner_run(const char *role, enum link_way way, size_t number)
{
    struct link link;

    if (link_open(&link, number) != ERR_OK)
        return 99;
    link.way = way;
    if (strcmp(role, "echo") == 0)
        return partner_echo(&link);
    if (strcmp(role, "turns") == 0)
        return partner_turns(&link);
    if (strcmp(role, "notices") == 0)
        return partner_notices(&link);
    if (strcmp(role, "send") == 0)
        return stream_send(&link) == ERR_OK ? 0 : 1;
    if (strcmp(role, "receive") == 0)
        return stream_receive(&link) ? 0 : 1;
    if (strcmp(role, "some") == 0) // a few bytes, and the end of everything
        return pipe_write(&link, "abc", 3, 0).error == ERR_OK ? 0 : 1;
    if (strcmp(role, "refuse") == 0) {
        pipe_refuse(&link);
        return events_wait(EVENT_LINK, 0) ? 0 : 1;
    }
    if (strcmp(role, "silent") == 0)
        for (;;)
            sys_slice_wait(0, 0);
    if (strcmp(role, "busy") == 0)
        for (;;)
            continue;
    if (strcmp(role, "lie") == 0) {
        link.mine->head = 1ul << 40;
        link.mine->tail = 77;
        __atomic_thread_fence(__ATOMIC_RELEASE);
        link.mine->words[0] = 1;
        link_wake(&link);
        for (;;)
            sys_slice_wait(0, 0);
    }
    if (strcmp(role, "take") == 0) { // its frames back, while it lives
        link.mine->head = 100;
        link.mine->words[0] = 1;
        link_wake(&link);
        link_close(&link);
        for (;;)
            sys_slice_wait(0, 0);
    }
    return 98;
}

static struct child partner;

static void partner_begin(struct link *link, const char *role, const char *way, size_t out, size_t in)
{
    const char *const arguments[] = {"test_ipc", role, way, "0"};
    const char *why = child_build(&partner, &(struct child_options){.program = "test_ipc", .argc = 4, .argv = arguments});

    long error = why ? ERR_STATE : link_child(link, &partner, 0, out, in);
    if (why || error != ERR_OK || (why = child_start(&partner))) {
        fprintf(stderr, "ipc_test: no partner: %s\n", why ? why : error_text(error));
        exit(1);
    }
}

static void partner_end(struct link *link, int status)
{
    if (status >= 0)
        CHECK_EQUAL(child_wait(&partner), status);
    else
        child_kill(&partner);
    child_reap(&partner);
    link_close(link);
}

// There and back, however the two wait for each other.
static void streams(void)
{
    static const struct {
        enum link_way ours;
        const char *theirs;
    } ways[] = {{LINK_YIELDS, "0"}, {LINK_DONATES, "2"}, {LINK_SLEEPS, "3"}, {LINK_YIELDS, "3"}, {LINK_SLEEPS, "0"}, {LINK_DONATES, "1"}};

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct link link;
        partner_begin(&link, "send", ways[i].theirs, 0, 1 << i % 3);
        link.way = ways[i].ours;
        CHECK(stream_receive(&link));
        partner_end(&link, 0);
        partner_begin(&link, "receive", ways[i].theirs, 4, 0);
        link.way = ways[i].ours;
        CHECK_EQUAL(stream_send(&link), ERR_OK);
        partner_end(&link, 0);
    }
}

static void echoes(void)
{
    struct link link;
    uint8_t there[2000], back[2000];

    partner_begin(&link, "echo", "0", 1, 1);
    for (size_t i = 0; i < sizeof(there); i++)
        there[i] = stream_byte(i);
    for (size_t size = 1; size <= sizeof(there); size = size * 2 + 1) {
        CHECK_EQUAL(pipe_write(&link, there, size, in_us(PATIENCE)).value, size);
        size_t got = 0;
        while (got < size) {
            sysret_t read = pipe_read(&link, back + got, size - got, in_us(PATIENCE));
            CHECK_EQUAL(read.error, ERR_OK);
            if (read.error != ERR_OK)
                break;
            got += read.value;
        }
        CHECK(memcmp(there, back, size) == 0);
    }
    pipe_end(&link);
    CHECK_EQUAL(pipe_read(&link, back, 1, in_us(PATIENCE)).value, 0);
    CHECK_EQUAL(pipe_write(&link, there, 1, in_us(PATIENCE)).error, ERR_CLOSED);
    partner_end(&link, 0);
}

static void turns(void)
{
    struct link link;
    size_t right = 0;

    partner_begin(&link, "turns", "0", 0, 0);
    for (word_t turn = 0; turn < 1000; turn++) {
        link.mine->words[3] = turn + 1;
        right += link_turn(&link, &link.theirs->words[5], turn * 2, in_us(PATIENCE)) == ERR_OK && link.theirs->words[5] == turn * 2 + 2;
    }
    CHECK_EQUAL(right, 1000);
    partner_end(&link, 0);
}

static void notices(void)
{
    struct link link;

    partner_begin(&link, "notices", "3", 0, 0);
    CHECK_EQUAL(notice_take(&link), 0);
    CHECK_EQUAL(notice_wait(&link, in_us(SHORT)).error, ERR_DEADLINE);
    for (word_t bits = 1; bits < 1ul << 31; bits = bits * 2 + 1) {
        notice_post(&link, bits);
        sysret_t back = notice_wait(&link, in_us(PATIENCE));
        CHECK_EQUAL(back.error, ERR_OK);
        CHECK_EQUAL(back.value, ~bits & 0xffffffff);
    }
    CHECK_EQUAL(notice_take(&link), 0);
    notice_post(&link, 1ul << 63);
    partner_end(&link, 0);
}

// Two children, linked by us, and nothing of it is ours.
static void siblings(void)
{
    struct child sender, receiver;
    const char *const send[] = {"test_ipc", "send", "0", "2"}, *const receive[] = {"test_ipc", "receive", "0", "5"};

    CHECK(child_build(&sender, &(struct child_options){.program = "test_ipc", .argc = 4, .argv = send}) == NULL);
    CHECK(child_build(&receiver, &(struct child_options){.program = "test_ipc", .argc = 4, .argv = receive}) == NULL);
    CHECK_EQUAL(link_children(&sender, LINKS_MAX, &receiver, 5, 1, 0), ERR_RANGE);
    CHECK_EQUAL(link_children(&sender, 2, &receiver, 5, 3, 0), ERR_RANGE);
    CHECK_EQUAL(link_children(&sender, 2, &receiver, 5, 2, 0), ERR_OK);
    CHECK(child_start(&sender) == NULL && child_start(&receiver) == NULL);
    CHECK_EQUAL(child_wait(&sender), 0);
    CHECK_EQUAL(child_wait(&receiver), 0);
    child_reap(&sender);
    child_reap(&receiver);
}

// What it wrote before it ended is there; then it is dead.
static void ended(void)
{
    struct link link;
    char bytes[8];

    partner_begin(&link, "some", "0", 1, 1);
    CHECK_EQUAL(pipe_read(&link, bytes, sizeof(bytes), 0).value, 3);
    CHECK_EQUAL(pipe_read(&link, bytes, sizeof(bytes), 0).error, ERR_DEAD);
    CHECK_EQUAL(link_wait(&link, &link.theirs->words[0], 0, 0), ERR_DEAD);
    CHECK_EQUAL(child_wait(&partner), 0);
    child_reap(&partner); // and its frames go from under us
    CHECK_EQUAL(pipe_read(&link, bytes, sizeof(bytes), 0).error, ERR_DEAD);
    CHECK(link.gone);
    link_close(&link);
}

static void killed(void)
{
    struct link link;
    static uint8_t bytes[PAGE_SIZE];

    partner_begin(&link, "silent", "0", 1, 1);
    CHECK_EQUAL(pipe_write(&link, bytes, sizeof(bytes), 0).value, sizeof(bytes));
    child_kill(&partner);
    sysret_t more = pipe_write(&link, bytes, 1, 0);
    CHECK_EQUAL(more.error, ERR_DEAD);
    CHECK_EQUAL(more.value, 0);
    partner_end(&link, -1);
}

static void refused(void)
{
    struct link link;
    static uint8_t bytes[2 * PAGE_SIZE];

    partner_begin(&link, "refuse", "0", 1, 1);
    CHECK_EQUAL(pipe_write(&link, bytes, sizeof(bytes), in_us(PATIENCE)).error, ERR_CLOSED);
    partner_end(&link, -1);
}

static void deadlines(void)
{
    static const char *const roles[] = {"silent", "busy"};
    struct link link;
    static uint8_t bytes[2 * PAGE_SIZE];

    for (size_t i = 0; i < 2; i++)
        for (enum link_way way = LINK_YIELDS; way <= LINK_SLEEPS; way++) {
            partner_begin(&link, roles[i], "0", 1, 1);
            link.way = way;
            word_t deadline = in_us(SHORT);
            CHECK_EQUAL(pipe_read(&link, bytes, 1, deadline).error, ERR_DEADLINE);
            CHECK(time_now() >= deadline);
            sysret_t most = pipe_write(&link, bytes, sizeof(bytes), in_us(SHORT));
            CHECK_EQUAL(most.error, ERR_DEADLINE);
            CHECK_EQUAL(most.value, PAGE_SIZE);
            partner_end(&link, -1);
        }
}

static void lies(void)
{
    struct link link;
    char bytes[100];

    partner_begin(&link, "lie", "0", 1, 1);
    CHECK_EQUAL(link_wait(&link, &link.theirs->words[0], 0, in_us(PATIENCE)), ERR_OK);
    CHECK_EQUAL(pipe_read(&link, bytes, sizeof(bytes), 0).error, ERR_RANGE);
    CHECK_EQUAL(pipe_read(&link, bytes, 1, 0).error, ERR_RANGE);
    CHECK_EQUAL(pipe_write(&link, bytes, sizeof(bytes), 0).error, ERR_RANGE);
    CHECK_EQUAL(pipe_write(&link, bytes, 1, 0).error, ERR_RANGE);
    partner_end(&link, -1);
}

static void taken(void)
{
    struct link link;
    char bytes[100];

    partner_begin(&link, "take", "0", 1, 1);
    long error = link_wait(&link, &link.theirs->words[0], 0, in_us(PATIENCE)); // OK, or it was faster
    CHECK(error == ERR_OK || error == ERR_DEAD);
    sysret_t read = {ERR_OK, 0};
    for (word_t end = in_us(PATIENCE); (read.error == ERR_OK || read.error == ERR_DEADLINE) && time_now() < end;)
        read = pipe_read(&link, bytes, 1, in_us(SHORT));
    CHECK_EQUAL(read.error, ERR_DEAD);
    partner_end(&link, -1);
}

int main(int argc, char **argv)
{
    struct link none;

    if (argc == 4)
        return partner_run(argv[1], (enum link_way)atoi(argv[2]), (size_t)atoi(argv[3]));
    CHECK_EQUAL(link_open(&none, 0), ERR_NOENT);
    CHECK_EQUAL(link_open(&none, LINKS_MAX), ERR_NOENT);
    echoes();
    turns();
    streams();
    notices();
    siblings();
    ended();
    killed();
    refused();
    deadlines();
    lies();
    taken();
    for (int i = 0; i < 3; i++) { // nothing is lost: the same again takes no more frames
        size_t before = frame_count_free();
        lies(), ended(), taken();
        CHECK(i == 0 || frame_count_free() == before);
    }
    return guest_failures != 0;
}
