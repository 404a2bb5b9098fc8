// SPDX-License-Identifier: BSD-2-Clause
/*
 * Streams: bytes arrive whole and in order whether the reader allows gifts, does not, or closes its places for a while; pages move
 * only where it does; and what a writer or reader that lies, stops or dies brings. The program is its own partner.
 */
#include "guest.h"
#include <stdlib.h>

#define PAGES    16
#define OUT      4        // pages of the pipe: what is copied comes in pieces
#define PATIENCE 60000000 // us
#define SHORT    20000    // us
#define GIVEN    (1ul << 63)

enum { ROUND }; // word of the link: which round the reader is ready for

static const size_t sizes[] = {1, 8, 4095, 4096, 4097, 65536, 5000, 40000, 65535, 12345};
#define ROUNDS (sizeof(sizes) / sizeof(sizes[0]))

static word_t in_us(word_t us) { return time_now() + time_from_us(us); }
static uint8_t byte_of(size_t round, size_t at) { return (uint8_t)(at * 7 + (at >> 8) + round * 31); }

// Reads a round's bytes, piece by piece; how many were wrong, or ~0.
static word_t round_read(struct stream *stream, size_t round)
{
    word_t wrong = 0;

    for (size_t at = 0; at < sizes[round];) {
        const uint8_t *bytes;
        sysret_t there = stream_peek(stream, &bytes, in_us(PATIENCE));
        if (there.error != ERR_OK || there.value == 0 || there.value > sizes[round] - at)
            return ~0ul;
        size_t piece = there.value > 3000 ? there.value - 1000 : there.value; // some of it, then the rest
        for (size_t i = 0; i < piece; i++)
            wrong += bytes[i] != byte_of(round, at + i);
        stream_skip(stream, piece);
        at += piece;
    }
    return wrong;
}

// `how`: 'g' allows gifts, 'c' does not, 'm' closes its places every other round.
static int partner_read(struct link *link, word_t window, char how)
{
    struct stream stream;
    const uint8_t *bytes;

    if (how != 'c' && give_meet(link, in_us(PATIENCE)).value != PAGES)
        return 1;
    stream_begin(&stream, link, window);
    for (size_t round = 0; round < ROUNDS; round++) {
        long error = how == 'm' && round % 2 == 1 ? sys_page_open(link->env, 0).error : how == 'c' ? ERR_OK : give_allow(link);
        if (error != ERR_OK)
            return 2;
        link->mine->words[ROUND] = round + 1; // ready for it
        link_wake(link);
        word_t wrong = round_read(&stream, round);
        if (wrong != 0)
            return 3;
        size_t pages = (sizes[round] + PAGE_SIZE - 1) / PAGE_SIZE;
        if (link->held != 0 && give_send(link, window, 0, pages, in_us(PATIENCE)).error != ERR_OK)
            return 4;
    }
    link->mine->words[ROUND] = ROUNDS + 1;
    link_wake(link);
    return stream_peek(&stream, &bytes, in_us(PATIENCE)).error == ERR_OK ? 0 : 5; // the end
}

// What no honest writer does.
static int partner_lie(struct link *link, word_t window, char how)
{
    static const word_t words[] = {0, OUT * PAGE_SIZE + 1, ~0ul, GIVEN | 1, GIVEN | (PAGES * PAGE_SIZE + 1), GIVEN | (2 * PAGE_SIZE)};
    word_t word = words[how - '0'];

    if (give_make(link, window, PAGES) != ERR_OK)
        return 1;
    if (how == '3') // no gift that came, but a pool that is no pool any more
        link->mine->gift = 1ul << 16 | 200 << 8 | 1;
    if (how == '5' && give_send(link, window, 0, 1, in_us(PATIENCE)).error != ERR_OK)
        return 2;
    pipe_write(link, &word, sizeof(word), 0);
    for (;;)
        sys_slice_wait(0, 0);
}

static struct child partner;

static void partner_begin(struct link *link, const char *role, const char *how, size_t out, size_t in)
{
    const char *const arguments[] = {"test_stream", role, how};
    const char *why = child_build(&partner, &(struct child_options){.program = "test_stream", .argc = 3, .argv = arguments});

    if (why || link_child(link, &partner, 0, out, in) != ERR_OK) {
        fprintf(stderr, "stream_test: no partner: %s\n", why ? why : "no link");
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

static void pages_free(word_t window)
{
    for (size_t i = 0; i < PAGES; i++) {
        page_t page = vm_pte_page(vm_pte(window + i * PAGE_SIZE));
        vm_unbind(0, window + i * PAGE_SIZE, 1);
        if (page)
            frame_free(page);
    }
}

// One round, and whether its pages moved.
static void round_write(struct stream *stream, word_t window, size_t round, bool gives)
{
    struct link *link = stream->link;
    size_t pages = (sizes[round] + PAGE_SIZE - 1) / PAGE_SIZE;
    uint64_t all = (1ul << PAGES) - 1, run = (1ul << pages) - 1;

    while (link->theirs->words[ROUND] == round) // it is ready for this one
        CHECK_EQUAL(link_wait(link, &link->theirs->words[ROUND], round, in_us(PATIENCE)), ERR_OK);
    for (size_t i = 0; i < sizes[round]; i++)
        ((uint8_t *)window)[i] = byte_of(round, i);
    sysret_t went = stream_write(stream, 0, sizes[round], in_us(PATIENCE));
    CHECK_EQUAL(went.error, ERR_OK);
    CHECK_EQUAL(went.value, sizes[round]);
    CHECK_EQUAL(link->held, gives ? all & ~run : all);
    if (gives)
        CHECK_EQUAL(give_receive(link, window, in_us(PATIENCE)).value, pages);
}

static void rounds_write(struct link *link, word_t window, char how)
{
    struct stream stream;

    CHECK_EQUAL(give_make(link, window, PAGES), ERR_OK);
    stream_begin(&stream, link, window);
    for (size_t round = 0; round < ROUNDS; round++)
        round_write(&stream, window, round, how == 'g' || (how == 'm' && round % 2 == 0));
    CHECK_EQUAL(stream_write(&stream, 0, 0, 0).value, 0);
    CHECK_EQUAL(stream_write(&stream, 0, PAGES * PAGE_SIZE + 1, 0).error, ERR_STATE);
    CHECK_EQUAL(stream_write(&stream, PAGES, 1, 0).error, ERR_STATE);
    pipe_end(link);
}

static void each_way(word_t window, const char *how)
{
    struct link link;

    partner_begin(&link, "read", how, OUT, 0);
    CHECK(child_start(&partner) == NULL);
    rounds_write(&link, window, *how);
    partner_end(&link, 0);
    pages_free(window);
}

// Between two children: nobody gives to the other without its leave, as a parent may to its child.
static void between_children(const char *how)
{
    struct child both[2];
    const char *const roles[] = {"write", "read"};

    for (int i = 0; i < 2; i++) {
        const char *const arguments[] = {"test_stream", roles[i], how};
        CHECK(child_build(&both[i], &(struct child_options){.program = "test_stream", .argc = 3, .argv = arguments}) == NULL);
    }
    CHECK_EQUAL(link_children(&both[0], 0, &both[1], 0, OUT, 0), ERR_OK);
    for (int i = 0; i < 2; i++)
        CHECK(child_start(&both[i]) == NULL);
    for (int i = 0; i < 2; i++)
        CHECK_EQUAL(child_wait(&both[i]), 0);
    for (int i = 0; i < 2; i++) // the reader reads in the writer's pages
        child_reap(&both[i]);
}

static void lies(word_t window)
{
    static const char *const how[] = {"0", "1", "2", "3", "4", "5"};

    for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
        struct link link;
        struct stream stream;
        const uint8_t *bytes;
        partner_begin(&link, "lie", how[i], 0, OUT);
        CHECK(child_start(&partner) == NULL);
        CHECK_EQUAL(give_meet(&link, in_us(PATIENCE)).value, PAGES);
        stream_begin(&stream, &link, window);
        for (int again = 0; again < 2; again++)
            CHECK_EQUAL(stream_peek(&stream, &bytes, in_us(PATIENCE)).error, ERR_RANGE);
        partner_end(&link, -1);
        pages_free(window); // what came is ours
    }
}

// A reader that neither reads nor meets the pool, and then dies.
static void silent(word_t window)
{
    struct link link;
    struct stream stream;
    const uint8_t *bytes;

    partner_begin(&link, "silent", "", OUT, OUT);
    CHECK_EQUAL(give_make(&link, window, PAGES), ERR_OK);
    stream_begin(&stream, &link, window);
    CHECK(child_start(&partner) == NULL);
    sysret_t went = stream_write(&stream, 0, PAGES * PAGE_SIZE, in_us(SHORT));
    CHECK_EQUAL(went.error, ERR_DEADLINE);
    CHECK_EQUAL(went.value, OUT * PAGE_SIZE - sizeof(word_t));
    CHECK_EQUAL(stream_peek(&stream, &bytes, in_us(SHORT)).error, ERR_DEADLINE);
    child_kill(&partner);
    CHECK_EQUAL(stream_write(&stream, 0, 1, 0).error, ERR_DEAD);
    CHECK_EQUAL(stream_peek(&stream, &bytes, 0).error, ERR_DEAD);
    partner_end(&link, -1);
    pages_free(window);
}

int main(int argc, char **argv)
{
    struct link link;
    word_t window = vm_window_open(PAGES);

    if (argc == 3 && link_open(&link, 0) == ERR_OK) {
        if (strcmp(argv[1], "write") == 0) {
            rounds_write(&link, window, *argv[2]);
            return guest_end();
        }
        if (strcmp(argv[1], "read") == 0)
            return partner_read(&link, window, *argv[2]);
        if (strcmp(argv[1], "lie") == 0)
            return partner_lie(&link, window, *argv[2]);
        for (;;)
            sys_slice_wait(0, 0);
    }
    for (int i = 0; i < 2; i++) { // the second time nothing more is taken
        size_t before = frame_count_free();
        each_way(window, "g");
        each_way(window, "c");
        between_children("m");
        lies(window);
        silent(window);
        CHECK(i == 0 || frame_count_free() == before);
    }
    return guest_end();
}
