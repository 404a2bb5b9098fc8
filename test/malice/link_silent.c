// SPDX-License-Identifier: BSD-2-Clause
// The other side of a link takes all time that it is given, and says nothing; it claims to sleep, so each word to it
// costs a call.
#include "attack.h"

#define LINK_PAGE 0x3fe6800000ul

void attack(void)
{
    ((volatile word_t *)LINK_PAGE)[3] = 1; // asleep
    for (;;)
        continue;
}
