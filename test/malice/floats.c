// SPDX-License-Identifier: BSD-2-Clause
/*
 * Looks for another's floating-point registers: a neighbour in this space fills all of them with a secret
 * and passes the hart on. Without a declaration the unit is off; with it only one's own numbers are there.
 */
#include "attack.h"

void floats_fill(void);     // children.S: declares floating point, fills all registers, yields, for ever
bool floats_are_zero(void);
void floats_touch(void);    // one floating-point instruction

void attack(void)
{
    env_t secret = child_make(floats_fill, 0);
    child_start(secret);
    for (int i = 0; i < 20; i++) {
        sys_slice_yield();
        EXPECT(probe_run(floats_touch) == CAUSE_ILLEGAL);
    }
    WORKS(sys_env_float(1));
    for (int i = 0; i < 20; i++) {
        EXPECT(floats_are_zero());
        sys_slice_yield();
    }
    WORKS(sys_env_float(0));
    for (int i = 0; i < 20; i++) {
        EXPECT(probe_run(floats_touch) == CAUSE_ILLEGAL);
        sys_slice_yield();
    }
    REFUSED(sys_env_float(2), RANGE);
}
