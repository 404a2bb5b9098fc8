// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pages from another environment. A server answers protected calls out of any pager of its own; `env` is the pager of
 * whoever calls it. Both look at one frame of the client's, through which all pages go:
 *
 *     client                                         server
 *     PAGER_OPEN pages                          -->  opens a pager, and a slot for a capability
 *     grants a capability to its frame into it  <--  its own name, the slot
 *     PAGER_SHARE page                          -->  binds the frame
 *     PAGER_IN index                            -->  fills it
 *     fills it, PAGER_OUT index                 -->  takes it
 *     PAGER_FORGET index, PAGER_CLOSE           -->
 *
 * message[0] is the request, message[1] and [2] its arguments; the answer has ERR_* in message[0] and values behind.
 * A client has one pager of each server; opening again replaces it.
 */
#ifndef LIBOS_PAGER_SERVER_H
#define LIBOS_PAGER_SERVER_H

#include <libos/vm/pager.h>

enum pager_request {
    PAGER_OPEN = 1,
    PAGER_SHARE,
    PAGER_IN,
    PAGER_OUT,
    PAGER_FORGET,
    PAGER_CLOSE,
};

#define PAGER_CLIENTS_MAX 8
#define EVENT_PAGER_READY (1ul << 46) // what apps/pager.c sets at its creator

/*
 * Serve for ever: each client gets a pager `ops` of its own, opened with this argument. Slots from `slots` on are
 * taken, one for each client. NULL for `ready`, or what to call before the first request can come.
 */
_Noreturn void pager_serve(const struct pager_ops *ops, const char *argument, uint64_t slots, void (*ready)(void));

#endif
