// SPDX-License-Identifier: BSD-2-Clause
/*
 * cap: capabilities. A capability is (object, rights, epoch) in a slot of an environment's capability page.
 *
 * Invariants
 *   (1) A capability is alive while its epoch equals its object's; raising the object's epoch ends all at once.
 *   (2) An empty slot names the frame `cap_nobody` with an epoch that it never has, so that the transfer path
 *       needs no test for emptiness.
 *   (3) gate is an environment's boundary only when the slot carries RIGHT_CALL to it; else that of a record
 *       nobody can ever enter.
 *   (4) Only the environment itself, the grantor it opened the slot for, and (before it starts) its creator
 *       write its slots, under the structure lock.
 *   (5) A slot that is open for somebody is empty.
 */
#ifndef KERNEL_CAP_H
#define KERNEL_CAP_H

#include "env/env.h"
#include "kernel.h"
#include <rivet/cap.h>

struct cap {
    struct frame *frame; // of the object
    uint64_t epoch;
    word_t gate;
    union {
        word_t rights;
        word_t opened_for; // empty slots: tag of the environment that may grant into it (env.h), 0: nobody
    };
};

#define CAP_EMPTY_EPOCH (~0ul)

void cap_page_init(struct cap *caps);
// The live capability in a slot, NULL when the slot is out of range, empty or revoked (error says which).
const struct cap *cap_alive(const struct env *env, slot_t slot, enum error *error);
// The same for a capability to an environment that carries a right.
struct env *cap_env(const struct env *env, slot_t slot, word_t right, enum error *error);

bool cap_invariant(const struct env *env);

#endif
