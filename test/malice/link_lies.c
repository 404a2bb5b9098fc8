// SPDX-License-Identifier: BSD-2-Clause
// The other side of a link (libos/ipc/link.h) writes anything over all that it may write, for ever: counters, gifts,
// notices.
#include "attack.h"

#define LINK_PAGE  0x3fe6800000ul
#define LINK_WORDS 512

void attack(void)
{
    volatile word_t *page = (volatile word_t *)LINK_PAGE;
    word_t state = self();

    for (;;) {
        for (int i = 0; i < 64; i++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            page[state % 16] = state >> (state >> 8) % 64; // head, tail, asleep, pool, gift and the rest, often small numbers
        }
        sys_slice_yield();
    }
}
