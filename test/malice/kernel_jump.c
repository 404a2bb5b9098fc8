// SPDX-License-Identifier: BSD-2-Clause
/*
 * Jumps into the kernel, into its direct map, into the exported tables, into our own data. Each must be a
 * fetch fault; an odd address does not name more than an even one.
 */
#include "attack.h"

static word_t data[2] = {0x0000806700008067, 0x0000806700008067}; // four times `ret`

void attack(void)
{
    static const word_t addresses[] = {
        0,
        2,
        USER_END,
        DIRECT_BASE + 0x80200000,
        IMAGE_BASE,
        IMAGE_BASE + 0x100,
        IMAGE_BASE + 0x1000,
        IMAGE_BASE + 0x1001,
        TABLE_INFO,
        TABLE_SLICES,
        TABLE_FRAMES,
        0x8000000000000000,
        0xfffffffffffffffe,
        0xffffffffffffffff,
    };
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        EXPECT(probe_jump(addresses[i]) == CAUSE_JUMP);
    EXPECT(probe_jump((word_t)data) == CAUSE_JUMP);
    EXPECT(probe_jump(SAVE_ADDRESS) == CAUSE_JUMP);

    // Children whose pc and sp are the kernel's: they stop, and nothing else does.
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        env_t child = child_make((void (*)(void))addresses[i], 0);
        WORKS(sys_env_set(child, ENV_SP, IMAGE_BASE));
        child_start(child);
        EXPECT(child_wait(child) == ENV_FAULTED);
        child_destroy(child);
    }
}
