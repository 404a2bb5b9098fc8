// SPDX-License-Identifier: BSD-2-Clause
/*
 * A client makes a server wait while it serves. Afterwards the server must still hear of the events it
 * accepts with.
 */
#include "attack.h"

// Children.S: accepts with event 40; its entry waits a moment; when the event comes it exits with 7
void server_waits(void);

void attack(void)
{
    word_t message[8] = {0};
    env_t server = child_make(server_waits, 0);
    WORKS(sys_cap_mint(SLOT_OWN, server, RIGHT_CALL | RIGHT_NOTIFY));
    child_start(server);
    for (int i = 0; i < 10; i++)
        while (pct_call(SLOT_OWN, 0, message) == ERR_BUSY)
            sys_slice_yield();
    WORKS(sys_env_notify(SLOT_OWN, 1ul << 40));
    EXPECT(child_wait(server) == ENV_EXITED);
    EXPECT(sys_env_info(server, ENV_STATUS).value == 7);
}
