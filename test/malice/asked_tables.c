// SPDX-License-Identifier: BSD-2-Clause
// Ignores a request for page tables, and fills its tables as fast as they are emptied.
#include "attack.h"

void attack(void)
{
    page_t frames = own_free(8), page = own_data() == frames ? frames : own_data();
    ground_keep();
    tables_make(ARENA);
    tables_make(ARENA + 0x200000);
    ready();
    for (word_t i = 0;; i++) {
        sysret_t answer = sys_pte_map(0, ARENA + i % 1024 * PAGE_SIZE, page, 1, RIGHT_READ, CAP_NONE);
        if (answer.error == ERR_NOTABLE)
            sys_pte_table(0, ARENA + i % 1024 * PAGE_SIZE, 0, frames + 2 + i % 3 * 2, frames + 3 + i % 3 * 2);
    }
}
