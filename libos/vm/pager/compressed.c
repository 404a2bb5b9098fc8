// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory whose pages are compressed when they leave (Wilson, Kaplan and Smaragdakis 1999), by zlib. The store has a
 * fixed number of frames, taken when the pager is opened: a pager that needed a frame to free one would be of no help
 * when there is none. Pages that are all zeros take no room; one that zlib makes no smaller takes a page's. When the
 * store is full, pages stay where they are.
 */
#include <libos/vm/contents.h>
#include <libos/vm/pager.h>
#include <libos/vm/store.h>
#include <rivet/layout.h>
#include <rivet/types.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LEVEL        1   // the quickest: a page is small and a fault is waited for
#define WINDOW_BITS  -12 // a window of one page, and no header
#define MEMORY_LEVEL 5
#define WORKSPACE    (64 << 10) // what zlib asks for with these, and room to spare

extern const struct pager_ops pager_compressed;

struct compressed {
    struct pager pager; // first
    struct store store;
    z_stream deflate, inflate;
    size_t workspace_used;
    uint8_t *workspace;
    uint8_t packed[PAGE_SIZE];
    struct store_piece piece[]; // of each page; none: zeros
};

// zlib asks only when a stream begins, so what it gets is never freed by itself.
static void *workspace_alloc(void *compressed_, unsigned items, unsigned size)
{
    struct compressed *compressed = compressed_;
    size_t bytes = ((size_t)items * size + 15) & ~(size_t)15;

    if (bytes > WORKSPACE - compressed->workspace_used)
        return NULL;
    compressed->workspace_used += bytes;
    return compressed->workspace + compressed->workspace_used - bytes;
}

static void workspace_free(void *compressed, void *bytes)
{
    (void)compressed, (void)bytes;
}

static bool streams_begin(struct compressed *compressed)
{
    z_stream begin = {.zalloc = workspace_alloc, .zfree = workspace_free, .opaque = compressed};

    compressed->deflate = compressed->inflate = begin;
    return deflateInit2(&compressed->deflate, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) ==
               Z_OK &&
           inflateInit2(&compressed->inflate, WINDOW_BITS) == Z_OK;
}

static struct pager *compressed_open(const char *argument, size_t pages, const char **why)
{
    char *end = NULL;
    size_t frames = argument ? strtoul(argument, &end, 10) : 0;

    *why = "the pager compressed wants the number of frames of its store";
    if (!end || end == argument || *end || frames == 0 || frames > 1ul << 20)
        return NULL;
    size_t granules = frames * PAGE_SIZE / (STORE_GRANULE + 1); // the store's own bits among them
    size_t head = sizeof(struct compressed) + pages * sizeof(struct store_piece);
    char *memory = malloc(head + WORKSPACE + store_size(granules));
    *why = "there is no memory for the store of compressed pages";
    if (!memory)
        return NULL;
    struct compressed *compressed = (struct compressed *)memory;
    memset(memory, 0, head + WORKSPACE); // its pages are there from now on
    compressed->pager.ops = &pager_compressed;
    compressed->workspace = (uint8_t *)memory + head;
    store_begin(&compressed->store, memory + head + WORKSPACE, granules);
    if (streams_begin(compressed))
        return &compressed->pager;
    free(memory);
    return NULL;
}

static void compressed_close(struct pager *pager)
{
    free(pager);
}

static void compressed_forget(struct pager *pager, size_t index)
{
    struct compressed *compressed = (struct compressed *)pager;
    struct store_piece *piece = &compressed->piece[index];

    if (piece->size)
        store_drop(&compressed->store, *piece);
    piece->size = 0;
}

// Inflate one piece; false when that is no page.
static bool unpack(z_stream *stream, const void *bytes, size_t size, void *page)
{
    stream->next_in = (Bytef *)bytes; // zlib only reads it
    stream->avail_in = (uInt)size;
    stream->next_out = page;
    stream->avail_out = PAGE_SIZE;
    return inflateReset(stream) == Z_OK && inflate(stream, Z_FINISH) == Z_STREAM_END && stream->avail_out == 0;
}

// The size of the page's compressed form in `packed`; 0 when it is not smaller.
static size_t pack(z_stream *stream, const void *page, uint8_t packed[PAGE_SIZE])
{
    stream->next_in = (Bytef *)page; // zlib only reads it
    stream->avail_in = PAGE_SIZE;
    stream->next_out = packed;
    stream->avail_out = PAGE_SIZE - 1;
    if (deflateReset(stream) != Z_OK || deflate(stream, Z_FINISH) != Z_STREAM_END)
        return 0;
    return PAGE_SIZE - 1 - stream->avail_out;
}

static long compressed_in(struct pager *pager, size_t index, void *bytes, bool clear)
{
    struct compressed *compressed = (struct compressed *)pager;
    struct store_piece piece = compressed->piece[index];
    const void *packed = store_bytes(&compressed->store, piece);

    if (piece.size == PAGE_SIZE)
        contents_copy(bytes, packed);
    else if (piece.size)
        return unpack(&compressed->inflate, packed, piece.size, bytes) ? ERR_OK : ERR_STATE;
    else if (!clear)
        contents_clear(bytes);
    return ERR_OK;
}

static bool is_zero(const uint64_t *words)
{
    for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i++)
        if (words[i])
            return false;
    return true;
}

// What the store had of the page before is kept until its new contents are there.
static long compressed_out(struct pager *pager, size_t index, const void *bytes)
{
    struct compressed *compressed = (struct compressed *)pager;
    struct store_piece piece = {0, 0};

    if (!is_zero(bytes)) {
        size_t size = pack(&compressed->deflate, bytes, compressed->packed);
        piece = size ? store_put(&compressed->store, compressed->packed, size)
                     : store_put(&compressed->store, bytes, PAGE_SIZE);
        if (piece.size == 0)
            return ERR_BUSY;
    }
    compressed_forget(pager, index);
    compressed->piece[index] = piece;
    return ERR_OK;
}

const struct pager_ops pager_compressed = {
    .name = "compressed",
    .open = compressed_open,
    .in = compressed_in,
    .out = compressed_out,
    .forget = compressed_forget,
    .close = compressed_close,
};
