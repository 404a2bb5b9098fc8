// SPDX-License-Identifier: BSD-2-Clause
/*
 * Wants the kernel to write where its ring of dirty pages is not, or to forget a dirty page: head and tail that lie, a
 * ring that is used as something else, taken back while it is looked at, or made of what is no free frame.
 */
#include "attack.h"

#include <rivet/stlb.h>

#define CACHED (ARENA + 0x200000)
#define ALIAS  (CACHED + STLB_PER_PAGE * PAGE_SIZE)
#define RW     (RIGHT_READ | RIGHT_WRITE)
#define RING   ((volatile struct dirty_ring *)ARENA)

void attack(void)
{
    tables_make(ARENA);
    page_t data = own_data(), leaf = own_free(1);
    WORKS(PATIENT(sys_pte_table(0, CACHED, 0, leaf, 0)));
    WORKS(PATIENT(sys_stlb_bind(0, own_free(1), 0)));

    REFUSED(sys_stlb_ring(0, 0), STATE);
    REFUSED(sys_stlb_ring(0, data), BUSY);
    REFUSED(sys_stlb_ring(0, leaf), BUSY);
    REFUSED(sys_stlb_ring(0, self()), PERM); // it is our creator's
    REFUSED(sys_stlb_ring(0, foreign(PAGE_FREE, 0)), PERM);
    REFUSED(sys_stlb_ring(0, machine()->ram_first), NOENT);
    REFUSED(sys_stlb_ring(0, ~0ul), NOENT);

    // Without a ring no dirty page is displaced.
    WORKS(sys_stlb_enter(0, CACHED, data, RW, CAP_NONE));
    *(volatile word_t *)CACHED = 1;
    REFUSED(sys_stlb_enter(0, ALIAS, data, RW, CAP_NONE), FULL);
    EXPECT(*(volatile word_t *)CACHED == 1);

    page_t ring = own_free(1);
    WORKS(PATIENT(sys_stlb_ring(0, ring)));
    REFUSED(sys_stlb_ring(0, own_free(1)), STATE);
    REFUSED(sys_pte_map(0, ARENA, ring, 1, RW | RIGHT_EXECUTE, CAP_NONE), KIND);
    REFUSED(sys_page_free(ring), KIND);
    REFUSED(sys_cap_mint(SLOT_OWN, ring, RIGHT_READ), KIND);
    REFUSED(sys_pte_table(0, ARENA + 0x400000, 0, ring, 0), BUSY);
    WORKS(sys_pte_map(0, ARENA, ring, 1, RW, CAP_NONE));
    REFUSED(sys_stlb_ring(0, 0), BUSY);

    word_t at = CACHED, other = ALIAS, recorded = 0, random = 1;
    for (int i = 0; i < 3000; i++) {
        word_t lie = random_next(&random);
        RING->head = lie >> (lie & 63);
        RING->tail = lie & 64 ? recorded - (lie >> 8) % 600 : ~(lie >> (lie >> 8 & 63));
        sysret_t answer = sys_stlb_enter(0, other, data, RW | BIND_DIRTY, CAP_NONE);
        if (recorded - RING->tail >= RING_ENTRIES) {
            EXPECT(answer.error == ERR_FULL);
            continue;
        }
        EXPECT(answer.error == ERR_OK && answer.value == (at | 3));
        EXPECT(RING->entries[recorded % RING_ENTRIES] == (at | 1));
        EXPECT(RING->head == ++recorded);
        word_t swap = at;
        at = other;
        other = swap;
    }
    EXPECT(recorded > RING_ENTRIES);

    // Given back, it is a frame like any other, and no dirty page is displaced any more.
    WORKS(sys_pte_unmap(0, ARENA, 1));
    WORKS(sys_stlb_ring(0, 0));
    EXPECT(probe_store(ARENA) == CAUSE_STORE);
    REFUSED(sys_stlb_enter(0, other, data, RW, CAP_NONE), FULL);
    WORKS(PATIENT(sys_page_alloc(ring)));
    WORKS(sys_pte_map(0, ARENA, ring, 1, RIGHT_READ, CAP_NONE));
    EXPECT(RING->head == 0 && RING->entries[0] == 0); // cleared as any frame
}
