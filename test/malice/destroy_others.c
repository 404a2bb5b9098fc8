// SPDX-License-Identifier: BSD-2-Clause
/*
 * Stops, destroys, starts, changes everybody: itself, its creator, init, every other environment; and turns
 * the machine off.
 */
#include "attack.h"

static void env_attack(env_t env)
{
    REFUSED(sys_env_stop(env), PERM);
    REFUSED(sys_env_destroy(env), PERM);
    REFUSED(sys_env_start(env), PERM);
    REFUSED(sys_env_set(env, ENV_PC, 0), PERM);
    REFUSED(sys_env_set(env, ENV_LABEL, 0), PERM);
    REFUSED(sys_page_free(env), PERM);
    REFUSED(sys_cap_revoke(env), PERM);
    REFUSED(sys_space_destroy(foreign(PAGE_ROOT, 0)), PERM);
}

void attack(void)
{
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++)
        if (frame_entry(page)->kind == PAGE_ENV && frame_entry(page)->owner != self())
            env_attack(page); // ourselves among them
    for (word_t how = 0; how < 3; how++)
        REFUSED(sys_machine_reset(how), PERM);
    REFUSED(sys_env_destroy(0), NOENT);
    REFUSED(sys_env_destroy(own_free(1)), NOENT);
    REFUSED(sys_env_destroy(~0ul), NOENT);
    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            if (slice_entry(hart, position)->env != self())
                REFUSED(sys_slice_give(hart, position, self()), PERM);
    REFUSED(sys_slice_give(machine()->hart_count, 0, self()), RANGE);
    REFUSED(sys_slice_give(0, SLICES_MAX, self()), RANGE);
}
