// SPDX-License-Identifier: BSD-2-Clause
/* Floods its neighbour with transfers, calls with deadlines and gifts of time that it never accepts. */
#include "attack.h"

void attack(void)
{
    word_t message[8] = {0};
    for (;;) {
        EXPECT(pct_call(SLOT_WITNESS, 0, message) == ERR_BUSY);
        EXPECT(pct_call(SLOT_WITNESS, 1, message) == ERR_DEADLINE);
        EXPECT(pct_call(SLOT_WITNESS, ~0ul, message) == ERR_BUSY);
        REFUSED(sys_pct_send(SLOT_WITNESS, 0), BUSY);
        long error = sys_slice_yield_to(SLOT_WITNESS).error;
        EXPECT(error == ERR_BUSY || error == ERR_OK);
    }
}
