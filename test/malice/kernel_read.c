// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reads the kernel: its image, the direct map, its stacks, what lies between the halves of the address
 * space, page 0. Each must be a load fault; the exported tables can be read.
 */
#include "attack.h"

void attack(void)
{
    static const word_t addresses[] = {
        0,
        8,
        USER_END,
        USER_END + 8,
        0x7ffffffffffffff8,
        0x8000000000000000,
        DIRECT_BASE - 8,
        DIRECT_BASE,
        DIRECT_BASE + 0x80000000,
        DIRECT_BASE + 0x80200000,
        DIRECT_BASE + DIRECT_SIZE - 8,
        TABLE_FRAMES - 8,
        IMAGE_BASE - 8,
        IMAGE_BASE,
        IMAGE_BASE + 0x1000,
        IMAGE_BASE + 0x8000,
        IMAGE_BASE + 0x10000,
        IMAGE_BASE + 0x20000,
        0xfffffffffffffff8,
    };
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        EXPECT(probe_load(addresses[i]) == CAUSE_LOAD);

    // Our own record, capabilities and a neighbour's memory, by way of the direct map.
    EXPECT(probe_load(DIRECT_BASE + (self() << PAGE_SHIFT)) == CAUSE_LOAD);
    EXPECT(probe_load(DIRECT_BASE + (foreign(PAGE_DATA, 0) << PAGE_SHIFT)) == CAUSE_LOAD);

    EXPECT(probe_load(TABLE_INFO) == NO_CAUSE);
    EXPECT(probe_load(TABLE_SLICES) == NO_CAUSE);
    EXPECT(probe_load(TABLE_IRQS) == NO_CAUSE);
    EXPECT(probe_load(TABLE_FRAMES) == NO_CAUSE);
}
