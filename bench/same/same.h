// SPDX-License-Identifier: BSD-2-Clause
/*
 * Work that is the same here and on Linux: compiled once, into object files that both programs are linked with
 * (bench/linux). Nothing here calls anything or knows where it runs; a test compares what was linked.
 */
#ifndef BENCH_SAME_H
#define BENCH_SAME_H

#include <stddef.h>
#include <stdint.h>

#define MATRIX_SIDE 150
#define BLOCK_BYTES 65536

typedef int32_t matrix_t[MATRIX_SIDE][MATRIX_SIDE];

// What comes out wherever this is right: matrix_check of the product, and block_checksum of a filled block.
#define MATRIX_PRODUCT 5473734621471452294ul
#define BLOCK_CHECKSUM 22449

// Fills two factors; their product; a sum that every element of it changes.
void matrix_fill(matrix_t first, matrix_t second);
void matrix_multiply(const matrix_t first, const matrix_t second, matrix_t product);
uint64_t matrix_check(const matrix_t product);

// `bytes` is a multiple of 64, and both are aligned to 8.
void block_copy(void *to, const void *from, size_t bytes);
void block_fill(void *block, size_t bytes);

// The Internet's checksum (RFC 1071) of an even number of bytes.
uint16_t block_checksum(const void *block, size_t bytes);

#endif
