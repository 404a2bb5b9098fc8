// SPDX-License-Identifier: BSD-2-Clause
/* Children join and leave for ever while they are put off, and the board is given back and made anew under their hands. */
#include "attack.h"

#include <rivet/board.h>

#define CHILDREN 6

void attack(void)
{
    word_t random = 88172645463325252ul;
    env_t child[CHILDREN];
    page_t board = own_free(1);
    bool bound = false;
    WORKS(sys_cap_mint(SLOT_OWN, self(), RIGHT_SCHEDULE));
    for (word_t i = 0; i < CHILDREN; i++) {
        child[i] = child_make(child_rejoin, 1 + i / 2); // two want each index
        WORKS(sys_cap_grant(SLOT_OWN, child[i], SLOT_OWN, RIGHT_SCHEDULE));
        child_start(child[i]);
    }
    for (int round = 0; round < 500; round++) {
        long error = sys_board_leave(child[random_next(&random) % CHILDREN]).error;
        EXPECT(error == ERR_OK || error == ERR_PERM || error == ERR_STATE); // just now it was on the board, or not
        error = sys_board_bind(bound ? 0 : board).error;
        EXPECT(error == ERR_OK || error == ERR_BUSY || error == ERR_AGAIN);
        bound ^= error == ERR_OK;
        if (random_next(&random) % 8 == 0)
            sys_slice_yield();
    }
    for (word_t i = 0; i < CHILDREN; i++) child_destroy(child[i]);
    if (bound)
        WORKS(sys_board_bind(0));
}
