// SPDX-License-Identifier: BSD-2-Clause
/*
 * Demand paging: heap and stack cost a frame when a page is touched and not before; what is given back
 * is free again.
 */
#include "guest.h"
#include <stdlib.h>
#include <unistd.h>

#define MIB 0x100000ul

static __attribute__((noinline)) word_t recurse(word_t depth)
{
    volatile char here[512];

    here[0] = (char)depth;
    return depth == 0 ? 0 : recurse(depth - 1) + 1 + 0 * here[0];
}

static void heap_test(void)
{
    size_t before = frame_count_free();
    char *heap = sbrk(8 * MIB);
    CHECK(heap != (void *)-1);
    CHECK(before - frame_count_free() <= 4); // nothing was touched: no more than tables

    for (size_t i = 0; i < 8 * MIB; i += 4096) {
        CHECK(heap[i] == 0);
        heap[i] = (char)(i >> 12);
    }
    size_t cost = before - frame_count_free();
    CHECK(cost >= 2048 && cost <= 2048 + 32);
    for (size_t i = 0; i < 8 * MIB; i += 4096)
        CHECK(heap[i] == (char)(i >> 12));

    CHECK(sbrk(-(intptr_t)(8 * MIB)) == heap + 8 * MIB);
    CHECK(before - frame_count_free() <= 32); // tables and nodes stay
    CHECK(sbrk(-(intptr_t)(1024 * MIB)) == (void *)-1);
    CHECK(sbrk(0x7fffffffffff) == (void *)-1);
    CHECK(sbrk(0) == heap);

    // Given back and taken again: a page that comes new is clear.
    char *again = sbrk(4096);
    CHECK(*again == 0);
}

static void malloc_test(void)
{
    enum { PIECES = 300 };
    static unsigned char *piece[PIECES];
    unsigned random = 12345;

    for (int round = 0; round < 3000; round++) {
        random = random * 1103515245 + 12345;
        unsigned i = random >> 16 & 0x7fff, size = (random >> 8) % 3000 + 1;
        i %= PIECES;
        if (piece[i]) {
            CHECK(piece[i][0] == (unsigned char)i);
            free(piece[i]);
            piece[i] = NULL;
        } else {
            piece[i] = malloc(size);
            CHECK(piece[i] != NULL);
            memset(piece[i], (int)i, size);
        }
    }
}

int main(void)
{
    CHECK_EQUAL(recurse(1000), 1000);
    heap_test();
    malloc_test();

    // More than there is: refused by malloc when the heap's bound is passed.
    CHECK(malloc(2048 * MIB) == NULL);
    return guest_end();
}
