// SPDX-License-Identifier: BSD-2-Clause
/*
 * Callees that exit, fault, or take longer than the deadline in the middle of a call: the caller hears of
 * each.
 */
#include "attack.h"

static long call(void (*entry)(void), word_t deadline)
{
    word_t message[8] = {0};
    env_t server = child_make(child_accept, (word_t)entry);
    WORKS(sys_cap_mint(SLOT_OWN, server, RIGHT_CALL));
    child_start(server);
    long error;
    while ((error = pct_call(SLOT_OWN, deadline, message)) == ERR_BUSY)
        sys_slice_yield();
    if (error == ERR_OK || error == ERR_DEADLINE) // it lives
        EXPECT(sys_env_info(server, ENV_STATE).value < ENV_EXITED);
    else
        EXPECT(pct_call(SLOT_OWN, 0, message) == ERR_DEAD);
    child_destroy(server);
    EXPECT(pct_call(SLOT_OWN, 0, message) == ERR_STALE);
    return error;
}

void attack(void)
{
    word_t soon = machine()->timebase_hz / 50;
    for (int round = 0; round < 5; round++) {
        EXPECT(call(child_exit, 0) == ERR_DEAD);
        EXPECT(call(child_fault, 0) == ERR_DEAD);
        EXPECT(call(child_exit, time_now() + 100 * soon) == ERR_DEAD);
        EXPECT(call(child_spin, time_now() + soon) == ERR_DEADLINE);
        EXPECT(call(child_yield, time_now() + soon) == ERR_DEADLINE);
        EXPECT(call(child_echo, time_now() + 100 * soon) == ERR_OK);
    }
}
