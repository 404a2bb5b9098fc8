// SPDX-License-Identifier: BSD-2-Clause
/* Has an alarm at every moment, in its handlers, too: its slices end all the same. */
#include "attack.h"

void alarm_upcall(void); // children.S: sets an alarm that is due, for ever

void attack(void)
{
    alarm_upcall();
}
