// SPDX-License-Identifier: BSD-2-Clause
/*
 * A gigabyte of scattered pages with eight frames of page tables: 512 runs of 2 MiB with a few pages in each, seven leaf
 * tables, an STLB of 128 entries. Contents are right, and every page that was written is found, whatever was displaced.
 */
#include "guest.h"
#include <libos/vm/cache.h>

#define FIRST   0x2000000000ul
#define SIZE    0x40000000ul
#define RUNS    (SIZE / VM_LEAF_SPAN)
#define IN_RUN  3
#define PAGES   (RUNS * IN_RUN)
#define TABLES  8

static uint64_t written[PAGES]; // what the page holds
static bool dirty[PAGES];
static unsigned seed = 1;

static unsigned random_below(unsigned end)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 8) % end;
}

// Pages of a run lie anywhere in it, and some of neighbouring runs meet in the STLB.
static volatile uint64_t *page_at(size_t number)
{
    size_t run = number / IN_RUN, in = number % IN_RUN;
    return (volatile uint64_t *)(FIRST + run * VM_LEAF_SPAN + (in * 170 + run * 7 % 100) * PAGE_SIZE);
}

// Frames of ours that are page tables without a twin: what a cache of mappings uses.
static size_t tables_count(void)
{
    size_t count = 0;
    for (page_t i = 0; i < machine()->ram_count; i++) {
        const volatile struct frame *frame = frame_entry(machine()->ram_first + i);
        count += frame->kind == PAGE_TABLE && frame->owner == self() && (frame->detail & 0xffffffff) == 0;
    }
    return count;
}

static void write_page(size_t number)
{
    written[number] = (uint64_t)random_below(1u << 24) << 24 | number;
    dirty[number] = true;
    *page_at(number) = written[number];
    page_at(number)[511] = ~written[number];
}

static void check_page(size_t number)
{
    CHECK_EQUAL(*page_at(number), written[number]);
    CHECK_EQUAL(page_at(number)[511], written[number] ? ~written[number] : 0);
}

static void dirty_check(void)
{
    size_t wrong = 0;
    for (size_t i = 0; i < PAGES; i++)
        wrong += vm_cache_dirty((word_t)page_at(i)) != dirty[i];
    CHECK_EQUAL(wrong, 0);
}

static void clean(void)
{
    for (size_t i = 0; i < PAGES; i++) {
        vm_clear((word_t)page_at(i), 1, VM_DIRTY);
        dirty[i] = false;
    }
    dirty_check();
}

static void refused(void)
{
    struct vm_cache_options bad = {.first = FIRST, .size = SIZE, .tables = 1};
    CHECK(vm_cache_begin(&bad) != NULL); // no leaf
    bad.tables = 8, bad.first += PAGE_SIZE;
    CHECK(vm_cache_begin(&bad) != NULL);
    bad.first = FIRST, bad.order = 7;
    CHECK(vm_cache_begin(&bad) != NULL);
    bad.order = 0, bad.size = 0;
    CHECK(vm_cache_begin(&bad) != NULL);
    bad.size = SIZE, bad.tables = 1000;
    CHECK(vm_cache_begin(&bad) != NULL);
}

static void sparse(const struct leaf_ops *policy, word_t order)
{
    size_t tables = tables_count();
    struct vm_cache_options options = {.first = FIRST, .size = SIZE, .tables = TABLES, .order = order, .policy = policy, .fill = true};
    const char *problem = vm_cache_begin(&options);
    CHECK_TEXT(problem ? problem : "", "");
    CHECK(vm_cache_begin(&options) != NULL); // one at a time
    memset(written, 0, sizeof(written));
    memset(dirty, 0, sizeof(dirty));

    for (size_t i = 0; i < PAGES; i += 2) // half of them appear by being written, the others by being read
        write_page(i);
    for (size_t i = 0; i < PAGES; i++)
        check_page(i);
    CHECK(tables_count() - tables <= TABLES);
    dirty_check();
    clean();

    // All over the place: near misses, far misses, writes seldom.
    for (size_t step = 0; step < 6000; step++) {
        size_t number = random_below(3) ? random_below(PAGES) : (random_below(30) + step / 20) % PAGES;
        if (random_below(6) == 0)
            write_page(number);
        else
            check_page(number);
    }
    dirty_check();
    CHECK(tables_count() - tables <= TABLES);
    CHECK(vm_cache_counts()->taken > 100);
    CHECK(order > 2 || vm_cache_counts()->recorded > 100);
    for (size_t i = 0; i < PAGES; i++)
        check_page(i);
    vm_cache_end();
    CHECK_EQUAL(tables_count(), tables);
}

// Rights, mapping by hand, a table that goes without the library's doing.
static void by_hand(void)
{
    struct vm_cache_options options = {.first = FIRST, .size = SIZE, .tables = TABLES};
    word_t address = FIRST + 5 * PAGE_SIZE, other = FIRST + 3 * VM_LEAF_SPAN;
    CHECK(vm_cache_begin(&options) == NULL);
    page_t page = vm_frame(true);
    CHECK_EQUAL(vm_map(address, page, RIGHT_READ | RIGHT_WRITE), ERR_OK);
    CHECK_EQUAL(vm_map(address, page, RIGHT_READ | RIGHT_WRITE), ERR_BUSY);
    *(volatile uint64_t *)address = 77;
    CHECK_EQUAL(vm_alias(address, other, RIGHT_READ), ERR_OK);
    CHECK_EQUAL(*(volatile uint64_t *)other, 77);
    CHECK(vm_cache_dirty(address));
    CHECK(!vm_cache_dirty(other));
    CHECK_EQUAL(vm_protect(address, 1, RIGHT_READ), ERR_OK);
    CHECK(vm_cache_dirty(address)); // protecting forgets nothing
    CHECK_EQUAL(*(volatile uint64_t *)address, 77);
    CHECK_EQUAL(vm_protect(address, 1, RIGHT_READ | RIGHT_WRITE), ERR_OK);
    *(volatile uint64_t *)address = 78;
    CHECK_EQUAL(*(volatile uint64_t *)other, 78);
    while (sys_pte_untable(0, address, 0).error == ERR_AGAIN)
        continue;
    *(volatile uint64_t *)address = 79;
    CHECK_EQUAL(*(volatile uint64_t *)other, 79);
    CHECK_EQUAL(vm_unmap(other), page);
    CHECK_EQUAL(vm_unmap(address), page);
    CHECK_EQUAL(frame_entry(page)->bindings, 0);
    frame_free(page);
    vm_cache_end();
}

int main(void)
{
    refused();
    size_t before = 0;
    for (size_t i = 0; leaf_table[i]; i++) {
        sparse(leaf_table[i], i % 2 ? 2 : 0);
        if (before)
            CHECK_EQUAL(frame_count_free(), before);
        before = frame_count_free();
    }
    by_hand();
    return guest_end();
}
