// SPDX-License-Identifier: BSD-2-Clause
/*
 * Streams; see stream.h. A piece is announced when there is room for its word, and when its pages are gone or there is room for its
 * bytes, too: so nothing is half said when a deadline passes.
 */
#include <libos/ipc/pipe.h>
#include <libos/ipc/ring.h>
#include <libos/ipc/stream.h>

#define PIECE_GIVEN (1ul << 63)
#define PIECE_WORD  sizeof(word_t)

void stream_begin(struct stream *stream, struct link *link, word_t address)
{
    *stream = (struct stream){.link = link, .address = address};
}

// Waits until there is room for a piece's word and a byte: how much there is.
static sysret_t room_wait(struct link *link, word_t deadline)
{
    for (;;) {
        word_t tail = link->theirs->tail;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        size_t room = ring_room(link->mine->head, tail, link->out_size);
        if (room == RING_LIES)
            return (sysret_t){link->gone ? ERR_DEAD : ERR_RANGE, 0};
        if (ring_closed(tail | link->mine->head))
            return (sysret_t){ERR_CLOSED, 0};
        if (room > PIECE_WORD)
            return (sysret_t){ERR_OK, room};
        long error = link_wait(link, &link->theirs->tail, tail, deadline);
        if (error != ERR_OK)
            return (sysret_t){error, 0};
    }
}

static sysret_t piece_say(struct link *link, word_t piece)
{
    return pipe_write(link, &piece, PIECE_WORD, 0); // there is room
}

// The pages go, if the reader takes any.
static sysret_t piece_give(struct stream *stream, size_t first, size_t size, word_t deadline)
{
    struct link *link = stream->link;
    sysret_t room = room_wait(link, deadline);

    if (room.error != ERR_OK)
        return room;
    sysret_t went = give_send(link, stream->address, first, (size + PAGE_SIZE - 1) / PAGE_SIZE, deadline);
    if (went.value == 0)
        return went.error == ERR_CLOSED ? (sysret_t){ERR_OK, 0} : (sysret_t){went.error, 0};
    size_t given = went.value * PAGE_SIZE < size ? went.value * PAGE_SIZE : size;
    sysret_t said = piece_say(link, given | PIECE_GIVEN);
    return (sysret_t){said.error, given};
}

static sysret_t pieces_copy(struct stream *stream, const uint8_t *bytes, size_t size, word_t deadline)
{
    for (size_t done = 0; done < size;) {
        sysret_t room = room_wait(stream->link, deadline);
        if (room.error != ERR_OK)
            return (sysret_t){room.error, done};
        size_t fits = room.value - PIECE_WORD, piece = size - done < fits ? size - done : fits;
        sysret_t said = piece_say(stream->link, piece);
        if (said.error == ERR_OK)
            said = pipe_write(stream->link, bytes + done, piece, 0); // there is room for it, too
        if (said.error != ERR_OK)
            return (sysret_t){said.error, done};
        done += piece;
    }
    return (sysret_t){ERR_OK, size};
}

sysret_t stream_write(struct stream *stream, size_t first, size_t size, word_t deadline)
{
    struct link *link = stream->link;
    size_t pages = (size + PAGE_SIZE - 1) / PAGE_SIZE;

    if (size == 0)
        return (sysret_t){ERR_OK, 0};
    if (first >= link->pool_count || pages > link->pool_count - first)
        return (sysret_t){ERR_STATE, 0};
    uint64_t run = ((1ul << pages) - 1) << first;
    if ((link->held & run) != run)
        return (sysret_t){ERR_STATE, 0};
    sysret_t given = {ERR_OK, 0};
    if (link->theirs->received != 0) // it has met the pool
        given = piece_give(stream, first, size, deadline);
    if (given.error != ERR_OK || given.value == size)
        return given;
    const uint8_t *bytes = (const uint8_t *)(stream->address + first * PAGE_SIZE);
    sysret_t copied = pieces_copy(stream, bytes + given.value, size - given.value, deadline);
    return (sysret_t){copied.error, given.value + copied.value};
}

static sysret_t lie(struct stream *stream)
{
    stream->lies = true;
    return (sysret_t){ERR_RANGE, 0};
}

// The word of the next piece; 0 at the end.
static sysret_t piece_read(struct stream *stream, word_t deadline)
{
    while (stream->piece_read < PIECE_WORD) {
        uint8_t *rest = (uint8_t *)&stream->piece + stream->piece_read;
        sysret_t read = pipe_read(stream->link, rest, PIECE_WORD - stream->piece_read, deadline);
        if (read.error != ERR_OK)
            return read;
        if (read.value == 0) // the end, but not within a word
            return stream->piece_read == 0 ? read : lie(stream);
        stream->piece_read += read.value;
    }
    size_t size = stream->piece & ~PIECE_GIVEN;
    size_t most = stream->piece & PIECE_GIVEN ? stream->link->pool_count * PAGE_SIZE : stream->link->in_size;
    return size == 0 || size > most ? lie(stream) : (sysret_t){ERR_OK, size};
}

// Pages came for the present piece, which is in them.
static sysret_t piece_take(struct stream *stream, size_t size, word_t deadline)
{
    sysret_t came = give_receive(stream->link, stream->address, deadline);

    if (came.error != ERR_OK)
        return came.error == ERR_RANGE ? lie(stream) : came;
    size_t first = came.value >> 8, count = came.value & 0xff;
    if (size > count * PAGE_SIZE)
        return lie(stream);
    stream->at = (const uint8_t *)(stream->address + first * PAGE_SIZE);
    return came;
}

sysret_t stream_peek(struct stream *stream, const uint8_t **bytes, word_t deadline)
{
    if (stream->lies)
        return (sysret_t){ERR_RANGE, 0};
    if (stream->left == 0) {
        sysret_t size = piece_read(stream, deadline);
        if (size.error != ERR_OK || size.value == 0)
            return size;
        sysret_t came = stream->piece & PIECE_GIVEN ? piece_take(stream, size.value, deadline) : (sysret_t){ERR_OK, 0};
        if (came.error != ERR_OK)
            return came;
        stream->left = size.value;
    }
    if (stream->at != NULL) {
        *bytes = stream->at;
        return (sysret_t){ERR_OK, stream->left};
    }
    sysret_t there = pipe_peek(stream->link, bytes, deadline);
    if (there.error == ERR_OK && there.value == 0)
        return lie(stream); // it ended within a piece
    return (sysret_t){there.error, there.value < stream->left ? there.value : stream->left};
}

void stream_skip(struct stream *stream, size_t size)
{
    if (stream->at != NULL)
        stream->at += size;
    else
        pipe_skip(stream->link, size);
    stream->left -= size;
    if (stream->left != 0)
        return;
    stream->at = NULL;
    stream->piece_read = 0;
}
