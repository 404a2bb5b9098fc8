// SPDX-License-Identifier: BSD-2-Clause
/*
 * An interrupt handler inside the kernel: the end of the slice lands there with the program's rights, which
 * is a fault, and finds the exception slot closed.
 */
#include "attack.h"

void attack(void)
{
    SAVE_WORD(SAVE_I_HANDLER) = IMAGE_BASE + 0x100;
    for (;;)
        ;
}
