// SPDX-License-Identifier: BSD-2-Clause
/*
 * Writes to the kernel: its image, the direct map, and the tables that everybody may read. Each must be a
 * store fault, and what could be read must be as before.
 */
#include "attack.h"

void attack(void)
{
    static const word_t addresses[] = {
        0,
        USER_END,
        DIRECT_BASE,
        DIRECT_BASE + 0x80200000,
        IMAGE_BASE,
        IMAGE_BASE + 0x8000,
        IMAGE_BASE + 0x10000,
        TABLE_INFO,
        TABLE_SLICES,
        TABLE_IRQS,
        TABLE_FRAMES,
        TABLE_FRAMES + 0x1000,
        0x8000000000000000,
        0xfffffffffffffff8,
    };
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        EXPECT(probe_store(addresses[i]) == CAUSE_STORE);

    EXPECT(probe_store((word_t)frame_entry(self())) == CAUSE_STORE);
    EXPECT(probe_store(DIRECT_BASE + (self() << PAGE_SHIFT) + PAGE_SIZE - 0x80) == CAUSE_STORE); // our record
    EXPECT(machine()->magic == MACHINE_MAGIC);
    EXPECT(frame_entry(self())->kind == PAGE_ENV);
    probe_store((word_t)attack); // our own code is nobody's to write
    EXPECT(probe_store((word_t)attack) == CAUSE_STORE);
}
