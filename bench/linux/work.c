// SPDX-License-Identifier: BSD-2-Clause
/*
 * Work in which the kernel has no part but its clock's: the same object files as in bench/work.c.
 *
 * matrix         a product of two matrices of 150x150 integers; the least of some, as under Rivet
 * block_copy     64 KiB copied; block_checksum: summed
 */
#include "measure.h"

#include <bench/same/same.h>

#define TIMES 3

static matrix_t *matrices;
static char *from, *to;

static uint64_t matrix(uint64_t count)
{
    uint64_t least = ~0ul;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t spent = SPENT(matrix_multiply(matrices[0], matrices[1], matrices[2]));
        least = spent < least ? spent : least;
    }
    return least;
}

static uint64_t copy(uint64_t count)
{
    return SPENT(for (uint64_t i = 0; i < count; i++)
        block_copy(to, from, BLOCK_BYTES));
}

static uint64_t checksum(uint64_t count)
{
    return SPENT(for (uint64_t i = 0; i < count; i++)
        block_checksum(from, BLOCK_BYTES));
}

void bench_work(void)
{
    matrices = memory_map(3 * sizeof(matrix_t), MAP_PRIVATE);
    matrix_fill(matrices[0], matrices[1]);
    matrix_multiply(matrices[0], matrices[1], matrices[2]); // so that every page is there
    row("matrix", matrix(TIMES));
    must(matrix_check(matrices[2]) == MATRIX_PRODUCT ? 0 : -1, "the product of the matrices");
    memory_unmap(matrices, 3 * sizeof(matrix_t));

    from = memory_map(2 * BLOCK_BYTES, MAP_PRIVATE);
    to = from + BLOCK_BYTES;
    block_fill(from, BLOCK_BYTES);
    block_fill(to, BLOCK_BYTES);
    row_measure("block_copy", copy, 1);
    row_measure("block_checksum", checksum, 1);
    must(block_checksum(to, BLOCK_BYTES) == BLOCK_CHECKSUM ? 0 : -1, "the checksum of the copy");
    memory_unmap(from, 2 * BLOCK_BYTES);
}
