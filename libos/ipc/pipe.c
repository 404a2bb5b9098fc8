// SPDX-License-Identifier: BSD-2-Clause
// Streams of bytes through the rings of a link; see pipe.h for what is promised and ring.h for the arithmetic.
#include <libos/ipc/copy.h>
#include <libos/ipc/pipe.h>
#include <libos/ipc/ring.h>

#define FEW 16 // bytes that need no stack

// Why the counters of the other side make no sense.
static long lie(const struct link *link)
{
    return link->gone ? ERR_DEAD : ERR_RANGE;
}

static inline word_t counter(const volatile word_t *word)
{
    word_t value = *word;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return value;
}

// The bytes before the counter are written, or read, before anybody sees it. Nobody whose side is closed comes here.
static inline void counter_raise(struct link *link, volatile word_t *word, size_t more)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
    *word = *word + more;
    link_wake(link);
}

static inline void copy_few(uint8_t *to, const uint8_t *from, size_t size)
{
    const uint8_t *end = from + size;
    do
        *to++ = *from++;
    while (from != end);
}

__attribute__((noinline)) static void copy(uint8_t *to, const uint8_t *from, size_t size)
{
    if (size > FEW)
        bytes_copy(to, from, size);
    else
        copy_few(to, from, size);
}

/*
 * Room for something, waited for. In line: whoever calls it keeps all registers that a yield loses, once, and who need
 * not wait (pipe_write, pipe_read) keeps none.
 */
#define IN_LINE static inline __attribute__((always_inline))

IN_LINE sysret_t room_find(struct link *link, uint8_t **bytes, word_t deadline)
{
    for (;;) {
        word_t head = link->mine->head, tail = counter(&link->theirs->tail);
        size_t room = ring_room(head, tail, link->out_size);
        if (room == RING_LIES)
            return (sysret_t){lie(link), 0};
        if (ring_closed(head | tail))
            return (sysret_t){ERR_CLOSED, 0};
        if (room != 0) {
            *bytes = link->out + ring_place(head, link->out_size);
            return (sysret_t){ERR_OK, ring_run(head, room, link->out_size)};
        }
        long error = link_wait(link, &link->theirs->tail, tail, deadline);
        if (error != ERR_OK)
            return (sysret_t){error, 0};
    }
}

// The same for something to read; 0 bytes of it are the end.
IN_LINE sysret_t filled_find(struct link *link, const uint8_t **bytes, word_t deadline)
{
    for (;;) {
        word_t tail = link->mine->tail, head = counter(&link->theirs->head);
        size_t filled = ring_filled(head, tail, link->in_size);
        if (filled == RING_LIES)
            return (sysret_t){lie(link), 0};
        if (filled != 0) {
            *bytes = link->in + ring_place(tail, link->in_size);
            return (sysret_t){ERR_OK, ring_run(tail, filled, link->in_size)};
        }
        if (ring_closed(head | tail))
            return (sysret_t){link->gone ? ERR_DEAD : ERR_OK, 0};
        long error = link_wait(link, &link->theirs->head, head, deadline);
        if (error != ERR_OK)
            return (sysret_t){error, 0};
    }
}

sysret_t pipe_room(struct link *link, uint8_t **bytes, word_t deadline)
{
    return room_find(link, bytes, deadline);
}

void pipe_push(struct link *link, size_t size)
{
    counter_raise(link, &link->mine->head, size);
}

sysret_t pipe_peek(struct link *link, const uint8_t **bytes, word_t deadline)
{
    return filled_find(link, bytes, deadline);
}

void pipe_skip(struct link *link, size_t size)
{
    counter_raise(link, &link->mine->tail, size);
}

__attribute__((noinline)) static sysret_t write_slowly(struct link *link, const uint8_t *from, size_t size, word_t deadline)
{
    for (size_t left = size; left > 0;) {
        uint8_t *to;
        sysret_t room = room_find(link, &to, deadline);
        if (room.error != ERR_OK)
            return (sysret_t){room.error, size - left};
        size_t piece = left < room.value ? left : room.value;
        copy(to, from, piece);
        counter_raise(link, &link->mine->head, piece);
        from += piece;
        left -= piece;
    }
    return (sysret_t){ERR_OK, size};
}

// The other side sleeps, and is told. With the answer of whoever noticed, who so need not keep a register.
__attribute__((noinline)) static sysret_t woken(struct link *link, size_t size)
{
    link_wake_up(link);
    return (sysret_t){ERR_OK, size};
}

static inline sysret_t few_done(struct link *link, volatile word_t *word, size_t size)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
    *word = *word + size;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); // as in link_wake
    return __builtin_expect(link->theirs->asleep != 0, 0) ? woken(link, size) : (sysret_t){ERR_OK, size};
}

// A few bytes for which there is room need no stack.
sysret_t pipe_write(struct link *link, const void *bytes, size_t size, word_t deadline)
{
    word_t head = link->mine->head;
    size_t room = ring_room_plainly(head, counter(&link->theirs->tail), link->out_size);

    if (__builtin_expect(size - 1 >= FEW || size > room || size > ring_run(head, size, link->out_size), 0))
        return write_slowly(link, bytes, size, deadline);
    copy_few(link->out + ring_place(head, link->out_size), bytes, size);
    return few_done(link, &link->mine->head, size);
}

static inline sysret_t taken(struct link *link, void *bytes, const uint8_t *from, size_t size)
{
    copy(bytes, from, size);
    if (__builtin_expect(link->gone, 0))
        return (sysret_t){ERR_DEAD, 0}; // perhaps they were zeros of ours
    counter_raise(link, &link->mine->tail, size);
    return (sysret_t){ERR_OK, size};
}

__attribute__((noinline)) static sysret_t read_slowly(struct link *link, void *bytes, size_t size, word_t deadline)
{
    const uint8_t *from;
    sysret_t there = filled_find(link, &from, deadline);

    if (there.error != ERR_OK || there.value == 0 || size == 0)
        return (sysret_t){there.error, 0};
    return taken(link, bytes, from, size < there.value ? size : there.value);
}

// The frequent reason why there is nothing: it was not written yet. Our time goes where it comes from, before we look
// again.
__attribute__((noinline)) static sysret_t read_later(struct link *link, void *bytes, size_t size, word_t deadline, word_t seen)
{
    long error = link_pass(link, &link->theirs->head, seen, deadline);
    return error == ERR_OK ? pipe_read(link, bytes, size, deadline) : (sysret_t){error, 0};
}

sysret_t pipe_read(struct link *link, void *bytes, size_t size, word_t deadline)
{
    word_t tail = link->mine->tail, head = counter(&link->theirs->head);
    size_t filled = ring_filled_plainly(head, tail, link->in_size), piece = size < filled ? size : filled;

    if (head == tail && !ring_closed(tail))
        return read_later(link, bytes, size, deadline, head);
    if (__builtin_expect(piece - 1 >= FEW || piece > ring_run(tail, piece, link->in_size), 0))
        return read_slowly(link, bytes, size, deadline);
    copy_few(bytes, link->in + ring_place(tail, link->in_size), piece);
    if (__builtin_expect(link->gone, 0))
        return (sysret_t){ERR_DEAD, 0}; // perhaps they were zeros of ours
    return few_done(link, &link->mine->tail, piece);
}

void pipe_end(struct link *link)
{
    link->mine->head |= RING_CLOSED;
    link_wake(link);
}

void pipe_refuse(struct link *link)
{
    link->mine->tail |= RING_CLOSED;
    link_wake(link);
}
