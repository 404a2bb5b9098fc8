// SPDX-License-Identifier: BSD-2-Clause
// What attackers need besides the calls: frames of their own, tables, children. See attack.h.
#include "attack.h"

#define LINE_BASE 10000 // so that a failure in here is told from one in an attacker

#undef EXPECT
#define EXPECT(condition) do { if (!(condition)) sys_env_exit(LINE_BASE + __LINE__); } while (0)

page_t own_free(size_t count)
{
    size_t run = 0;
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++) {
        const volatile struct frame *frame = frame_entry(page);
        run = frame->owner == self() && frame->kind == PAGE_FREE ? run + 1 : 0;
        if (run == count)
            return page - count + 1;
    }
    EXPECT(!"a free frame is left");
    return 0;
}

page_t own_data(void)
{
    page_t page = own_free(1);
    EXPECT(PATIENT(sys_page_alloc(page)).error == ERR_OK);
    return page;
}

page_t foreign(int kind, env_t owner)
{
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++) {
        const volatile struct frame *frame = frame_entry(page);
        if (frame->kind == kind && (owner == 0 ? frame->owner != self() : frame->owner == owner))
            return page;
    }
    return 0;
}

void tables_make(word_t address)
{
    long error = PATIENT(sys_pte_table(0, address, 1, own_free(1), 0)).error;
    EXPECT(error == ERR_OK || error == ERR_BUSY);
    page_t pages = own_free(2);
    error = PATIENT(sys_pte_table(0, address, 0, pages, pages + 1)).error;
    EXPECT(error == ERR_OK || error == ERR_BUSY);
}

void map(word_t address, page_t page)
{
    EXPECT(sys_pte_map(0, address, page, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE).error == ERR_OK);
}

// A slice of ours on this hart goes to the child, while we keep one.
static void slice_share(word_t hart, env_t child)
{
    word_t ours = 0, last = 0;
    for (word_t position = 0; position < SLICES_MAX; position++)
        if (slice_entry(hart, position)->env == self()) {
            ours++;
            last = position;
        }
    if (ours > 1)
        EXPECT(sys_slice_give(hart, last, child).error == ERR_OK);
}

env_t child_make(void (*entry)(void), word_t argument)
{
    page_t pages = own_free(3);
    EXPECT(PATIENT(sys_env_create(pages, pages + 2, 0)).error == ERR_OK);
    EXPECT(sys_env_set(pages, ENV_PC, (word_t)entry).error == ERR_OK);
    EXPECT(sys_env_set(pages, ENV_ARG, argument).error == ERR_OK);
    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        slice_share(hart, pages);
    return pages;
}

void child_start(env_t child) { EXPECT(sys_env_start(child).error == ERR_OK); }

void child_stop(env_t child) { EXPECT(PATIENT(sys_env_stop(child)).error == ERR_OK); }

void child_destroy(env_t child) { EXPECT(PATIENT(sys_env_destroy(child)).error == ERR_OK); }

word_t child_wait(env_t child)
{
    for (;;) {
        word_t state = sys_env_info(child, ENV_STATE).value;
        if (state >= ENV_EXITED)
            return state;
        sys_slice_yield();
    }
}

// xorshift64*: small, and good enough to be surprising.
word_t random_next(word_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dul;
}

void ground_keep(void)
{
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++)
        if (frame_entry(page)->owner == self() && frame_entry(page)->kind != PAGE_FREE)
            WORKS(sys_revoke_guarantee(page, 1));
}

void ready(void)
{
    SAVE_WORD(SAVE_ROOM) = 1;
}

env_t asked_wait(void)
{
    while (SAVE_WORD(SAVE_REVOKE_BY) == 0) sys_slice_yield();
    return SAVE_WORD(SAVE_REVOKE_BY);
}

void lost_wait(word_t count)
{
    while (SAVE_WORD(SAVE_LOST) < count) sys_slice_yield();
}
