// SPDX-License-Identifier: BSD-2-Clause
/*
 * break_N   cap_revoke of a frame that is bound N times, in one call: the most of N neighbours in this space, N
 *           addresses in turn in this space and seven others, and N entries of the STLB
 */
#include "vm.h"

#define ADDRESS  0x3f60000000ul // pinned, in every space
#define CACHED   0x3f60200000ul // in the STLB
#define SPACES   8              // 0: this one
#define BINDINGS 64

static space_t spaces[SPACES];

static void tables_make(space_t space)
{
    if (space != 0)
        must(sys_pte_table(space, ADDRESS, 1, frame_find(1), 0), "an upper table");
    page_t table = frame_find(2);
    must(sys_pte_table(space, ADDRESS, 0, table, table + 1), "a table");
}

static void spaces_make(page_t page)
{
    must((sysret_t){vm_bind(0, ADDRESS, page, 1, RIGHT_READ), 0}, "the tables here"); // the library makes them
    vm_unbind(0, ADDRESS, 1);
    for (word_t i = 1; i < SPACES; i++) {
        page_t space = frame_find(2);
        must(sys_space_create(space, space + 1), "space_create");
        spaces[i] = space;
        tables_make(space);
    }
}

static void spaces_end(void)
{
    sysret_t answer;
    for (word_t i = 1; i < SPACES; i++) {
        while ((answer = sys_space_destroy(spaces[i])).error == ERR_AGAIN)
            continue;
        must(answer, "space_destroy");
    }
}

static void bind(page_t page, word_t i, word_t among)
{
    must(sys_pte_map(spaces[i % among], ADDRESS + i * PAGE_SIZE, page, 1, RIGHT_READ, CAP_NONE), "pte_map");
}

static word_t revoke(page_t page)
{
    sysret_t answer;
    word_t cost = MEASURE(cap_revoke, &answer, page);
    must(answer, "cap_revoke in one call");
    return cost;
}

static word_t break_pinned(page_t page, word_t count, word_t among)
{
    for (word_t i = 0; i < count; i++)
        bind(page, i, among);
    return revoke(page);
}

static word_t break_cached(page_t page, word_t count)
{
    for (word_t i = 0; i < count; i++) {
        must(sys_stlb_enter(0, CACHED + i * PAGE_SIZE, page, RIGHT_READ, CAP_NONE), "stlb_enter");
        (void)*(volatile char *)(CACHED + i * PAGE_SIZE);
    }
    return revoke(page);
}

static word_t most_of(word_t one, word_t other) { return one > other ? one : other; }

void bench_vm_break(void)
{
    upcall_hold();
    page_t page = frame_find(1), stlb = frame_find(1);
    must(sys_page_alloc(page), "page_alloc");
    sysret_t answer;
    while ((answer = sys_stlb_bind(0, stlb, 0)).error == ERR_AGAIN)
        continue;
    must(answer, "stlb_bind");
    must(sys_pte_table(0, CACHED, 0, frame_find(1), 0), "a leaf table");
    spaces_make(page);
    const struct {
        const char *name;
        word_t count;
    } rows[] = {{"break_1", 1}, {"break_8", 8}, {"break_64", BINDINGS}};
    for (word_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        word_t cost = 0;
        for (int repeat = 0; repeat < 2; repeat++) { // the first warms what the kernel remembers
            cost = break_pinned(page, rows[i].count, 1);
            word_t spread = break_pinned(page, rows[i].count, SPACES), cached = break_cached(page, rows[i].count);
            cost = most_of(cost, most_of(spread, cached));
        }
        row(rows[i].name, cost);
    }
    spaces_end();
    must(sys_pte_untable(0, CACHED, 0), "taking the table back");
    must(sys_stlb_unbind(0), "stlb_unbind");
    must(sys_page_free(page), "page_free");
    upcall_release();
}
