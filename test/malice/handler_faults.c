// SPDX-License-Identifier: BSD-2-Clause
/* A handler that faults in itself: its slot is closed then, so it is stopped. It never returns from here. */
#include "attack.h"

static void handler(void)
{
    *(volatile word_t *)IMAGE_BASE = 1;
}

void attack(void)
{
    SAVE_WORD(SAVE_X_HANDLER) = (word_t)handler;
    *(volatile word_t *)0 = 1;
}
