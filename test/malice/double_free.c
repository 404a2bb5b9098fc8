// SPDX-License-Identifier: BSD-2-Clause
/*
 * Frees what is free, what is a kernel object, what was given away, and the pages it runs on.
 */
#include "attack.h"

void attack(void)
{
    page_t page = own_data();
    WORKS(sys_page_free(page));
    REFUSED(sys_page_free(page), KIND);
    REFUSED(sys_page_free(own_free(1)), KIND);
    REFUSED(sys_page_free(self()), PERM);     // our record is our creator's
    REFUSED(sys_page_free(self() + 1), PERM); // and so is the save area

    env_t child = child_make(child_exit, 0);
    REFUSED(sys_page_free(child), KIND);
    REFUSED(sys_page_free(child + 1), KIND);
    page_t gift = own_data();
    WORKS(sys_page_give(gift, 1, child));
    WORKS(sys_page_free(gift)); // the child never ran: we act for it
    REFUSED(sys_page_free(gift), KIND);
    page_t other = own_data();
    WORKS(sys_page_give(other, 1, child));
    child_start(child);
    REFUSED(sys_page_free(other), PERM);
    child_wait(child);
    child_destroy(child);
    EXPECT(frame_entry(other)->owner == self() && frame_entry(other)->kind == PAGE_FREE);
    EXPECT(PATIENT(sys_env_destroy(child)).error == ERR_NOENT);

    for (page_t at = machine()->ram_first; at < machine()->ram_first + machine()->ram_count; at++)
        if (frame_entry(at)->owner == self() && frame_entry(at)->kind == PAGE_DATA &&
            frame_entry(at)->bindings != 0)
            REFUSED(sys_page_free(at), BUSY);
}
