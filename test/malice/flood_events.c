// SPDX-License-Identifier: BSD-2-Clause
/* Floods its creator and its neighbour with notifications, as fast as it can, for ever. */
#include "attack.h"

void attack(void)
{
    REFUSED(sys_env_notify(SLOT_WITNESS, 1), RANGE); // the kernel's own bits are not to be forged
    REFUSED(sys_env_notify(SLOT_WITNESS, EVENT_BIT(CHILD) | 1ul << 40), RANGE);
    REFUSED(sys_env_notify(SLOT_WITNESS, 0), RANGE);
    for (word_t i = 0;; i++) {
        WORKS(sys_env_notify(SLOT_WITNESS, 1ul << (32 + i % 32)));
        if (i % 16 == 0)
            WORKS(sys_env_notify(SLOT_PARENT, 1ul << 63));
    }
}
