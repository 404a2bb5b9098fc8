// SPDX-License-Identifier: BSD-2-Clause
// Raises the epochs of its frames for ever, between binding them again: an abort of one goes on where that ends.
#include "attack.h"

void attack(void)
{
    page_t pages[8];
    tables_make(ARENA);
    ground_keep();
    for (int i = 0; i < 8; i++) pages[i] = own_data();
    ready();
    for (word_t round = 0;; round++)
        for (int i = 0; i < 8; i++) {
            for (word_t n = 0; n < 20; n++) sys_pte_map(0, ARENA + (20 * i + n) * PAGE_SIZE, pages[i], 1, RIGHT_READ, CAP_NONE);
            sys_cap_mint(SLOT_OWN + i, pages[i], RIGHT_READ);
            PATIENT(sys_cap_revoke(pages[i]));
        }
}
