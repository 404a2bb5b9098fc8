// SPDX-License-Identifier: BSD-2-Clause
// Dies as soon as the first of its frames was taken. What it leaves is taken, or its creator's.
#include "attack.h"

void attack(void)
{
    tables_make(ARENA);
    page_t page = own_data();
    for (word_t i = 0; i < 60; i++) map(ARENA + i * PAGE_SIZE, page);
    ground_keep();
    WORKS(sys_revoke_guarantee(page, 0));
    for (int i = 0; i < 8; i++) own_data();
    ready();
    asked_wait();
    lost_wait(1);
}
