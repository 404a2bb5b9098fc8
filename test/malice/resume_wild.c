// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loads its registers from a slot that is full of nonsense: a pc inside the kernel. It is its own fault, and
 * its own exception.
 */
#include "attack.h"

void attack(void)
{
    for (word_t i = 0; i < 32; i++)
        SAVE_WORD(SAVE_G_PC + 8 * i) = IMAGE_BASE + 0x101 * i;
    SAVE_WORD(SAVE_FP + 8 * 32) = ~0ul; // the flags of floating point, too
    WORKS(sys_env_float(1));
    sys_slice_yield();
    WORKS(sys_env_null());
    sys_env_resume();
}
