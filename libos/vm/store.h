// SPDX-License-Identifier: BSD-2-Clause
/*
 * A store of pieces of at most a page, in memory of a fixed size: what a pager keeps that makes pages smaller. A piece
 * lies in neighbouring granules of STORE_GRANULE bytes; freeing gives them back, and neighbours that are free are one
 * gap without more ado. Plain computing: it asks nobody for memory.
 */
#ifndef LIBOS_STORE_H
#define LIBOS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_GRANULE   64
#define STORE_PIECE_MAX 4096

struct store_piece {
    uint32_t first; // granule
    uint32_t size;  // bytes; 0: no piece
};

struct store {
    uint8_t *bytes;
    uint64_t *used; // a bit for each granule
    size_t granules;
    size_t cursor; // where to look next
    size_t free;   // granules
};

// Bytes of `memory` for a store of so many granules; `memory` is aligned to 8.
size_t store_size(size_t granules);
void store_begin(struct store *store, void *memory, size_t granules);

// Keep a copy of `size` (1 to STORE_PIECE_MAX) bytes. size 0: there is no gap that is large enough.
struct store_piece store_put(struct store *store, const void *bytes, size_t size);
void store_drop(struct store *store, struct store_piece piece);
static inline const void *store_bytes(const struct store *store, struct store_piece piece)
{
    return store->bytes + (size_t)piece.first * STORE_GRANULE;
}

#endif
