// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pages that move through a link without a copy: their frames change owner and keep their contents. Between the two
 * circulates a pool of neighbouring frames, at most GIVE_MAX. One side makes it, and tells the other before it has
 * given any; so each side knows which frames can come, and which it has: a frame that is none of the pool, or is here
 * already, is a lie.
 *
 *     the side that makes it                      the other side
 *     give_make(link, address, 16)                give_meet(link, deadline)
 *     ... fills pages at address ...
 *     give_send(link, address, 0, 16, deadline)   give_receive(link, address, deadline): 16 pages are at its address
 *     give_receive(link, address, deadline)       give_send(link, address, 0, 16, deadline)
 *
 * Page n of the pool always lies at `address` + n pages on the side that has it: rooms that nobody else uses, as a
 * window (vm_window_open). Who receives has places open for the other side (page_open). The kernel has them for one
 * environment at a time, so who opens them for another, as a program does that asks for more memory, closes them
 * here, until give_allow. A gift is then refused with CLOSED, and nothing has moved: the bytes can still go through a
 * pipe.
 */
#ifndef LIBOS_IPC_GIVE_H
#define LIBOS_IPC_GIVE_H

#include <libos/ipc/link.h>

#define GIVE_MAX 32

// Make the pool, bound at `address`. RANGE: no such number, NOENT: no such frames, STATE: there is a pool already.
long give_make(struct link *link, word_t address, size_t count);
// Wait until the other side has made it, and open places for it. Value: how many pages it has. RANGE: what it says is
// a lie.
sysret_t give_meet(struct link *link, word_t deadline);

/*
 * `count` pages from page `first` on go to the other side, as soon as it has taken what went before. They are unbound
 * here. STATE: they are not all here; CLOSED: the other side has no places open. Value: how many went.
 */
sysret_t give_send(struct link *link, word_t address, size_t first, size_t count, word_t deadline);

// Have places open again; ERR_OK.
long give_allow(struct link *link);

// Wait for pages; they are bound at their places. Value: how many came, and from bit 8 on, which is the first. RANGE:
// a lie.
sysret_t give_receive(struct link *link, word_t address, word_t deadline);

#endif
