// SPDX-License-Identifier: BSD-2-Clause
/*
 * The group `work`: work in which the kernel has no part but what it takes from everybody, by the same object files that
 * are linked into the program that measures Linux (same/, linux/work.c); and lives (work_life.c).
 *
 * matrix         a product of two matrices of 150x150 integers; the least of some
 * block_copy     64 KiB copied; block_checksum: summed
 */
#include "vm.h"

#include <bench/same/same.h>
#include <stdio.h>
#include <stdlib.h>

#define TIMES 3

void bench_life(void);

static matrix_t first, second, product;
static uint64_t from[BLOCK_BYTES / sizeof(uint64_t)], to[BLOCK_BYTES / sizeof(uint64_t)];

static void result_check(const char *what, word_t is, word_t wanted)
{
    if (is == wanted)
        return;
    fprintf(stderr, "bench: %s is %lu, not %lu\n", what, is, wanted);
    exit(1);
}

static void matrix(void)
{
    word_t least = ~0ul;
    matrix_fill(first, second);
    matrix_multiply(first, second, product); // so that every page is there
    for (int i = 0; i < TIMES; i++)
        least = least_of(least, COUNTED(SPENT(matrix_multiply(first, second, product))));
    row_counted("matrix", least, 1);
    result_check("the product", matrix_check(product), MATRIX_PRODUCT);
}

static void blocks(void)
{
    word_t copy = ~0ul, sum = ~0ul;
    block_fill(from, BLOCK_BYTES);
    block_fill(to, BLOCK_BYTES);
    for (int i = 0; i < TIMES; i++) {
        copy = least_of(copy, SPENT(block_copy(to, from, BLOCK_BYTES)));
        sum = least_of(sum, SPENT(block_checksum(from, BLOCK_BYTES)));
    }
    row("block_copy", copy);
    row("block_checksum", sum);
    result_check("the checksum", block_checksum(to, BLOCK_BYTES), BLOCK_CHECKSUM);
}

int main(int argc, char **argv)
{
    bench_start(argc, argv);
    matrix();
    blocks();
    bench_life();
    return 0;
}
