// SPDX-License-Identifier: BSD-2-Clause
/* A handler that opens its slot again and faults in itself, for ever: nobody's time but its own. */
#include "attack.h"

static void handler(void)
{
    SAVE_WORD(SAVE_X_HANDLER) = (word_t)handler;
    *(volatile word_t *)IMAGE_BASE = 1;
}

void attack(void)
{
    handler();
}
