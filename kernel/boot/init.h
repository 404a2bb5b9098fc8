// SPDX-License-Identifier: BSD-2-Clause
/*
 * The first environment: the one program that the kernel loads, `init` of the initrd. It gets everything, and
 * the kernel knows nothing else.
 */
#ifndef KERNEL_INIT_H
#define KERNEL_INIT_H

#include "env/env.h"

#define INIT_SAVE (USER_END - PAGE_SIZE) // where its save area is mapped

// Two neighbouring free frames for its record and save area; the first is its name.
env_t init_pick(void);
// Makes it. NULL, or a sentence that says why it cannot be.
const char *init_load(env_t name, const char *archive, word_t size, struct env **init);

#endif
