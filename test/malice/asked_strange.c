// SPDX-License-Identifier: BSD-2-Clause
// Answers a request with every frame of the machine that is not its own. None counts, and none moves.
#include "attack.h"

void attack(void)
{
    ground_keep();
    page_t page = own_data();
    ready();
    env_t by = asked_wait();
    for (page_t other = machine()->ram_first - 1; other <= machine()->ram_first + machine()->ram_count; other++) {
        const volatile struct frame *frame = frame_entry(other);
        if (frame != NULL && frame->owner == self()) continue;
        EXPECT(sys_page_move(other, 1, by).error != ERR_OK);
        EXPECT(sys_page_give(other, 1, by).error != ERR_OK);
    }
    EXPECT(sys_page_move(0, 1, by).error != ERR_OK);
    EXPECT(sys_page_give(~0ul, 1, by).error != ERR_OK);
    EXPECT(sys_slice_give(0, 0, by).error != ERR_OK || slice_entry(0, 0)->env == by); // by is our creator
    lost_wait(1);
    while (frame_entry(page)->owner == self()) sys_slice_yield();
    EXPECT(sys_page_give(page, 1, by).error != ERR_OK); // nor does what it no longer owns
    REFUSED(sys_page_free(page), PERM);
}
