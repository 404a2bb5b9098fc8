// SPDX-License-Identifier: BSD-2-Clause
/*
 * Returns though nobody called: by itself, twice, after its caller was destroyed. Only a caller that waits is
 * ever returned to, and only once.
 */
#include "attack.h"

// Children.S: an entry that returns; at its next call it returns with the caller's stack gone
void return_twice(void);

void attack(void)
{
    word_t message[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    EXPECT(pct_return() == ERR_STATE);
    EXPECT(pct_return() == ERR_STATE);

    env_t server = child_make(child_accept, 0);
    WORKS(sys_cap_mint(SLOT_OWN, server, RIGHT_CALL));
    child_start(server);
    for (int i = 0; i < 100; i++) {
        long error;
        while ((error = pct_call(SLOT_OWN, 0, message)) == ERR_BUSY)
            sys_slice_yield();
        EXPECT(error == ERR_OK);
        EXPECT(message[0] == 1 && message[7] == 8); // child_echo leaves the message alone
        EXPECT(pct_return() == ERR_STATE);
    }
    child_destroy(server);
    EXPECT(pct_call(SLOT_OWN, 0, message) == ERR_STALE);
    EXPECT(pct_return() == ERR_STATE);
}
