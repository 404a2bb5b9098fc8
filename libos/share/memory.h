// SPDX-License-Identifier: BSD-2-Clause
/*
 * The memory service: init divides the frames of the machine among the programs, by a policy (share.h). First the protocol,
 * then the library's functions that speak it.
 *
 * Who holds RIGHT_CALL on init (SLOT_MEMORY) may ask; the caller is who the kernel says it is, so no request names its
 * sender. A request is one protected control transfer:
 *
 *     request   a0 = operation   a1 to a3: its words
 *     answer    a0 = ERR_OK or the reason of refusal, a1 = value, a2 to a7: words
 *
 * Who is a client:
 *
 *     the parent builds a child: mints a capability to it (only its creator can), asks MEMORY_JOIN, and grants the
 *     capability with RIGHT_REVOKE | RIGHT_NOTIFY into the slot that the answer names. Without it init can ask the child
 *     for nothing, so it gives it nothing. The child gets a copy of its parent's SLOT_MEMORY.
 *     init believes the kernel's frame table: the child is an environment that the caller created. Its name is kept with
 *     the epoch in which it was made, so that an heir of the name is nobody's client.
 *     Frames of environments that are no clients count as their creator's, and those of a client that ended, too.
 *     A client whose capability turns out to be another environment's is struck off: so is whatever its parent hoped for.
 *
 * Weights divide a family: a client's whole is divided among its children and itself. See share_weights.
 *
 * Nobody waits inside init. A demand that cannot be served at once goes on when its client asks again; frames that arrive
 * meanwhile come with EVENT_GIVEN, as long as the client keeps places for them open (page_open).
 */
#ifndef LIBOS_MEMORY_H
#define LIBOS_MEMORY_H

#include <libos/share/share.h>
#include <libos/sys/sys.h>

enum memory_operation {
    /*
     * Get more frames: at most a1 (1 to MEMORY_WANT_MAX), into places that the caller opened for init. Value: how many
     * came; a2: how many more may come; a3: the time at which to ask again, 0: that is all there is for it now.
     * RANGE: no such count. PERM: the caller is no client, or no longer.
     */
    MEMORY_WANT = 1,
    // Give frames back: init opens places for a1 of them, which the caller then moves (page_move). Value: how many places.
    // RANGE: no such count. PERM: the caller is no client.
    MEMORY_GIVE,
    /*
     * Make a child of the caller's a client, or change what it is: the environment (a1), its weight (a2, 1 to
     * SHARE_MOST), how many frames are guaranteed to it (a3; never more than the caller's own guarantee less what other
     * children have of it). Value: the slot in which init awaits RIGHT_REVOKE | RIGHT_NOTIFY on it.
     * RANGE: no such weight. NOENT: no such environment. PERM: not created by the caller, or the caller is no client.
     * FULL: too many clients, or the guarantee is more than the caller's.
     */
    MEMORY_JOIN,
    // A child (a1) is a client no more. Value: how many frames it got from init that did not come back.
    // NOENT: it is none. PERM: not created by the caller.
    MEMORY_LEAVE,
    // Client number a1: a2 = its environment (0: nobody), a3 = weight in millionths of the whole, a4 = its share in frames,
    // a5 = what it owns, a6 = what is guaranteed, a7 = what was taken from it by force. Value: the stock. RANGE: no such number.
    MEMORY_LOOK,
};

#define MEMORY_WANT_MAX 4096
#define MEMORY_BATCH    64 // what the library asks for when it needs one frame

/*
 * The library's side. None of these is needed by a program that gets along with what it was given.
 */

// Get up to `count` more frames, and wait while some may come. True when there are more now. EVENT_GIVEN is used up.
bool memory_want(size_t count);

// Hand free frames back, at most so many; how many went.
size_t memory_give(size_t count);

// As MEMORY_JOIN and what belongs to it; ERR_OK or the reason. For a child that was not started yet, or was: later calls
// change weight and guarantee.
long memory_join(env_t child, word_t weight, size_t guaranteed);

// As MEMORY_LEAVE: before an ended child is destroyed. What it got by itself and never gave back.
size_t memory_leave(env_t child);

struct memory_client {
    env_t env;
    word_t weight; // in millionths
    size_t share, owned, guaranteed, taken;
};

// Client number `index`; false when there is no such number, or no service. env 0: nobody has the number.
bool memory_look(size_t index, struct memory_client *client, size_t *stock);

#endif
