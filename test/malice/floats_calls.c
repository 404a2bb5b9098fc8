// SPDX-License-Identifier: BSD-2-Clause
/*
 * The same through transfers: a server that uses floating point and one that declares it in the middle of a
 * call are called by somebody who doesn't, and by somebody who does.
 */
#include "attack.h"

void floats_serve(void);    // children.S: accepts; its entry declares, fills all registers, returns
void floats_look(void);     // children.S: accepts; its entry touches a register without declaring
bool floats_are_zero(void);
void floats_touch(void);

static void call(slot_t slot)
{
    word_t message[8] = {0};
    long error;
    while ((error = pct_call(slot, 0, message)) == ERR_BUSY)
        sys_slice_yield();
    EXPECT(error == ERR_OK || error == ERR_DEAD);
}

void attack(void)
{
    env_t server = child_make(floats_serve, 0);
    WORKS(sys_cap_mint(SLOT_OWN, server, RIGHT_CALL));
    child_start(server);
    for (int i = 0; i < 10; i++) {
        call(SLOT_OWN);
        EXPECT(probe_run(floats_touch) == CAUSE_ILLEGAL);
    }
    WORKS(sys_env_float(1));
    for (int i = 0; i < 10; i++) {
        EXPECT(floats_are_zero());
        call(SLOT_OWN);
        EXPECT(floats_are_zero());
    }
    env_t looker = child_make(floats_look, 0);
    WORKS(sys_cap_mint(SLOT_OWN + 1, looker, RIGHT_CALL));
    child_start(looker);
    call(SLOT_OWN + 1); // its unit is off, though its caller's was on: it faults, and we hear of it
    EXPECT(child_wait(looker) == ENV_FAULTED);
}
