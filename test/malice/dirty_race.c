// SPDX-License-Identifier: BSD-2-Clause
/*
 * Wants pages that are written to look clean: a thread of its own writes to them in turn without end, on another hart
 * when there is one, so that a walker sets D while the kernel changes rights in the same table and clears its bits.
 */
#include "attack.h"

#define TABLE   (ARENA + 0x100000)
#define PAGES   PTE_BATCH
#define RW      (RIGHT_READ | RIGHT_WRITE)
#define FLAGS   (BIND_ACCESSED | BIND_DIRTY)
#define ROUNDS  400
#define LAST_US 300000
#define MOST_US 20000000 // on a loaded host

#define COUNT(i) (*(volatile word_t *)(ARENA + (i) * (PAGE_SIZE + 8))) // a word of its own for each page
#define PTE(i)   (((volatile word_t *)TABLE)[i])

static word_t before[PAGES];

// Rights that the writer does not miss come and go, in ranges and a page at a time.
static void rights_change(word_t step)
{
    EXPECT(sys_pte_protect(0, ARENA, PAGES, step & 1 ? RW : RIGHTS_FRAME).value == PAGES);
    WORKS(sys_pte_protect(0, ARENA + step % PAGES * PAGE_SIZE, 1, step & 1 ? RIGHTS_FRAME : RW));
}

void attack(void)
{
    page_t tables = own_free(3), data;
    WORKS(PATIENT(sys_pte_table(0, ARENA, 1, tables, 0)));
    WORKS(PATIENT(sys_pte_table(0, ARENA, 0, tables + 1, tables + 2)));
    WORKS(sys_pte_map(0, TABLE, tables + 1, 1, RIGHT_READ, CAP_NONE));
    data = own_data();
    for (word_t i = 0; i < PAGES; i++)
        WORKS(sys_pte_map(0, ARENA + i * PAGE_SIZE, data, 1, RIGHTS_FRAME, CAP_NONE));
    env_t writer = child_make(child_count, PAGES);
    child_start(writer);

    word_t rounds = 0, now = time_now(), soon = now + time_from_us(LAST_US), late = now + time_from_us(MOST_US);
    for (; rounds < ROUNDS && (rounds < 2 || time_now() < soon); rounds++) {
        EXPECT(sys_pte_protect(0, ARENA, PAGES, RW | CLEAR_DIRTY | CLEAR_ACCESSED).value == PAGES);
        for (word_t i = 0; i < PAGES; i++)
            before[i] = COUNT(i);
        word_t step = 0;
        do {
            rights_change(++step);
            if (step > 100)
                sys_slice_yield(); // it waits for our hart
            EXPECT(time_now() < late);
        } while (COUNT(0) - before[0] < 2);
        for (word_t i = 0; i < PAGES; i++)
            EXPECT(COUNT(i) == before[i] || (PTE(i) & FLAGS) == FLAGS);
    }
    child_stop(writer);
    EXPECT(sys_env_info(writer, ENV_STATE).value == ENV_STOPPED);
}
