// SPDX-License-Identifier: BSD-2-Clause
/* Makes, starts, stops and destroys children as fast as it can; each frame must be there for the next. */
#include "attack.h"

static void (*const entries[])(void) = {child_spin, child_exit, child_fault, child_accept, child_yield};

void attack(void)
{
    for (int i = 0; i < 210; i++) {
        env_t child = child_make(entries[i % 5], 0);
        if (i % 7 != 0)
            child_start(child);
        if (i % 3 == 0)
            sys_slice_yield();
        long error = PATIENT(sys_env_stop(child)).error;
        EXPECT(error == ERR_OK || error == ERR_STATE); // it ended by itself, or never began
        REFUSED(sys_env_stop(child), STATE);
        long started = sys_env_start(child).error;
        EXPECT(started == (i % 7 != 0 ? ERR_STATE : ERR_OK)); // what was stopped stays so
        if (i % 2)
            PATIENT(sys_env_stop(child));
        child_destroy(child);
        REFUSED(sys_env_start(child), NOENT);
        REFUSED(sys_env_stop(child), NOENT);
        EXPECT(sys_env_info(child, ENV_STATE).error == ERR_NOENT);
    }
}
