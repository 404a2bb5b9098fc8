// SPDX-License-Identifier: BSD-2-Clause
/* A caller is destroyed while its callee runs: the callee's return goes to nobody, and it serves the next. */
#include "attack.h"

void caller(void); // children.S: calls the environment in slot 8, for ever
void slow_echo(void); // an entry that takes its time

void attack(void)
{
    word_t message[8] = {0};
    env_t server = child_make(child_accept, (word_t)slow_echo);
    WORKS(sys_cap_mint(SLOT_OWN, server, RIGHT_CALL));
    child_start(server);
    for (int round = 0; round < 50; round++) {
        env_t client = child_make(caller, 0);
        WORKS(sys_cap_grant(SLOT_OWN, client, SLOT_OWN, RIGHT_CALL));
        child_start(client);
        for (int turn = 0; turn < 1000 && sys_env_info(client, ENV_STATE).value != ENV_CALLING; turn++)
            sys_slice_yield();
        if (round % 2)
            child_stop(client);
        child_destroy(client);
        long error;
        while ((error = pct_call(SLOT_OWN, 0, message)) == ERR_BUSY)
            sys_slice_yield();
        EXPECT(error == ERR_OK);
    }
}
