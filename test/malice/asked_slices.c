// SPDX-License-Identifier: BSD-2-Clause
// Ignores a request for slices, and computes for as long as it is let.
#include "attack.h"

void attack(void)
{
    ready();
    for (;;) SAVE_WORD(SAVE_I_HANDLER) = 0; // deaf to ends of slices, too
}
