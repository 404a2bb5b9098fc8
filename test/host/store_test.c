// SPDX-License-Identifier: BSD-2-Clause
/*
 * The store of pieces (libos/vm/store.h) beside a model that keeps every piece by itself: random sizes come and go,
 * contents stay, a full store refuses and nothing is lost, and an empty one takes as much as a new one.
 */
#include <libos/vm/store.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define PIECES 64

static struct model {
    struct store_piece piece;
    uint8_t bytes[STORE_PIECE_MAX];
} model[PIECES];

static void check_all(const struct store *store)
{
    size_t granules = 0;
    for (size_t i = 0; i < PIECES; i++) {
        struct store_piece piece = model[i].piece;
        if (piece.size)
            assert_memory_equal(store_bytes(store, piece), model[i].bytes, piece.size);
        granules += (piece.size + STORE_GRANULE - 1) / STORE_GRANULE;
    }
    assert_int_equal(granules + store->free, store->granules);
}

// What a refusal must be true to: no gap of this length anywhere.
static void check_refusal(const struct store *store, size_t size)
{
    size_t run = 0;
    for (size_t i = 0; i < store->granules; i++) {
        run = store->used[i / 64] >> i % 64 & 1 ? 0 : run + 1;
        assert_true(run * STORE_GRANULE < size);
    }
}

static void random_run(unsigned seed, size_t granules, int steps)
{
    struct store store;
    void *memory = malloc(store_size(granules)); // exactly: the sanitizer sees a byte too many
    size_t refused = 0, put = 0;

    srandom(seed);
    memset(model, 0, sizeof(model));
    store_begin(&store, memory, granules);
    for (int step = 0; step < steps; step++) {
        struct model *one = &model[(size_t)random() % PIECES];
        if (one->piece.size) {
            store_drop(&store, one->piece);
            one->piece.size = 0;
        } else {
            size_t size = 1 + (size_t)random() % (random() % 4 ? 1500 : STORE_PIECE_MAX);
            for (size_t i = 0; i < size; i++)
                one->bytes[i] = (uint8_t)random();
            one->piece = store_put(&store, one->bytes, size);
            assert_true(one->piece.size == 0 || one->piece.size == size);
            if (one->piece.size == 0)
                check_refusal(&store, size);
            *(one->piece.size ? &put : &refused) += 1;
        }
        check_all(&store);
    }
    assert_true(put > 0 && refused > 0); // otherwise this has tested half of it
    for (size_t i = 0; i < PIECES; i++)
        if (model[i].piece.size)
            store_drop(&store, model[i].piece);
    assert_int_equal(store.free, granules);
    for (size_t left = granules; left >= STORE_PIECE_MAX / STORE_GRANULE; left -= STORE_PIECE_MAX / STORE_GRANULE)
        if (store_put(&store, model[0].bytes, STORE_PIECE_MAX).size == 0)
            assert_true(left < 2 * STORE_PIECE_MAX / STORE_GRANULE); // the cursor stood in the middle
    free(memory);
}

static void test_random(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++)
        random_run(seed, 100 + seed * 13, 800);
}

static void test_edges(void **state)
{
    (void)state;
    static uint64_t memory[1024];
    static const uint8_t page[STORE_PIECE_MAX] = {1, 2, 3};
    struct store store;

    store_begin(&store, memory, STORE_PIECE_MAX / STORE_GRANULE);
    struct store_piece piece = store_put(&store, page, STORE_PIECE_MAX);
    assert_int_equal(piece.size, STORE_PIECE_MAX); // filled to the last granule
    assert_int_equal(store_put(&store, page, 1).size, 0);
    store_drop(&store, piece);
    assert_int_equal(store_put(&store, page, 1).size, 1);
    store_begin(&store, memory, 0);
    assert_int_equal(store_put(&store, page, 1).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random), cmocka_unit_test(test_edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
