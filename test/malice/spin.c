// SPDX-License-Identifier: BSD-2-Clause
/* Never yields and has no handlers: its slices end all the same. */
#include "attack.h"

void attack(void)
{
    for (;;)
        ;
}
