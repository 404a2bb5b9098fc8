// SPDX-License-Identifier: BSD-2-Clause
// Next fit: the search goes on where the last one ended, once round. See store.h.
#include <libos/vm/store.h>
#include <string.h>

#define BITS 64

static size_t granules_of(size_t size)
{
    return (size + STORE_GRANULE - 1) / STORE_GRANULE;
}

static size_t words_of(size_t granules)
{
    return (granules + BITS - 1) / BITS;
}

size_t store_size(size_t granules)
{
    return granules * STORE_GRANULE + words_of(granules) * sizeof(uint64_t);
}

void store_begin(struct store *store, void *memory, size_t granules)
{
    uint8_t *bytes = memory;

    *store = (struct store){.bytes = bytes, .granules = granules, .free = granules};
    store->used = (uint64_t *)(bytes + granules * STORE_GRANULE);
    memset(memory, 0, store_size(granules)); // its pages are there from now on
}

static bool is_used(const struct store *store, size_t granule)
{
    return store->used[granule / BITS] >> granule % BITS & 1;
}

static void mark(struct store *store, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        store->used[i / BITS] ^= 1ul << i % BITS;
}

// The first of `count` free granules between two places; `end` when there is no such gap.
static size_t gap_find(const struct store *store, size_t from, size_t end, size_t count)
{
    size_t run = 0;

    for (size_t i = from; i < end; i++) {
        run = is_used(store, i) ? 0 : run + 1;
        if (run == count)
            return i + 1 - count;
    }
    return end;
}

struct store_piece store_put(struct store *store, const void *bytes, size_t size)
{
    size_t count = granules_of(size), end = store->granules;

    if (count > store->free)
        return (struct store_piece){0, 0};
    size_t first = gap_find(store, store->cursor, end, count);
    if (first == end) { // the part before the cursor, and a gap that reaches over it
        size_t limit = store->cursor + count - 1 < end ? store->cursor + count - 1 : end;
        first = gap_find(store, 0, limit, count);
        if (first == limit)
            return (struct store_piece){0, 0};
    }
    mark(store, first, count);
    store->free -= count;
    store->cursor = first + count;
    memcpy(store->bytes + first * STORE_GRANULE, bytes, size);
    return (struct store_piece){(uint32_t)first, (uint32_t)size};
}

void store_drop(struct store *store, struct store_piece piece)
{
    size_t count = granules_of(piece.size);

    mark(store, piece.first, count);
    store->free += count;
}
