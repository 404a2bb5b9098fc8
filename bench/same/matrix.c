// SPDX-License-Identifier: BSD-2-Clause
// A product of two matrices of 150x150 integers, as the paper has it: no trick, so that it is the machine's work alone.

#include "same.h"

void matrix_fill(matrix_t first, matrix_t second)
{
    for (int i = 0; i < MATRIX_SIDE; i++)
        for (int j = 0; j < MATRIX_SIDE; j++) {
            first[i][j] = i + 2 * j;
            second[i][j] = 3 * i - j;
        }
}

void matrix_multiply(const matrix_t first, const matrix_t second, matrix_t product)
{
    for (int i = 0; i < MATRIX_SIDE; i++)
        for (int j = 0; j < MATRIX_SIDE; j++) {
            int32_t sum = 0;
            for (int k = 0; k < MATRIX_SIDE; k++)
                sum += first[i][k] * second[k][j];
            product[i][j] = sum;
        }
}

uint64_t matrix_check(const matrix_t product)
{
    uint64_t sum = 0;
    for (int i = 0; i < MATRIX_SIDE; i++)
        for (int j = 0; j < MATRIX_SIDE; j++)
            sum = sum * 31 + (uint32_t)product[i][j];
    return sum;
}
