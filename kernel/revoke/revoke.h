// SPDX-License-Identifier: BSD-2-Clause
/*
 * revoke: taking resources back from an environment that does not want to part with them.
 *
 *   none --request--> asked --what is given, or taken, counts down to 0--> none
 *                       |  \--withdrawn, or its requester is no more--> none
 *                       +--until the deadline an abort is EARLY; from then on it takes what it names, a piece a call
 *
 * The request stands in the victim's record; the words in its save area are a copy that only the victim reads.
 *
 * Invariants
 *   (1) At most one request stands against an environment, and nothing is left of it exactly when none does.
 *   (2) `guaranteed` counts the frames of an environment that carry the mark, a joined run whole, and is at most the quota
 *       that its creator gave it. No abort takes a frame with the mark.
 *   (3) `vector` is 0, or a frame of kind RING that the environment owns and that names it.
 *   (4) A frame that an abort began to take (`revoke_page`) refuses new bindings until it is taken or the request is over.
 *   (5) Of the words that the environment can write (vector, save area) each is read once and decides nothing but
 *       whether and where a copy is kept.
 */
#ifndef KERNEL_REVOKE_H
#define KERNEL_REVOKE_H

#include "env/env.h"
#include "page/page.h"
#include <rivet/revoke.h>

// Does a request that `giver` has to answer let so many frames, slices or sources come to `to`?
bool revoke_opens(const struct env *giver, env_t to, enum revoke_kind kind, word_t count);
// They went there: so many fewer are wanted.
void revoke_given(struct env *giver, env_t to, enum revoke_kind kind, word_t count);
// Has an abort that can go on begun to take the frame?
bool revoke_holds(const struct frame *frame);
// A victim is being destroyed: its request is over, and its vector is no longer written.
void revoke_leave(struct env *env);

// What the trap path cannot do in a hurry.
sysret_t sys_revoke_request(slot_t slot, word_t kind, size_t count, word_t deadline);

bool revoke_invariant(void);

#endif
