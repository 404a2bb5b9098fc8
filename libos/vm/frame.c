// SPDX-License-Identifier: BSD-2-Clause
/*
 * Finding frames: a walk through the kernel's table from where the last one was found. The walk visits
 * each entry at most once, so it ends; it is long only when nearly nothing is left.
 */
#include <libos/share/memory.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>

page_t frame_cursor;

#define TRIES_MAX 64

static bool frame_is_ours(page_t page)
{
    const volatile struct frame *frame = frame_entry(page);
    return frame && frame->kind == PAGE_FREE && frame->owner == self() && !(frame->flags & PAGE_DYING);
}

static page_t cursor_start(void)
{
    const struct start_info *info = start_info();
    return info->magic == START_MAGIC && frame_entry(info->frames_first) ? info->frames_first
                                                                         : machine()->ram_first;
}

static page_t frame_search(size_t count)
{
    page_t first = machine()->ram_first, total = machine()->ram_count;
    size_t run = 0;

    if (frame_cursor - first >= total)
        frame_cursor = cursor_start();
    // A run must not wrap around, so a run at the old cursor is seen whole only after one more stretch
    // of `count`.
    for (page_t step = 0; step < total + count; step++) {
        if (frame_cursor >= first + total) {
            frame_cursor = first;
            run = 0;
        }
        run = frame_is_ours(frame_cursor) ? run + 1 : 0;
        frame_cursor++;
        if (run == count)
            return frame_cursor - count;
    }
    return FRAME_NONE;
}

page_t frame_find(size_t count)
{
    page_t page;
    do
        page = frame_search(count);
    while (page == FRAME_NONE && pool_drain() + vm_left_reap() > 0);
    return page;
}

page_t frame_own(void)
{
    upcall_hold();
    page_t page = frame_find(1);
    long error = ERR_OK;
    for (int tries = 0; page != FRAME_NONE && tries < TRIES_MAX; tries++) {
        while ((error = sys_page_alloc(page).error) == ERR_AGAIN)
            continue; // cleared in pieces
        if (error == ERR_OK)
            break;
        page = frame_find(1); // somebody took it by force just now
    }
    upcall_release();
    return error == ERR_OK ? page : FRAME_NONE;
}

page_t frame_alloc(void)
{
    page_t page = frame_own();

    if (page == FRAME_NONE && memory_want(MEMORY_BATCH))
        page = frame_own();
    return page;
}

bool frame_free(page_t page)
{
    long error = sys_page_free(page).error;

    if (error == ERR_BUSY && pool_forget(page))
        error = sys_page_free(page).error;
    return error == ERR_OK;
}

// From the cursor on, where free frames are.
size_t frame_count_some(size_t most)
{
    page_t first = machine()->ram_first, total = machine()->ram_count;
    page_t page = frame_cursor - first < total ? frame_cursor : cursor_start();
    size_t count = 0;

    for (page_t i = 0; i < total && count < most; i++) {
        count += frame_is_ours(page);
        page = page + 1 < first + total ? page + 1 : first;
    }
    return count;
}

size_t frame_count_free(void)
{
    return frame_count_some(machine()->ram_count);
}
