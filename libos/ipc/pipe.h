// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pipes: a stream of bytes in each direction of a link that has pages for it. A side that finds the ring full or empty
 * gives the other its time (link.h). Deadlines are absolute, 0: none.
 *
 * All return how many bytes went with the reason why not more did:
 *
 *   OK         all of them; for the reading side: at least one, or 0, the end: the writing side has closed
 *   DEADLINE   it passed first
 *   CLOSED     the reading side reads no more
 *   DEAD       the other side is gone, and all that it wrote has been read
 *   RANGE      the other side's counters are a lie; nothing else is believed of this link either
 */
#ifndef LIBOS_IPC_PIPE_H
#define LIBOS_IPC_PIPE_H

#include <libos/ipc/link.h>

// Write all of it; read what there is, at least a byte and at most `size`.
sysret_t pipe_write(struct link *link, const void *bytes, size_t size, word_t deadline);
sysret_t pipe_read(struct link *link, void *bytes, size_t size, word_t deadline);

/*
 * The same without a copy on this side: the bytes that can be read lie at *bytes, as many as the value says, and stay
 * there until pipe_skip; room for as many bytes as the value says is at *bytes, and they are written with pipe_push.
 * What is read so can change while it is looked at: the other side may write there again before it should. Who does not
 * trust it copies what is checked.
 */
sysret_t pipe_peek(struct link *link, const uint8_t **bytes, word_t deadline);
void pipe_skip(struct link *link, size_t size);
sysret_t pipe_room(struct link *link, uint8_t **bytes, word_t deadline);
void pipe_push(struct link *link, size_t size);

// We write no more; we read no more. The other side is told.
void pipe_end(struct link *link);
void pipe_refuse(struct link *link);

#endif
