// SPDX-License-Identifier: BSD-2-Clause
/*
 * Takes the upcall at the end of its slice, opens the slot again, and goes on computing: the grace time
 * ends, and the kernel switches.
 */
#include "attack.h"

void spin_upcall(void); // children.S: opens the slot and returns to where the program was

void attack(void)
{
    SAVE_WORD(SAVE_I_HANDLER) = (word_t)spin_upcall;
    while (!(SAVE_WORD(SAVE_PENDING) & EVENT_BIT(SWITCHED)))
        ; // proof that it is switched by force
    for (;;)
        ;
}
