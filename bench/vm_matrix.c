// SPDX-License-Identifier: BSD-2-Clause
/*
 * A product of two matrices of 150x150 integers, with fewer page tables than it touches: 75 pages in 55 regions of
 * 2 MiB (each page of A and of C in a region of its own, those of B in five), and 8 frames for leaf tables. The
 * bindings are in the STLB; the leaf tables are a cache of it.
 *
 * matmul_identity   the same code with all rows in one superpage, which is bound by one entry: nothing is ever missing
 * matmul            with the 8 tables
 * matmul_permille   how much more that is, in thousandths
 * matmul_tables     how often a table was taken from one region for another
 * matmul_refills    leaves that the kernel filled from the STLB
 */
#include "vm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE          150
#define ROWS_IN_PAGE  6
#define PAGES         (SIDE / ROWS_IN_PAGE)
#define TABLES        8
#define REGION        0x200000ul
#define ADDRESS       0x3e80000000ul
#define IDENTITY      0x3ec0000000ul
#define REGIONS       (2 * PAGES + PAGES / 5)

typedef int32_t *matrix_t[SIDE]; // its rows

static matrix_t first, second, product;

// The frames of leaf tables, in the order in which they were given out, and the regions they serve.
static page_t tables[TABLES];
static word_t regions[TABLES], turns, exchanges, refills;
static bool refills_counted;
static const volatile uint64_t *windows[TABLES]; // the tables themselves, read-only

// Where page `number` of matrix 0 to 2 is. Offsets in the regions differ, so none displaces another from the STLB.
static word_t page_address(word_t matrix, word_t number)
{
    word_t region = matrix == 1 ? 2 * PAGES + number / 5 : matrix / 2 * PAGES + number;
    return ADDRESS + region * REGION + (matrix * PAGES + number) * PAGE_SIZE;
}

static void rows_at(matrix_t matrix, word_t number, bool identity)
{
    for (word_t i = 0; i < SIDE; i++) {
        word_t page = i / ROWS_IN_PAGE;
        word_t at = identity ? IDENTITY + (number * PAGES + page) * PAGE_SIZE : page_address(number, page);
        matrix[i] = (int32_t *)at + i % ROWS_IN_PAGE * SIDE;
    }
}

static __attribute__((noinline)) void multiply(void)
{
    for (size_t i = 0; i < SIDE; i++)
        for (size_t j = 0; j < SIDE; j++) {
            int32_t sum = 0;
            for (size_t k = 0; k < SIDE; k++)
                sum += first[i][k] * second[k][j];
            product[i][j] = sum;
        }
}

static void fill(bool identity)
{
    rows_at(first, 0, identity);
    rows_at(second, 1, identity);
    rows_at(product, 2, identity);
    for (size_t i = 0; i < SIDE; i++)
        for (size_t j = 0; j < SIDE; j++) {
            first[i][j] = (int32_t)(i + 2 * j);
            second[i][j] = (int32_t)(3 * i - j);
        }
}

// A sum that every element changes; the same for both places.
static word_t product_check(void)
{
    word_t sum = 0;
    for (size_t i = 0; i < SIDE; i++)
        for (size_t j = 0; j < SIDE; j++)
            sum = sum * 31 + (uint32_t)product[i][j];
    return sum;
}

static void refills_count(word_t table)
{
    for (word_t i = 0; i < PAGE_SIZE / sizeof(uint64_t); i++)
        refills += windows[table][i] != 0;
}

static void table_take_back(word_t table)
{
    sysret_t answer;
    if (refills_counted)
        refills_count(table);
    vm_unbind(0, (word_t)windows[table], 1);
    while ((answer = sys_pte_untable(0, regions[table], 0)).error == ERR_AGAIN)
        continue;
    must(answer, "taking a table back");
}

// A page whose region has no leaf table: the table that was given out first serves it now.
static bool handle(word_t address, word_t need)
{
    (void)need;
    if (address - ADDRESS >= REGIONS * REGION)
        return false;
    word_t table = turns++ % TABLES;
    if (turns > TABLES)
        table_take_back(table);
    regions[table] = address & ~(REGION - 1);
    must(sys_pte_table(0, regions[table], 0, tables[table], 0), "a leaf table");
    must((sysret_t){vm_bind(0, (word_t)windows[table], tables[table], 1, RIGHT_READ), 0}, "looking at it");
    exchanges++;
    return true;
}

static word_t run(bool identity, word_t *check)
{
    fill(identity);
    exchanges = refills = 0;
    word_t spent = COUNTED(SPENT(multiply()));
    for (word_t i = 0; !identity && refills_counted && i < TABLES; i++)
        refills_count(i);
    *check = product_check();
    return spent;
}

// 512 frames joined and bound as a superpage.
static page_t identity_open(void)
{
    page_t run = (machine()->ram_first + machine()->ram_count) & ~(SUPER_PAGES - 1ul);
    sysret_t answer;
    do
        run -= SUPER_PAGES;
    while ((answer = sys_page_join(run)).error != ERR_AGAIN && run > machine()->ram_first);
    while (answer.error == ERR_AGAIN)
        answer = sys_page_join(run);
    must(answer, "page_join");
    page_t table = frame_find(2);
    must(sys_pte_table(0, IDENTITY, 1, table, table + 1), "a table for superpages");
    must(sys_pte_map(0, IDENTITY, run, SUPER_PAGES, RIGHT_READ | RIGHT_WRITE, CAP_NONE), "a superpage");
    return run;
}

static void identity_close(page_t run)
{
    must(sys_pte_unmap(0, IDENTITY, SUPER_PAGES), "unmapping it");
    must(sys_page_split(run), "page_split");
    must(sys_pte_untable(0, IDENTITY, 1), "taking its table back");
}

static page_t pages[3 * PAGES], stlb;

static void cached_open(void)
{
    sysret_t answer;
    stlb = frame_find(1);
    while ((answer = sys_stlb_bind(0, stlb, 0)).error == ERR_AGAIN)
        continue;
    must(answer, "stlb_bind");
    must(sys_pte_table(0, ADDRESS, 1, frame_find(1), 0), "a table");
    for (word_t i = 0; i < TABLES; i++) {
        tables[i] = frame_alloc(); // so that each is another one
        windows[i] = (const volatile uint64_t *)vm_window_open(1);
    }
    for (word_t i = 0; i < TABLES; i++)
        must(sys_page_free(tables[i]), "page_free");
    for (word_t i = 0; i < 3 * PAGES; i++) {
        pages[i] = frame_alloc();
        must(sys_stlb_enter(0, page_address(i / PAGES, i % PAGES), pages[i], RIGHT_READ | RIGHT_WRITE, CAP_NONE), "stlb_enter");
    }
    fault_handle(handle);
}

static void cached_close(void)
{
    fault_handle(NULL);
    for (word_t i = 0; i < TABLES; i++) {
        table_take_back(i);
        vm_window_close((word_t)windows[i], 1);
    }
    for (word_t i = 0; i < 3 * PAGES; i++) {
        must(sys_pte_unmap(0, page_address(i / PAGES, i % PAGES), 1), "unbinding a page");
        frame_free(pages[i]);
    }
    must(sys_stlb_unbind(0), "stlb_unbind");
}

void bench_vm_matrix(void)
{
    word_t wanted, check;
    page_t super = identity_open();
    word_t identity = run(true, &wanted);
    identity_close(super);
    row("matmul_identity", identity);

    cached_open();
    word_t cached = run(false, &check);
    row_counted("matmul", cached, 1);
    row("matmul_permille", (cached - identity) * 1000 / identity);
    row("matmul_tables", exchanges);
    refills_counted = true;
    run(false, &check);
    row("matmul_refills", refills);
    cached_close();
    if (check != wanted) {
        fprintf(stderr, "bench: the two products differ\n");
        exit(1);
    }
}
