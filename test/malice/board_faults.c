// SPDX-License-Identifier: BSD-2-Clause
/* The same by a fault, which it runs into until the last of its children was told. */
#include "attack.h"

#include <rivet/board.h>

#define CHILDREN (BOARD_ENTRIES - 1)

void attack(void)
{
    WORKS(PATIENT(sys_board_bind(own_free(1))));
    for (word_t i = 0; i < CHILDREN; i++) {
        env_t child = child_make(child_nap, 0);
        WORKS(sys_board_join(child, CAP_NONE, 1 + i));
        if (i % 16 == 0)
            child_start(child);
    }
    sys_slice_yield();
    SAVE_WORD(SAVE_X_HANDLER) = 0;
    *(volatile word_t *)ARENA = 1;
}
