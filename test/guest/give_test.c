// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pages that move through a link: contents arrive, neither side keeps them, they come back; and what is refused:
 * pages that are not here, places that are closed, a partner that announces or names frames that are not its own. The
 * program is its own partner.
 */
#include "guest.h"
#include <stdlib.h>

#define PAGES    16
#define PATIENCE 60000000 // us: for what must happen, on a machine with other things to do
#define SHORT    20000    // us: for what must not

static word_t in_us(word_t us)
{
    return time_now() + time_from_us(us);
}

static void fill(word_t window, size_t first, size_t count, word_t with)
{
    for (size_t i = first * 512; i < (first + count) * 512; i++)
        ((volatile word_t *)window)[i] = i * 3 + with;
}

static bool is_filled(word_t window, size_t first, size_t count, word_t with)
{
    size_t wrong = 0;
    for (size_t i = first * 512; i < (first + count) * 512; i++)
        wrong += ((volatile word_t *)window)[i] != i * 3 + with;
    return wrong == 0;
}

// Each gift goes back with other contents.
static int partner_return(struct link *link, word_t window)
{
    if (give_meet(link, in_us(PATIENCE)).value != PAGES)
        return 1;
    for (word_t turn = 0; turn < 40; turn++) {
        sysret_t came = give_receive(link, window, in_us(PATIENCE));
        size_t first = came.value >> 8, count = came.value & 0xff;
        if (came.error != ERR_OK || !is_filled(window, first, count, turn))
            return 2;
        fill(window, first, count, turn + 1000);
        if (give_send(link, window, first, count, in_us(PATIENCE)).error != ERR_OK)
            return 3;
    }
    return 0;
}

// Says that it gives what it does not, or what is here already.
static int partner_lie(struct link *link, word_t window, word_t lie)
{
    if (lie == 0) { // a pool that is not its own
        link->mine->pool_first = link->theirs->words[0];
        link->mine->pool_count = 4;
    } else {
        if (give_make(link, window, PAGES) != ERR_OK)
            return 1;
        static const word_t gifts[] = {0, 2 << 16 | PAGES, 2 << 16 | 8 << 8 | (PAGES - 7), 2 << 16, 2ul << 16 | 0xffff, 9 << 16 | 1};
        while (link->theirs->received == 0)
            sys_slice_yield();
        link->mine->gift = gifts[lie];
    }
    link_wake(link);
    for (;;)
        sys_slice_wait(0, 0);
}

static struct child partner;

static void partner_begin(struct link *link, const char *role, const char *how)
{
    const char *const arguments[] = {"test_give", role, how};
    const char *why = child_build(&partner, &(struct child_options){.program = "test_give", .argc = 3, .argv = arguments});

    if (why || link_child(link, &partner, 0, 0, 0) != ERR_OK) {
        fprintf(stderr, "give_test: no partner: %s\n", why ? why : "no link");
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

static void there_and_back(word_t window)
{
    struct link link;

    partner_begin(&link, "return", "");
    CHECK_EQUAL(give_make(&link, window, 0), ERR_RANGE);
    CHECK_EQUAL(give_make(&link, window, GIVE_MAX + 1), ERR_RANGE);
    CHECK_EQUAL(give_make(&link, window, PAGES), ERR_OK);
    CHECK_EQUAL(give_make(&link, window, PAGES), ERR_STATE);
    CHECK(child_start(&partner) == NULL);
    for (word_t turn = 0; turn < 40; turn++) {
        size_t first = turn % PAGES, count = turn % 3 ? 1 + turn % (PAGES - first) : PAGES - first;
        fill(window, first, count, turn);
        sysret_t went = give_send(&link, window, first, count, in_us(PATIENCE));
        CHECK_EQUAL(went.error, ERR_OK);
        CHECK_EQUAL(went.value, count);
        CHECK_EQUAL(vm_pte(window + first * PAGE_SIZE), 0);
        CHECK_EQUAL(give_send(&link, window, first, 1, in_us(SHORT)).error, ERR_STATE); // it is there, or under way
        sysret_t came = give_receive(&link, window, in_us(PATIENCE));
        CHECK_EQUAL(came.error, ERR_OK);
        CHECK_EQUAL(came.value, first << 8 | count);
        CHECK(is_filled(window, first, count, turn + 1000));
    }
    CHECK_EQUAL(give_send(&link, window, PAGES, 1, 0).error, ERR_STATE);
    CHECK_EQUAL(give_send(&link, window, 1, PAGES, 0).error, ERR_STATE);
    CHECK_EQUAL(give_send(&link, window, 0, 0, 0).error, ERR_STATE);
    partner_end(&link, 0);
    pages_free(window);
}

static void lies(word_t window)
{
    static const char *const how[] = {"0", "1", "2", "3", "4", "5"};

    for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
        struct link link;
        partner_begin(&link, "lie", how[i]);
        link.mine->words[0] = frame_find(4); // frames of ours, which nobody else can give
        CHECK(child_start(&partner) == NULL);
        sysret_t met = give_meet(&link, in_us(PATIENCE));
        CHECK_EQUAL(met.error, i == 0 ? ERR_RANGE : ERR_OK);
        if (i > 0)
            CHECK_EQUAL(give_receive(&link, window, in_us(PATIENCE)).error, ERR_RANGE);
        CHECK_EQUAL(vm_pte(window), 0);
        partner_end(&link, -1);
    }
}

static void silent(word_t window)
{
    struct link link;

    partner_begin(&link, "silent", "");
    CHECK(child_start(&partner) == NULL);
    CHECK_EQUAL(give_meet(&link, in_us(SHORT)).error, ERR_DEADLINE);
    CHECK_EQUAL(give_make(&link, window, PAGES), ERR_OK);
    CHECK_EQUAL(give_send(&link, window, 0, 1, in_us(SHORT)).error, ERR_DEADLINE); // it has not met the pool
    child_kill(&partner);
    CHECK_EQUAL(give_send(&link, window, 0, 1, 0).error, ERR_DEAD);
    CHECK_EQUAL(give_receive(&link, window, 0).error, ERR_DEAD);
    partner_end(&link, -1);
    pages_free(window);
}

int main(int argc, char **argv)
{
    struct link link;
    word_t window = vm_window_open(PAGES);

    if (argc == 3 && link_open(&link, 0) == ERR_OK) {
        if (strcmp(argv[1], "return") == 0)
            return partner_return(&link, window);
        if (strcmp(argv[1], "lie") == 0)
            return partner_lie(&link, window, (word_t)atoi(argv[2]));
        for (;;)
            sys_slice_wait(0, 0);
    }
    for (int i = 0; i < 2; i++) { // the second time nothing more is taken
        size_t before = frame_count_free();
        there_and_back(window);
        lies(window);
        silent(window);
        CHECK(i == 0 || frame_count_free() == before);
    }
    return guest_failures != 0;
}
