// SPDX-License-Identifier: BSD-2-Clause
// Ignores a request for its interrupt source, which it keeps bound, and completes nothing.
#include "attack.h"

void attack(void)
{
    for (word_t source = 1; source < IRQS_MAX; source++)
        if (irq_entry(source)->owner == self()) WORKS(sys_irq_bind(source, 1ul << 40));
    ready();
    for (;;) sys_slice_yield();
}
