// SPDX-License-Identifier: BSD-2-Clause
/*
 * pipe_rt    a byte through a pipe to another environment and one back; the paper's pipe, there one way
 * copy_64k   64 KiB copied within this program: what a stream with one copy can be at best
 * pipe_64k   64 KiB written into a pipe, and read where they lie: one copy, until the reader says that it has all
 */
#include "ipc.h"
#include <stdlib.h>
#include <string.h>

#define STREAM 65536

void partner_pipe(struct link *link)
{
    uint8_t byte;

    while (pipe_read(link, &byte, 1, 0).value == 1)
        pipe_write(link, &byte, 1, 0);
}

// A stream is read in place, and answered with one byte.
void partner_stream(struct link *link)
{
    const uint8_t *bytes;
    uint8_t answer = 1;

    for (size_t left = STREAM;;) {
        sysret_t there = pipe_peek(link, &bytes, 0);
        if (there.error != ERR_OK || there.value == 0 || there.value > left)
            return;
        pipe_skip(link, there.value);
        left -= there.value;
        if (left == 0) {
            pipe_write(link, &answer, 1, 0);
            left = STREAM;
        }
    }
}

static word_t stream(struct link *link, const uint8_t *bytes)
{
    uint8_t answer = 0;
    word_t begin = instructions_now();

    sysret_t there = pipe_write(link, bytes, STREAM, 0), here = pipe_read(link, &answer, 1, 0);
    word_t end = instructions_now();
    must(there, "pipe_write");
    must(here, "pipe_read");
    return end - begin;
}

static word_t copy_count(uint8_t *to, const uint8_t *from)
{
    word_t begin = instructions_now();
    memcpy(to, from, STREAM);
    return instructions_now() - begin;
}

static void bench_stream(void)
{
    struct link link;
    uint8_t *from = malloc(STREAM), *to = malloc(STREAM);
    struct child *partner = partner_start("stream", &link, STREAM / PAGE_SIZE, 1);
    word_t least = ~0ul, copy = ~0ul;

    must((sysret_t){from && to ? ERR_OK : ERR_NOENT, 0}, "memory");
    memset(from, 1, STREAM);
    for (int i = 0; i < REPEAT; i++) {
        sys_slice_yield();
        upcall_hold();
        copy = least_of(copy, copy_count(to, from));
        sys_slice_yield();
        word_t count = COUNTED(stream(&link, from));
        upcall_release();
        least = least_of(least, count);
    }
    row("copy_64k", copy);
    row_counted("pipe_64k", least, 1);
    peer_end(partner);
    link_close(&link);
    free(from);
    free(to);
}

static word_t round_trip(struct link *link, uint8_t byte)
{
    uint8_t back = 0;
    word_t begin = instructions_now();

    sysret_t there = pipe_write(link, &byte, 1, 0), here = pipe_read(link, &back, 1, 0);
    word_t end = instructions_now();
    must(there, "pipe_write");
    must(here, "pipe_read");
    must((sysret_t){back == byte ? ERR_OK : ERR_STATE, 0}, "the byte that came back");
    return end - begin;
}

void bench_pipe(void)
{
    struct link link;
    struct child *partner = partner_start("pipe", &link, 1, 1);
    word_t least = ~0ul;

    for (int i = 0; i < 2 * REPEAT; i++) {
        sys_slice_yield(); // a fresh slice
        upcall_hold();
        word_t count = COUNTED(round_trip(&link, (uint8_t)i));
        upcall_release();
        least = least_of(least, count);
    }
    row_counted("pipe_rt", least, 1);
    peer_end(partner);
    link_close(&link);
    bench_stream();
}
