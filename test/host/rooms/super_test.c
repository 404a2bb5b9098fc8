// SPDX-License-Identifier: BSD-2-Clause
// Superpages: runs of frames joined, bound whole, and parted.

#include "rooms_test.h"

#include "pte/pte.h"

#define GIGABYTE 0xc0000000ul // no level-1 table over it yet
#define SPAN     (SUPER_PAGES * (word_t)PAGE_SIZE)
#define RW       (RIGHT_READ | RIGHT_WRITE)

#define FRAMES   3072 // room for some runs

static int large_each(void **state)
{
    (void)state;
    family_setup_with((struct fake_options){.harts = 4, .frames = FRAMES, .asid_bits = 16});
    return 0;
}

static page_t run_fresh(void)
{
    while (fake.next % SUPER_PAGES != 0)
        fake_fresh();
    return fake_fresh_run(SUPER_PAGES);
}

static page_t run_joined(void)
{
    page_t run = run_fresh();
    assert_int_equal(ALL(page, join, run), SUPER_PAGES);
    return run;
}

static void table_make(void)
{
    page_t pages = fake_fresh_run(2);
    OK(pte, table, 0, GIGABYTE, 1, pages, pages + 1);
}

static void joining_takes_pieces_and_can_be_undone(void **state)
{
    (void)state;
    page_t run = run_fresh();
    assert_int_equal(CALL(page, join, run).error, ERR_AGAIN);
    refusal_note(CALL_page_join, ERR_AGAIN);
    assert_int_equal(CALL(page, join, run).error, ERR_AGAIN);
    invariants();
    REFUSED(BUSY, page, alloc, run);
    REFUSED(BUSY, page, alloc, run + 3);
    OK(page, split, run);
    assert_int_equal(page_frame(run + 3)->kind, PAGE_FREE);

    OK(page, alloc, run + 500);
    REFUSED(BUSY, page, join, run);
    OK(page, free, run + 500);
    assert_int_equal(ALL(page, join, run), SUPER_PAGES);
    REFUSED(RANGE, page, join, run + 1);
    REFUSED(BUSY, page, join, run);
    REFUSED(NOENT, page, join, (FAKE_FIRST + pages.count + SUPER_PAGES) & ~(SUPER_PAGES - 1ul));
    fake_on(HART_A);
    REFUSED(PERM, page, split, run);
    fake_on(HART_INIT);
    page_t foreign = run_fresh();
    OK(page, move, foreign + 9, 1, family.a);
    REFUSED(PERM, page, join, foreign);
}

static void a_run_is_bound_whole(void **state)
{
    (void)state;
    page_t run = run_joined();
    REFUSED(NOTABLE, pte, map, 0, GIGABYTE, run, SUPER_PAGES, RW, CAP_NONE);
    table_make();
    REFUSED(RANGE, pte, map, 0, GIGABYTE + PAGE_SIZE, run, SUPER_PAGES, RW, CAP_NONE);
    REFUSED(RANGE, pte, map, 0, GIGABYTE, run, SUPER_PAGES, RIGHT_WRITE, CAP_NONE);
    REFUSED(NOENT, pte, map, 0, GIGABYTE, NOBODY, SUPER_PAGES, RW, CAP_NONE);
    REFUSED(NOENT, pte, map, NOBODY, GIGABYTE, run, SUPER_PAGES, RW, CAP_NONE);
    REFUSED(KIND, pte, map, 0, GIGABYTE, data_make(), SUPER_PAGES, RW, CAP_NONE);
    REFUSED(KIND, pte, map, 0, PINNED, run, 1, RW, CAP_NONE);
    assert_int_equal(OK(pte, map, 0, GIGABYTE, run, SUPER_PAGES, RW, CAP_NONE), SUPER_PAGES);
    assert_true(reaches(HART_INIT, GIGABYTE + SPAN - PAGE_SIZE, 15, run + 511));
    REFUSED(BUSY, pte, map, 0, GIGABYTE, run, SUPER_PAGES, RW, CAP_NONE);
    REFUSED(NOTABLE, pte, map, 0, GIGABYTE + PAGE_SIZE, data_make(), 1, RW, CAP_NONE);
    REFUSED(NOTABLE, pte, untable, 0, GIGABYTE, 0);
    REFUSED(BUSY, pte, untable, 0, GIGABYTE, 1);
    REFUSED(BUSY, pte, table, 0, GIGABYTE, 0, fake_fresh(), 0);
    REFUSED(BUSY, page, split, run);
    REFUSED(KIND, page, free, run);
    REFUSED(KIND, page, give, run, 1, family.a);
    REFUSED(KIND, page, split, data_make());
    REFUSED(NOENT, page, split, NOBODY);
    ALL(stlb, bind, 0, fake_fresh(), 0);
    REFUSED(STATE, stlb, enter, 0, GIGABYTE + PAGE_SIZE, data_make(), RIGHT_READ, CAP_NONE);
    REFUSED(KIND, stlb, enter, 0, CACHED, run, RIGHT_READ, CAP_NONE);
}

static void rights_are_lost_everywhere(void **state)
{
    (void)state;
    page_t run = run_joined();
    table_make();
    OK(pte, map, 0, GIGABYTE, run, SUPER_PAGES, RW, CAP_NONE);
    assert_true(reaches(HART_INIT, GIGABYTE, 15, run));
    assert_int_equal(OK(pte, protect, 0, GIGABYTE, SUPER_PAGES, RIGHT_READ), SUPER_PAGES);
    assert_false(reaches(HART_INIT, GIGABYTE + 5 * PAGE_SIZE, 15, run + 5));
    assert_true(reaches(HART_INIT, GIGABYTE + 5 * PAGE_SIZE, 13, run + 5));
    REFUSED(PERM, pte, protect, 0, GIGABYTE, SUPER_PAGES, RIGHT_READ | RIGHT_EXECUTE);
    REFUSED(RANGE, pte, protect, 0, GIGABYTE + PAGE_SIZE, SUPER_PAGES, RIGHT_READ);
    REFUSED(NOTABLE, pte, protect, 0, GIGABYTE + SPAN, SUPER_PAGES, RIGHT_READ);
    assert_int_equal(OK(pte, unmap, 0, GIGABYTE, SUPER_PAGES), SUPER_PAGES);
    assert_false(reaches(HART_INIT, GIGABYTE, 13, run));
    REFUSED(NOTABLE, pte, unmap, 0, GIGABYTE, SUPER_PAGES);
    REFUSED(RANGE, pte, unmap, 0, GIGABYTE + PAGE_SIZE, SUPER_PAGES);
    OK(page, split, run);
    OK(pte, untable, 0, GIGABYTE, 1);
}

static void a_capability_shares_it_until_it_is_revoked(void **state)
{
    (void)state;
    page_t run = run_joined();
    OK(cap, mint, 1, run, RIGHT_READ);
    page_t pages = fake_fresh_run(2);
    OK(pte, table, family.a_space, GIGABYTE, 1, pages, pages + 1);
    assert_int_equal(OK(pte, map, family.a_space, GIGABYTE, run, SUPER_PAGES, RIGHT_READ, 1), SUPER_PAGES);
    assert_true(reaches(HART_A, GIGABYTE, 13, run));
    ALL(cap, revoke, run);
    assert_false(reaches(HART_A, GIGABYTE, 13, run));
    REFUSED(STALE, pte, map, family.a_space, GIGABYTE, run, SUPER_PAGES, RIGHT_READ, 1);
}

static void dying_runs_are_not_parted(void **state)
{
    (void)state;
    page_t run = run_joined();
    table_make();
    for (word_t i = 0; i < PTE_BREAK_BATCH + 20; i++)
        OK(pte, map, 0, GIGABYTE + i * SPAN, run, SUPER_PAGES, RIGHT_READ, CAP_NONE);
    assert_int_equal(CALL(cap, revoke, run).error, ERR_AGAIN);
    REFUSED(DYING, page, split, run);
    REFUSED(DYING, pte, map, 0, GIGABYTE + 100 * SPAN, run, SUPER_PAGES, RIGHT_READ, CAP_NONE);
    ALL(cap, revoke, run);
    OK(page, split, run);
}

static void the_dead_leave_free_frames(void **state)
{
    (void)state;
    space_t space;
    env_t child = child_make(&space);
    page_t run = run_fresh(), unfinished = run_fresh();
    for (word_t i = 0; i < SUPER_PAGES; i += PAGE_BATCH) {
        OK(page, move, run + i, PAGE_BATCH, child);
        OK(page, move, unfinished + i, PAGE_BATCH, child);
    }
    ALL(page, join, run); // its creator acts for it until it starts
    assert_int_equal(CALL(page, join, unfinished).error, ERR_AGAIN);
    page_t pages = fake_fresh_run(2);
    OK(pte, table, space, GIGABYTE, 1, pages, pages + 1);
    OK(pte, map, space, GIGABYTE, run, SUPER_PAGES, RIGHT_READ, CAP_NONE);
    ALL(env, destroy, child);
    ALL(space, destroy, space);
    harts_cross();
    for (word_t i = 0; i < SUPER_PAGES; i++) {
        assert_int_equal(page_frame(run + i)->kind, PAGE_FREE);
        assert_int_equal(page_frame(unfinished + i)->kind, PAGE_FREE);
        assert_int_equal(page_frame(run + i)->owner, fake.init);
    }
}

#define LARGE(name) cmocka_unit_test_setup_teardown(name, large_each, invariants_each)
ROOM(super)
{
    const struct CMUnitTest tests[] = {
        LARGE(joining_takes_pieces_and_can_be_undone),
        LARGE(a_run_is_bound_whole),
        LARGE(rights_are_lost_everywhere),
        LARGE(a_capability_shares_it_until_it_is_revoked),
        LARGE(dying_runs_are_not_parted),
        LARGE(the_dead_leave_free_frames),
    };
    return RUN(tests);
}
