// SPDX-License-Identifier: BSD-2-Clause
// Ignores every request for frames, and goes on using what it has until that is gone.
#include "attack.h"

void attack(void)
{
    tables_make(ARENA);
    ground_keep();
    for (word_t i = 0; i < 16; i++) map(ARENA + i * PAGE_SIZE, own_data());
    ready();
    for (word_t i = 0;; i++) probe_store(ARENA + i % 16 * PAGE_SIZE);
}
