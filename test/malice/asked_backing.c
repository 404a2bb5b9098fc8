// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pre-loads the repossession vector with frames of others, of the kernel's, of no kind that may be written; lies about
 * head and tail. Nothing is saved, nobody's memory changes, and the kernel writes nowhere but into the vector.
 */
#include "attack.h"

#include <rivet/revoke.h>

void attack(void)
{
    tables_make(ARENA);
    page_t page = own_free(1);
    WORKS(PATIENT(sys_revoke_vector(page)));
    map(ARENA, page);
    struct repossession *vector = (struct repossession *)ARENA;
    ground_keep();
    page_t bad[] = {foreign(PAGE_DATA, 0), foreign(PAGE_DATA, SAVE_WORD(SAVE_CREATOR)), foreign(PAGE_TABLE, 0),
                    foreign(PAGE_ENV, 0),  foreign(PAGE_NONE, 0),                       foreign(PAGE_FREE, 0),
                    page,                  foreign(PAGE_TABLE, self()),                 own_free(1),
                    ~0u,                   machine()->ram_first - 1,                    machine()->ram_first + machine()->ram_count,
                    SAVE_WORD(SAVE_SPACE), self(),                                      self() + 1};
    for (word_t i = 0; i < LOSSES_MAX; i++) vector->losses[i].backing = (uint32_t)bad[i % (sizeof(bad) / sizeof(bad[0]))];
    for (int i = 0; i < 8; i++) own_data();
    vector->head = 12345;
    ready();
    asked_wait();
    lost_wait(10);
    EXPECT(*(volatile uint32_t *)&vector->head <= SAVE_WORD(SAVE_LOST)); // it counts by itself
    for (word_t i = 0; i < LOSSES_MAX && i < vector->head; i++) {
        EXPECT(vector->losses[i].saved == 0);
        EXPECT(vector->losses[i].kind == REVOKE_FRAMES && vector->losses[i].by == SAVE_WORD(SAVE_CREATOR));
        EXPECT(frame_entry(vector->losses[i].name) != NULL);
    }
    vector->tail = 77777; // as if it had dealt with what never was
    lost_wait(11);
}
