// SPDX-License-Identifier: BSD-2-Clause
/*
 * Gives back the frame it runs on: bound, it stays; so the attacker unmaps itself, and its next instruction is its last.
 * The harness takes the frame all the same.
 */
#include "attack.h"

void attack(void)
{
    ready();
    env_t by = asked_wait();
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++)
        if (frame_entry(page)->owner == self() && frame_entry(page)->kind == PAGE_DATA && frame_entry(page)->bindings != 0) {
            sysret_t answer = sys_page_give(page, 1, by);
            EXPECT(answer.error == ERR_BUSY || answer.error == ERR_DYING || answer.error == ERR_PERM || answer.error == ERR_CLOSED ||
                   answer.error == ERR_KIND); // taken meanwhile by another hart
        }
    for (word_t page = PAGE_SIZE; page < (word_t)attack + 16 * PAGE_SIZE; page += PAGE_SIZE) sys_pte_unmap(0, page, 1);
    sys_env_exit(__LINE__);
}
