// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pagers that keep what leaves: compressed memory, and another environment (apps/pager.c) that is asked over protected
 * calls. Each carries a region several times its limit through random writes, and gives every byte back. Without the
 * sources of zlib there is no compressed pager, and the other environment has nothing to keep pages with; the program
 * says so.
 */
#include "guest.h"
#include <libos/vm/pager_server.h>
#include <stdlib.h>

#define PAGES       48
#define LIMIT       6
#define SLOT_PAGER  (SLOT_FREE + 3)
#define SLOT_TEXT   "11"
#define PAGE_WORDS  (PAGE_SIZE / sizeof(word_t))

_Static_assert(SLOT_PAGER == 11, "the slot's number and its text agree");

static unsigned seed;
static const struct pager_ops *compressed; // NULL: it could not be built

static unsigned random_next(void)
{
    seed = seed * 1103515245 + 12345;
    return seed >> 16 & 0x7fff;
}

// Contents of many kinds: zeros, numbers that compress, bytes that do not.
static void fill(word_t *page, word_t stamp)
{
    unsigned kind = (unsigned)stamp % 4;

    for (size_t i = 0; i < PAGE_WORDS; i++)
        page[i] = kind == 0   ? 0
                  : kind == 1 ? stamp
                  : kind == 2 ? stamp + i / 8
                              : (stamp * 2654435761u + i) * 0x9e3779b97f4a7c15ul ^ (i * 0xbf58476d1ce4e5b9ul) << 7;
}

static void check(const word_t *page, word_t stamp)
{
    static word_t should[PAGE_WORDS];

    fill(should, stamp);
    CHECK_EQUAL(memcmp(page, should, PAGE_SIZE), 0);
}

static word_t *page_of(struct region *region, size_t page)
{
    return (word_t *)region_base(region) + page * PAGE_WORDS;
}

static void carry(const struct pager_ops *pager, const char *argument, const struct replace_ops *policy)
{
    const char *why = "";
    word_t stamp[PAGES] = {0};
    struct region *region = region_create(&(struct region_options){.pages = PAGES,
                                                                   .pager = pager,
                                                                   .argument = argument,
                                                                   .policy = policy,
                                                                   .limit = LIMIT},
                                          &why);
    CHECK_TEXT(region ? "made" : why, "made");
    if (!region)
        return;
    for (int i = 0; i < 300; i++) {
        size_t page = random_next() % PAGES;
        check(page_of(region, page), stamp[page]);
        if (random_next() & 1)
            fill(page_of(region, page), stamp[page] = (word_t)i);
    }
    for (size_t page = 0; page < PAGES; page++)
        check(page_of(region, page), stamp[page]);
    struct region_counts counts = region_counts(region);
    CHECK(counts.resident <= LIMIT);
    CHECK(counts.written > PAGES);

    region_discard(region, region_base(region), PAGES * PAGE_SIZE);
    for (size_t page = 0; page < PAGES; page++)
        check(page_of(region, page), 0);
    region_destroy(region);
}

// A store that is too small keeps what it can; what it cannot stays, and nothing is lost.
static void full_test(void)
{
    const char *why = "";
    struct region *region = region_create(
        &(struct region_options){.pages = PAGES, .pager = compressed, .argument = "4", .limit = 0}, &why);

    CHECK(region != NULL);
    for (size_t page = 0; page < PAGES; page++)
        fill(page_of(region, page), 4 * page + 3); // the kind that does not compress
    size_t left = region_reclaim(PAGES);
    CHECK(left >= 3 && left <= 4);
    CHECK(!region_limit(region, LIMIT));
    for (size_t page = 0; page < PAGES; page++)
        check(page_of(region, page), 4 * page + 3);
    region_destroy(region);
    static const char *const wrong[] = {NULL, "", "0", "-1", "many", "3x"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK(!region_create(
            &(struct region_options){.pages = 1, .pager = compressed, .argument = wrong[i]}, &why));
        CHECK_TEXT(why, "the pager compressed wants the number of frames of its store");
    }
}

static void server_begin(struct child *server, const char *pager, const char *argument)
{
    const char *argv[] = {"pager", pager, argument};
    const char *why = child_spawn(
        server, &(struct child_options){.program = "pager", .argc = argument ? 3 : 2, .argv = argv, .frames = 512});

    CHECK_TEXT(why ? why : "started", "started");
    CHECK_EQUAL(events_wait(EVENT_PAGER_READY, time_now() + time_from_us(10000000)), EVENT_PAGER_READY);
    CHECK_EQUAL(sys_cap_mint(SLOT_PAGER, server->env, RIGHT_CALL).error, ERR_OK);
}

static void server_end(struct child *server)
{
    child_kill(server);
    child_reap(server);
    sys_cap_drop(SLOT_PAGER);
}

// A file of the bundle would be the server's own to read; zeros are anybody's.
static void zero_server_test(void)
{
    const char *why = "";
    struct child server;

    server_begin(&server, "zero", NULL);
    struct region *region = region_create(
        &(struct region_options){.pages = PAGES, .pager = &pager_env, .argument = SLOT_TEXT, .limit = LIMIT}, &why);
    CHECK_TEXT(region ? "made" : why, "made");
    for (size_t page = 0; page < PAGES; page++)
        check(page_of(region, page), 0);
    CHECK(region_counts(region).resident <= LIMIT);
    region_destroy(region);

    // What a client must not ask: pages that are not there, requests that are none, anything before opening.
    word_t message[MESSAGE_WORDS] = {PAGER_IN, 0};
    CHECK_EQUAL(pct_call_patient(SLOT_PAGER, 0, message), ERR_OK);
    CHECK_EQUAL(message[0], ERR_STATE);
    message[0] = PAGER_OPEN, message[1] = 4;
    CHECK_EQUAL(pct_call_patient(SLOT_PAGER, 0, message), ERR_OK);
    CHECK_EQUAL(message[0], ERR_OK);
    CHECK_EQUAL(message[1], server.env);
    static const struct {
        word_t request, argument;
        long error;
    } bad[] = {{PAGER_IN, 4, ERR_RANGE},    {PAGER_OUT, ~0ul, ERR_RANGE}, {PAGER_FORGET, 4, ERR_RANGE},
               {PAGER_IN, 0, ERR_STATE},    {PAGER_OUT, 0, ERR_STATE},    {PAGER_SHARE, 0, ERR_STALE},
               {PAGER_FORGET, 3, ERR_OK},   {7, 0, ERR_RANGE},            {~0ul, 0, ERR_RANGE}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        message[0] = bad[i].request, message[1] = bad[i].argument;
        if (bad[i].request == PAGER_SHARE)
            message[1] = self() + 1; // a frame that is there, and no capability to it
        CHECK_EQUAL(pct_call_patient(SLOT_PAGER, 0, message), ERR_OK);
        CHECK_EQUAL(message[0], bad[i].error);
    }
    server_end(&server);
    CHECK(!region_create(&(struct region_options){.pages = 1, .pager = &pager_env, .argument = SLOT_TEXT}, &why));
    CHECK_TEXT(why, "there is no pager behind that capability");
    CHECK(!region_create(&(struct region_options){.pages = 1, .pager = &pager_env, .argument = "x"}, &why));
    CHECK_TEXT(why, "the pager env wants the number of a capability slot");
}

static void compressed_server_test(void)
{
    struct child server;

    server_begin(&server, "compressed", "128");
    carry(&pager_env, SLOT_TEXT, &replace_lru);
    carry(&pager_env, SLOT_TEXT, &replace_clock);
    server_end(&server);
}

int main(void)
{
    compressed = pager_find("compressed");
    for (int round = 0; round < 2; round++) { // page tables and the heap's pages that the first round takes stay
        size_t frames = frame_count_free();
        zero_server_test();
        if (compressed) {
            for (const struct replace_ops *const *policy = replace_table; *policy; policy++)
                carry(compressed, "64", *policy);
            full_test();
            compressed_server_test();
        }
        if (round == 1)
            CHECK_EQUAL(frame_count_free(), frames);
    }
    printf("%s\n", compressed ? "with compressed pages" : "without: the sources of zlib are not here");
    return guest_end();
}
