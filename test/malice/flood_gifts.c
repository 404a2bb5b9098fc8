// SPDX-License-Identifier: BSD-2-Clause
/*
 * Floods its neighbour and its creator with capabilities, frames, slices and interrupts that they opened no
 * place for.
 */
#include "attack.h"

void attack(void)
{
    env_t others[] = {frame_entry(self())->owner, machine()->init, foreign(PAGE_SAVE, 0) - 1};
    page_t page = own_data();
    WORKS(sys_cap_mint(SLOT_OWN, page, RIGHT_READ | RIGHT_WRITE));
    for (word_t i = 0; i < 20000; i++) {
        env_t other = others[i % 3];
        REFUSED(sys_cap_grant(SLOT_OWN, other, i % CAPS_MAX, RIGHT_READ), CLOSED);
        REFUSED(sys_page_give(page, 1, other), CLOSED);
        REFUSED(sys_page_move(own_free(1), 1, other), CLOSED);
        REFUSED(sys_irq_give(1 + i % 16, other), PERM);
        REFUSED(sys_irq_bind(1 + i % 16, 1ul << 40), PERM);
        REFUSED(sys_irq_complete(1 + i % 16), PERM);
        REFUSED(
            sys_slice_give(0, i % SLICES_MAX, other == frame_entry(self())->owner ? machine()->init : other),
            PERM);
        if (i % 64 == 0) { // a place for us to be flooded with: only who it was opened for may use it
            WORKS(sys_cap_open(SLOT_OWN + 1, other));
            REFUSED(sys_cap_grant(SLOT_OWN, self(), SLOT_OWN + 1, RIGHT_READ), CLOSED);
        }
    }
}
