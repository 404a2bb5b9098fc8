// SPDX-License-Identifier: BSD-2-Clause
/*
 * A stream of bytes through a link that copies nothing where the other side allows it, and copies once where it does not.
 *
 *     the writing side                              the reading side
 *     give_make(link, address, 16)                  give_meet(link, deadline): it allows gifts, or it leaves that out
 *     stream_begin(&stream, link, address)          stream_begin(&stream, link, address)
 *     ... fills pages of the pool ...
 *     stream_write(&stream, first, size, deadline)  stream_peek(&stream, &bytes, deadline): so many bytes lie at *bytes
 *                                                   stream_skip(&stream, size)
 *     pipe_end(link)                                ... until there are 0: the end
 *
 * What is written lies in pages of the link's pool (give.h). Where the reader has met the pool and its places are open, the
 * pages themselves go, and are the reader's from then on: it gives them back with give_send and the writer takes them with
 * give_receive, or it writes them to the other side. Else the bytes go through the pipe and are read where they lie there, and the
 * pages stay with the writer. Which way it was shows in `held` of the link; bytes come in the order in which they were
 * written in any case. Both ways may alternate, and do when the reader closes its places for a while.
 *
 * In the pipe each piece has a word before it, {size, whether its pages were given}; so what goes through this pipe goes
 * through the stream.
 */
#ifndef LIBOS_IPC_STREAM_H
#define LIBOS_IPC_STREAM_H

#include <libos/ipc/give.h>

struct stream {
    struct link *link;
    word_t address;    // of the pool
    word_t piece;      // of the reading side: the word of the present piece ...
    size_t piece_read; // ... and how many of its bytes there are
    const uint8_t *at; // in its pages, if they were given; NULL: it lies in the pipe
    size_t left;       // of it, in bytes
    bool lies;         // the other side said what cannot be; nothing else is believed
};

void stream_begin(struct stream *stream, struct link *link, word_t address);

/*
 * The first `size` bytes from page `first` of the pool on. The value: how many went, with the reason why not more did, as for
 * pipe_write; STATE: the pages are not all here.
 */
sysret_t stream_write(struct stream *stream, size_t first, size_t size, word_t deadline);

// How many bytes lie at *bytes, waited for, and the reasons of pipe_read; 0 with OK is the end.
sysret_t stream_peek(struct stream *stream, const uint8_t **bytes, word_t deadline);

// So many of them are read.
void stream_skip(struct stream *stream, size_t size);

#endif
