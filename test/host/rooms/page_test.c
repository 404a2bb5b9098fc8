// SPDX-License-Identifier: BSD-2-Clause
// page: frames, their owners, and what is handed on.

#include "rooms_test.h"

#include "pte/pte.h"

#include <string.h>

static enum page_kind kind(page_t page) { return page_frame(page)->kind; }
static env_t owner(page_t page) { return page_frame(page)->owner; }

static bool is_zero(page_t page)
{
    const char *memory = page_memory(page);
    return memory[0] == 0 && memcmp(memory, memory + 1, PAGE_SIZE - 1) == 0;
}

static void alloc_clears(void **state)
{
    (void)state;
    page_t page = fake_fresh();
    assert_false(is_zero(page));
    OK(page, alloc, page);
    assert_int_equal(kind(page), PAGE_DATA);
    assert_true(is_zero(page));

    REFUSED(NOENT, page, alloc, NOBODY);
    REFUSED(NOENT, page, alloc, KERNELS);
    REFUSED(NOENT, page, alloc, ~0ul);
    REFUSED(BUSY, page, alloc, page);
    REFUSED(BUSY, page, alloc, fake.init);
    REFUSED(BUSY, page, alloc, FAKE_UART);
    REFUSED(PERM, page, alloc, frames_for(family.a, 1));
}

static void alloc_waits_for_quiescence(void **state)
{
    (void)state;
    space_t space;
    env_t child = child_make(&space);
    ALL(env, destroy, child);
    // Hart A may be in the trap path with the record in a register: nobody gets the frame before it was out.
    fake_harts[HART_A].soft = 0;
    REFUSED(AGAIN, page, alloc, child);
    REFUSED(AGAIN, page, alloc, fake_fresh());
    fake_harts[HART_A].soft = 1;
    harts_cross();
    OK(page, alloc, child);
    assert_true(is_zero(child));
}

static void free_ends_capabilities(void **state)
{
    (void)state;
    page_t page = data_make();
    OK(cap, mint, 1, page, RIGHT_READ);
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ, CAP_NONE);
    REFUSED(BUSY, page, free, page);
    OK(pte, unmap, 0, PINNED, 1);
    OK(page, free, page);
    assert_int_equal(kind(page), PAGE_FREE);
    OK(page, alloc, page);
    REFUSED(STALE, cap, copy, 1, 2, RIGHT_READ);

    REFUSED(NOENT, page, free, NOBODY);
    REFUSED(NOENT, page, free, KERNELS);
    REFUSED(KIND, page, free, fake_fresh());
    REFUSED(KIND, page, free, fake.init);
    REFUSED(KIND, page, free, FAKE_UART);
    fake_on(HART_A);
    REFUSED(PERM, page, free, page);
}

// A frame with more bindings than one piece breaks, in the middle of its revocation.
static page_t dying_make(void)
{
    page_t page = data_make();
    for (word_t i = 0; i < PTE_BREAK_BATCH + 20; i++)
        OK(pte, map, 0, PINNED + i * PAGE_SIZE, page, 1, RIGHT_READ, CAP_NONE);
    assert_int_equal(CALL(cap, revoke, page).error, ERR_AGAIN);
    refusal_note(CALL_cap_revoke, ERR_AGAIN);
    return page;
}

static void dying_refuses_everything(void **state)
{
    (void)state;
    page_t page = dying_make();
    REFUSED(DYING, page, free, page);
    REFUSED(DYING, page, give, page, 1, family.a);
    REFUSED(DYING, cap, mint, 3, page, RIGHT_READ);
    REFUSED(DYING, pte, map, 0, PINNED + 100 * PAGE_SIZE, page, 1, RIGHT_READ, CAP_NONE);
    ALL(stlb, bind, 0, fake_fresh(), 0);
    REFUSED(DYING, stlb, enter, 0, CACHED, page, RIGHT_READ, CAP_NONE);
    ALL(cap, revoke, page);
    OK(page, free, page);
}

static void move_hands_over_free_frames(void **state)
{
    (void)state;
    page_t first = fake_fresh_run(8);
    assert_int_equal(OK(page, move, first, 8, family.a), 8);
    assert_int_equal(owner(first + 7), family.a);

    page_t run = fake_fresh_run(4);
    OK(page, alloc, run + 2);
    assert_int_equal(OK(page, move, run, 4, family.a), 2); // says how far it got
    assert_int_equal(owner(run + 1), family.a);
    assert_int_equal(owner(run + 3), fake.init);

    REFUSED(NOENT, page, move, run + 3, 1, NOBODY);
    REFUSED(NOENT, page, move, run + 3, 1, run + 3);
    REFUSED(NOENT, page, move, NOBODY, 1, family.a);
    REFUSED(RANGE, page, move, run + 3, 0, family.a);
    REFUSED(RANGE, page, move, run + 3, PAGE_BATCH + 1, family.a);
    REFUSED(BUSY, page, move, run + 2, 1, family.a);
    REFUSED(PERM, page, move, first, 1, family.a); // gone is gone
    fake_on(HART_A);
    REFUSED(CLOSED, page, move, first, 1, family.b);
    REFUSED(CLOSED, page, move, first, 1, fake.init);
}

static void open_counts_places(void **state)
{
    (void)state;
    page_t first = frames_for(family.a, 4);
    fake_on(HART_B);
    OK(page, open, family.a, 3);
    REFUSED(NOENT, page, open, NOBODY, 1);
    REFUSED(RANGE, page, open, family.a, pages.count + 1);
    fake_on(HART_A);
    REFUSED(CLOSED, page, move, first, 4, family.b);
    assert_int_equal(OK(page, move, first, 2, family.b), 2);
    assert_true(*env_save(env_named(family.b), SAVE_PENDING) & EVENT_BIT(GIVEN));
    REFUSED(CLOSED, page, move, first + 2, 2, family.b);
    OK(page, move, first + 2, 1, family.b);
    REFUSED(CLOSED, page, move, first + 3, 1, family.b);
}

static void open_is_for_one_environment_not_its_name(void **state)
{
    (void)state;
    space_t space;
    env_t child = child_make(&space);
    fake_on(HART_B);
    OK(page, open, child, 5);
    fake_on(HART_INIT);
    page_t caps = physical(env_named(child)->caps) >> PAGE_SHIFT;
    ALL(env, destroy, child);
    harts_cross();
    assert_int_equal(OK(env, create, child, caps, space), child); // a namesake
    for (word_t i = 0; i < SLICES_MAX; i++)
        OK(slice, give, HART_IDLE, i, child);
    page_t page = fake_fresh();
    OK(page, move, page, 1, child);
    OK(env, start, child);
    fake_on(HART_IDLE);
    while (fake_interrupt())
        ;
    assert_int_equal(fake_env()->self, child);
    REFUSED(CLOSED, page, move, page, 1, family.b);
    fake_on(HART_INIT);
}

// A run goes as far as it can: what is next has the first refusal of the next call.
static void give_runs(void **state)
{
    (void)state;
    page_t first = fake_fresh_run(40);
    for (page_t page = first; page < first + 40; page++)
        OK(page, alloc, page);
    REFUSED(RANGE, page, give, first, 0, family.a);
    REFUSED(RANGE, page, give, first, PAGE_BATCH + 1, family.a);
    assert_int_equal(OK(page, give, first, 40, family.a), 32); // one piece
    assert_int_equal(page_frame(first + 31)->owner, family.a);
    assert_int_equal(page_frame(first + 32)->owner, fake.init);
    REFUSED(PERM, page, give, first + 31, 2, family.a);
    OK(page, free, first + 35);
    assert_int_equal(OK(page, give, first + 32, 8, family.a), 3); // up to the free one
    REFUSED(KIND, page, give, first + 35, 5, family.a);
    assert_int_equal(OK(page, give, first + 36, 4, family.a), 4);
}

static void give_keeps_contents(void **state)
{
    (void)state;
    page_t page = data_make();
    memcpy(page_memory(page), "hello", 6);
    OK(cap, mint, 1, page, RIGHT_READ);
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ, CAP_NONE);
    REFUSED(BUSY, page, give, page, 1, family.a);
    OK(pte, unmap, 0, PINNED, 1);
    OK(page, give, page, 1, family.a);
    assert_int_equal(owner(page), family.a);
    assert_memory_equal(page_memory(page), "hello", 6);
    REFUSED(STALE, cap, copy, 1, 2, RIGHT_READ); // the giver's capabilities do not outlive its ownership
    OK(page, give, FAKE_UART, 1, family.a);

    REFUSED(NOENT, page, give, NOBODY, 1, family.a);
    REFUSED(NOENT, page, give, data_make(), 1, NOBODY);
    REFUSED(KIND, page, give, fake_fresh(), 1, family.a);
    REFUSED(KIND, page, give, family.b, 1, family.a);
    REFUSED(PERM, page, give, page, 1, family.a);
    fake_on(HART_A);
    REFUSED(CLOSED, page, give, page, 1, family.b);
    REFUSED(CLOSED, page, give, page, 1, fake.init);
}

static void creator_acts_for_unstarted_child(void **state)
{
    (void)state;
    space_t space;
    env_t child = child_make(&space);
    page_t page = frames_for(child, 2);
    OK(page, alloc, page);
    assert_int_equal(owner(page), child);
    OK(page, free, page);
    OK(env, start, child);
    REFUSED(PERM, page, alloc, page);
}

ROOM(page)
{
    const struct CMUnitTest tests[] = {
        TEST(alloc_clears),
        TEST(alloc_waits_for_quiescence),
        TEST(free_ends_capabilities),
        TEST(dying_refuses_everything),
        TEST(move_hands_over_free_frames),
        TEST(open_counts_places),
        TEST(open_is_for_one_environment_not_its_name),
        TEST(give_keeps_contents),
        TEST(give_runs),
        TEST(creator_acts_for_unstarted_child),
    };
    return RUN(tests);
}
