// SPDX-License-Identifier: BSD-2-Clause
// The other side of a link says that there is something to read, and faults while it is read.
#include "attack.h"

#define LINK_PAGE 0x3fe6800000ul

void attack(void)
{
    volatile word_t *page = (volatile word_t *)LINK_PAGE;

    page[4] = 4096; // head
    sys_slice_yield();
    SAVE_WORD(SAVE_X_HANDLER) = 0;
    *(volatile word_t *)0 = 0;
}
