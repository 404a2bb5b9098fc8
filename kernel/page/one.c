// SPDX-License-Identifier: BSD-2-Clause
/*
 * page_alloc as it mostly comes: a free frame of the caller's own, nobody to wait for. When a look fails nothing has
 * changed, and the general form (page.c) finds out what is wrong.
 *
 * This function calls nothing, so it needs no stack frame, and this file is compiled without.
 */
#include "page.h"

#include "trap/hart.h"

sysret_t sys_page_alloc(page_t page)
{
    word_t number = page - pages.first;
    if (number >= pages.count)
        return page_alloc_any(page);
    struct frame *frame = &pages.table[number];
    if (!page_try_lock(frame, PAGE_FREE))
        return page_alloc_any(page);
    // Invariant (5): it became free before the word was cleared.
    if (frame->owner != env_self()->self || __atomic_load_n(&pages.quiesce, __ATOMIC_ACQUIRE) != 0) {
        page_unlock(frame);
        return page_alloc_any(page);
    }
    page_wipe(page);
    frame->detail = 0;
    __atomic_store_n((uint32_t *)&frame->kind, PAGE_DATA, __ATOMIC_RELEASE); // and unlocked
    return done(0);
}
