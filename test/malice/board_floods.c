// SPDX-License-Identifier: BSD-2-Clause
/* Children that are ready and blocked in turn as fast as they can, on every hart, in two levels of schedulers. */
#include "attack.h"

#define CHILDREN 20

void attack(void)
{
    env_t child[CHILDREN];
    WORKS(PATIENT(sys_board_bind(own_free(1))));
    for (word_t i = 0; i < CHILDREN; i++) {
        child[i] = child_make(child_nap, 0);
        WORKS(sys_board_join(child[i], CAP_NONE, 1 + i));
        WORKS(sys_cap_mint(SLOT_OWN + i, child[i], RIGHT_NOTIFY));
        child_start(child[i]);
    }
    for (word_t i = 0;; i++) {
        WORKS(sys_env_notify(SLOT_OWN + i % CHILDREN, 1ul << (32 + i % 32)));
        if (i % 64 == 0)
            (void)sys_slice_wait(EVENT_BIT(BOARD), time_now() + 20);
        SAVE_WORD(SAVE_PENDING) = 0;
        if (i % 1000 != 0)
            continue;
        word_t which = i / 1000 % CHILDREN; // one dies, and another one has its place
        child_destroy(child[which]);
        child[which] = child_make(child_nap, 0);
        WORKS(sys_board_join(child[which], CAP_NONE, 1 + which));
        WORKS(sys_cap_mint(SLOT_OWN + which, child[which], RIGHT_NOTIFY));
        child_start(child[which]);
    }
}
