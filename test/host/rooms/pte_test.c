// SPDX-License-Identifier: BSD-2-Clause
// pte: tables, pinned bindings, and the ranges that the calls take.

#include "rooms_test.h"

#include "pte/pte.h"

static pte_t pinned_pte(word_t address)
{
    pte_t *slot = pte_walk(env_named(fake_env()->self)->space, address).slot;
    return slot != NULL ? *slot : 0;
}

static void table_and_untable(void **state)
{
    (void)state;
    page_t page = fake_fresh_run(8);
    REFUSED(NOTABLE, pte, table, 0, NOWHERE, 0, page, page + 1);
    OK(pte, table, 0, NOWHERE, 1, page, 0);
    OK(pte, table, 0, NOWHERE, 0, page + 1, page + 2);
    assert_int_equal(page_frame(page + 1)->kind, PAGE_TABLE);
    assert_int_equal(page_frame(page + 2)->kind, PAGE_TWIN);

    REFUSED(RANGE, pte, table, 0, USER_END, 0, page + 3, 0);
    REFUSED(RANGE, pte, table, 0, ~0ul, 0, page + 3, 0);
    REFUSED(RANGE, pte, table, 0, NOWHERE, 2, page + 3, 0);
    REFUSED(RANGE, pte, table, 0, NOWHERE + 0x200000, 0, page + 3, page + 3);
    REFUSED(NOENT, pte, table, NOBODY, NOWHERE + 0x200000, 0, page + 3, 0);
    REFUSED(NOENT, pte, table, page + 3, NOWHERE + 0x200000, 0, page + 3, 0);
    REFUSED(NOENT, pte, table, 0, NOWHERE + 0x200000, 0, NOBODY, 0);
    REFUSED(NOENT, pte, table, 0, NOWHERE + 0x200000, 0, page + 3, NOBODY);
    REFUSED(BUSY, pte, table, 0, NOWHERE, 0, page + 3, 0);
    REFUSED(BUSY, pte, table, 0, NOWHERE + 0x200000, 0, page, 0);
    REFUSED(BUSY, pte, table, 0, NOWHERE + 0x200000, 0, page + 3, page);
    REFUSED(PERM, pte, table, 0, NOWHERE + 0x200000, 0, frames_for(family.a, 1), 0);

    REFUSED(BUSY, pte, untable, 0, NOWHERE, 1);
    REFUSED(RANGE, pte, untable, 0, USER_END, 0);
    REFUSED(RANGE, pte, untable, 0, NOWHERE, 2);
    REFUSED(NOENT, pte, untable, NOBODY, NOWHERE, 0);
    REFUSED(NOTABLE, pte, untable, 0, NOWHERE + 0x200000, 0);
    REFUSED(NOTABLE, pte, untable, 0, NOWHERE + 0x40000000, 0);
    REFUSED(NOTABLE, pte, untable, 0, NOWHERE + 0x40000000, 1);
    OK(pte, map, 0, NOWHERE + 511 * PAGE_SIZE, data_make(), 1, RIGHT_READ, CAP_NONE);
    REFUSED(BUSY, pte, untable, 0, NOWHERE, 0);
    OK(pte, unmap, 0, NOWHERE + 511 * PAGE_SIZE, 1);
    OK(pte, untable, 0, NOWHERE, 0);
    OK(pte, untable, 0, NOWHERE, 1);
    assert_int_equal(page_frame(page)->kind, PAGE_FREE);
    assert_int_equal(page_frame(page + 2)->kind, PAGE_FREE);
    REFUSED(NOTABLE, pte, map, 0, NOWHERE, data_make(), 1, RIGHT_READ, CAP_NONE);

    fake_on(HART_A);
    REFUSED(PERM, pte, table, family.b_space, NOWHERE, 1, frames_for(family.a, 1), 0);
    REFUSED(PERM, pte, untable, family.b_space, PINNED, 0);
}

static void table_waits_for_quiescence(void **state)
{
    (void)state;
    space_t space;
    env_t child = child_make(&space);
    ALL(env, destroy, child);
    fake_harts[HART_A].soft = 0; // it does not come by
    REFUSED(AGAIN, pte, table, 0, NOWHERE, 1, child, 0);
    REFUSED(AGAIN, space, create, child, child + 1);
    REFUSED(AGAIN, env, create, child, fake_fresh(), 0);
    REFUSED(AGAIN, stlb, bind, 0, child, 0);
    REFUSED(AGAIN, stlb, ring, 0, child);
    fake_harts[HART_A].soft = 1;
    harts_cross();
    OK(pte, table, 0, NOWHERE, 1, child, 0);
}

// One place to be unmapped is not enough: what remembers the last walk must forget the table.
static void table_gone_is_gone(void **state)
{
    (void)state;
    page_t page = data_make(), fresh = fake_fresh_run(2);
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ, CAP_NONE);
    OK(pte, unmap, 0, PINNED, 1);
    OK(pte, untable, 0, PINNED, 0);
    REFUSED(NOTABLE, pte, map, 0, PINNED, page, 1, RIGHT_READ, CAP_NONE);
    REFUSED(NOTABLE, pte, protect, 0, PINNED, 1, RIGHT_READ);
    assert_int_equal(OK(pte, unmap, 0, PINNED, 1), 1);
    OK(pte, table, 0, PINNED, 0, fresh, 0); // a cache this time
    REFUSED(NOTABLE, pte, map, 0, PINNED, page, 1, RIGHT_READ, CAP_NONE);
    OK(pte, untable, 0, PINNED, 0);
    OK(pte, table, 0, PINNED, 0, fresh, fresh + 1);
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ, CAP_NONE);
}

static void map_refuses(void **state)
{
    (void)state;
    page_t page = data_make(), other = data_make(), theirs = frames_for(family.a, 1);
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ, CAP_NONE);
    REFUSED(BUSY, pte, map, 0, PINNED, other, 1, RIGHT_READ, CAP_NONE);
    REFUSED(BUSY, pte, map, 0, PINNED, other, 2, RIGHT_READ, CAP_NONE);
    word_t free_at = PINNED + PAGE_SIZE;
    REFUSED(RANGE, pte, map, 0, free_at + 1, other, 1, RIGHT_READ, CAP_NONE);
    REFUSED(RANGE, pte, map, 0, 0, other, 1, RIGHT_READ, CAP_NONE);
    REFUSED(RANGE, pte, map, 0, USER_END, other, 1, RIGHT_READ, CAP_NONE);
    REFUSED(RANGE, pte, map, 0, USER_END - PAGE_SIZE, other, 2, RIGHT_READ, CAP_NONE);
    REFUSED(RANGE, pte, map, 0, DIRECT_BASE, other, 1, RIGHT_READ, CAP_NONE);
    REFUSED(RANGE, pte, map, 0, free_at, other, 0, RIGHT_READ, CAP_NONE);
    REFUSED(RANGE, pte, map, 0, free_at, other, PTE_BATCH + 1, RIGHT_READ, CAP_NONE);
    REFUSED(RANGE, pte, map, 0, free_at, other, 1, 0, CAP_NONE);
    REFUSED(RANGE, pte, map, 0, free_at, other, 1, RIGHT_WRITE, CAP_NONE);
    REFUSED(RANGE, pte, map, 0, free_at, other, 1, RIGHT_EXECUTE, CAP_NONE); // it could become readable
    REFUSED(RANGE, pte, map, 0, free_at, other, 1, RIGHT_READ | PTE_U, CAP_NONE);
    REFUSED(RANGE, pte, map, 0, free_at, other, 1, RIGHT_READ | 1ul << 40, CAP_NONE);
    REFUSED(NOENT, pte, map, NOBODY, free_at, other, 1, RIGHT_READ, CAP_NONE);
    REFUSED(NOENT, pte, map, 0, free_at, NOBODY, 1, RIGHT_READ, CAP_NONE);
    REFUSED(NOENT, pte, map, 0, free_at, KERNELS, 1, RIGHT_READ, CAP_NONE);
    REFUSED(NOENT, pte, map, 0, free_at, ~0ul, 1, RIGHT_READ, CAP_NONE);
    REFUSED(NOTABLE, pte, map, 0, NOWHERE, other, 1, RIGHT_READ, CAP_NONE);
    REFUSED(NOTABLE, pte, map, 0, CACHED, other, 1, RIGHT_READ, CAP_NONE);
    REFUSED(PERM, pte, map, 0, free_at, theirs, 1, RIGHT_READ, CAP_NONE);
    REFUSED(KIND, pte, map, 0, free_at, fake_fresh(), 1, RIGHT_READ, CAP_NONE);
    REFUSED(RANGE, pte, map, 0, free_at, other, 1, RIGHT_READ, CAPS_MAX);
    REFUSED(STALE, pte, map, 0, free_at, other, 1, RIGHT_READ, 9);
    OK(cap, mint, 9, page, RIGHT_READ);
    REFUSED(PERM, pte, map, 0, free_at, other, 1, RIGHT_READ, 9);              // of another frame
    REFUSED(PERM, pte, map, 0, free_at, page, 1, RIGHT_READ | RIGHT_WRITE, 9); // without that right
    OK(cap, mint, 8, family.a, RIGHTS_ENV);
    REFUSED(PERM, pte, map, 0, free_at, family.a, 1, RIGHT_READ, 8); // a door is no window
    fake_on(HART_A);
    REFUSED(PERM, pte, map, family.b_space, PINNED, theirs, 1, RIGHT_READ, CAP_NONE);
}

// Tables, records and capability pages are shown to their owner, and written by the kernel alone.
static void kernel_objects_are_read_only(void **state)
{
    (void)state;
    const struct space *space = env_named(fake.init)->space;
    page_t table = pte_page(pte_walk(space, PINNED).slot != NULL ? space_root(space)[PINNED >> 30] : 0);
    page_t leaf = physical(pte_walk(space, PINNED).slot) >> PAGE_SHIFT;
    page_t twin = physical(pte_walk(space, PINNED).link) >> PAGE_SHIFT;
    page_t caps = physical(env_named(fake.init)->caps) >> PAGE_SHIFT;
    page_t stlb = fake_fresh();
    ALL(stlb, bind, 0, stlb, 0);
    const page_t objects[] = {space->root, space->record, table, leaf, twin, caps, fake.init, stlb};
    for (word_t i = 0; i < 8; i++) {
        word_t at = PINNED + (1 + i) * PAGE_SIZE;
        REFUSED(KIND, pte, map, 0, at, objects[i], 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
        REFUSED(KIND, pte, map, 0, at, objects[i], 1, RIGHT_READ | RIGHT_EXECUTE, CAP_NONE);
        OK(pte, map, 0, at, objects[i], 1, RIGHT_READ, CAP_NONE);
        assert_true(reaches(HART_INIT, at, 13, objects[i]));
        assert_false(reaches(HART_INIT, at, 15, objects[i]));
        REFUSED(PERM, pte, protect, 0, at, 1, RIGHT_READ | RIGHT_WRITE);
        REFUSED(KIND, stlb, enter, 0, CACHED, objects[i], RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    }
    REFUSED(BUSY, pte, untable, 0, PINNED, 0); // it is looked at
    OK(pte, map, 0, PINNED, fake.init + 1, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE); // the save area is its own
    fake_on(HART_A);
    OK(pte, map, 0, PINNED, family.a + 1, 1, RIGHT_READ | RIGHT_WRITE,
       CAP_NONE); // also when its creator owns it
    REFUSED(PERM, pte, map, 0, PINNED + PAGE_SIZE, family.a, 1, RIGHT_READ, CAP_NONE);
    REFUSED(PERM, pte, map, 0, PINNED + PAGE_SIZE, family.b + 1, 1, RIGHT_READ, CAP_NONE);
}

static void map_takes_runs(void **state)
{
    (void)state;
    page_t run = fake_fresh_run(6), more = fake_fresh_run(3);
    for (word_t i = 0; i < 6; i++)
        ALL(page, alloc, run + i);
    assert_int_equal(OK(pte, map, 0, PINNED, run, 6, RIGHT_READ | RIGHT_WRITE, CAP_NONE), 6);
    for (word_t i = 0; i < 6; i++) {
        assert_true(reaches(HART_INIT, PINNED + i * PAGE_SIZE, 15, run + i));
        assert_int_equal(page_frame(run + i)->bindings, 1);
    }
    // It says how far it got: frames that are free, a place that is taken, the end of the table.
    ALL(page, alloc, more);
    assert_int_equal(OK(pte, map, 0, PINNED + 6 * PAGE_SIZE, more, 3, RIGHT_READ, CAP_NONE), 1);
    OK(pte, unmap, 0, PINNED + 2 * PAGE_SIZE, 2);
    assert_int_equal(OK(pte, map, 0, PINNED + 2 * PAGE_SIZE, run, 6, RIGHT_READ, CAP_NONE), 2);
    assert_int_equal(OK(pte, map, 0, CACHED - 2 * PAGE_SIZE, run, 6, RIGHT_READ, CAP_NONE), 2);
    assert_int_equal(page_frame(run)->bindings, 3);
}

static void map_crosses_tables(void **state)
{
    (void)state;
    page_t tables = fake_fresh_run(2), run = fake_fresh_run(4);
    OK(pte, untable, 0, CACHED, 0);
    OK(pte, table, 0, CACHED, 0, tables, tables + 1);
    for (word_t i = 0; i < 4; i++)
        ALL(page, alloc, run + i);
    word_t at = CACHED - 2 * PAGE_SIZE;
    assert_int_equal(OK(pte, map, 0, at, run, 4, RIGHT_READ | RIGHT_WRITE, CAP_NONE), 4);
    for (word_t i = 0; i < 4; i++)
        assert_true(reaches(HART_INIT, at + i * PAGE_SIZE, 15, run + i));
    assert_int_equal(OK(pte, protect, 0, at, 4, RIGHT_READ), 4);
    assert_false(reaches(HART_INIT, at + 3 * PAGE_SIZE, 15, run + 3));
    assert_int_equal(OK(pte, unmap, 0, at, 4), 4);
    for (word_t i = 0; i < 4; i++) {
        assert_int_equal(page_frame(run + i)->bindings, 0);
        assert_false(reaches(HART_INIT, at + i * PAGE_SIZE, 13, run + i));
    }
}

static void capability_binds_foreign_frames(void **state)
{
    (void)state;
    page_t page = data_make();
    OK(cap, mint, 1, page, RIGHT_READ | RIGHT_EXECUTE);
    fake_on(HART_A);
    OK(cap, open, 3, fake.init);
    fake_on(HART_INIT);
    OK(cap, grant, 1, family.a, 3, RIGHT_READ | RIGHT_EXECUTE);
    fake_on(HART_A);
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ | RIGHT_EXECUTE, 3);
    assert_true(reaches(HART_A, PINNED, 12, page));
    REFUSED(PERM, pte, map, 0, PINNED + PAGE_SIZE, page, 1, RIGHT_READ | RIGHT_WRITE, 3);
    assert_int_equal(OK(pte, map, 0, PINNED + PAGE_SIZE, page, 2, RIGHT_READ, 3), 1); // of one frame
    fake_on(HART_INIT);
    REFUSED(BUSY, page, give, page, 1, family.b);
}

static void protect_gives_back_no_more_than_was_bound(void **state)
{
    (void)state;
    page_t page = data_make();
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    OK(pte, protect, 0, PINNED, 1, 0);
    assert_false(reaches(HART_INIT, PINNED, 13, page));
    assert_int_equal(page_frame(page)->bindings, 1);
    OK(pte, protect, 0, PINNED, 1, RIGHT_READ | RIGHT_WRITE);
    assert_true(reaches(HART_INIT, PINNED, 15, page));
    OK(pte, protect, 0, PINNED, 1, RIGHT_READ);
    assert_false(reaches(HART_INIT, PINNED, 15, page));
    assert_int_equal(pinned_pte(PINNED) & (PTE_R | PTE_W | PTE_X | PTE_V), PTE_R | PTE_V);

    REFUSED(PERM, pte, protect, 0, PINNED, 1, RIGHT_READ | RIGHT_EXECUTE);
    REFUSED(RANGE, pte, protect, 0, PINNED, 1, RIGHT_WRITE);
    REFUSED(RANGE, pte, protect, 0, PINNED, 0, RIGHT_READ);
    REFUSED(RANGE, pte, protect, 0, PINNED, PTE_BATCH + 1, RIGHT_READ);
    REFUSED(RANGE, pte, protect, 0, PINNED + 8, 1, RIGHT_READ);
    REFUSED(RANGE, pte, protect, 0, USER_END, 1, RIGHT_READ);
    REFUSED(NOENT, pte, protect, NOBODY, PINNED, 1, RIGHT_READ);
    REFUSED(NOTABLE, pte, protect, 0, NOWHERE, 1, RIGHT_READ);
    REFUSED(NOTABLE, pte, protect, 0, CACHED, 1, RIGHT_READ);
    REFUSED(NOTABLE, pte, protect, 0, PINNED + 9 * PAGE_SIZE, 1, RIGHT_READ);
    page_t other = data_make();
    OK(pte, map, 0, PINNED + PAGE_SIZE, other, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    assert_int_equal(OK(pte, protect, 0, PINNED, 3, 0), 2); // and no further
    REFUSED(NOTABLE, pte, protect, 0, PINNED + 2 * PAGE_SIZE, 2, 0);
    fake_on(HART_A);
    REFUSED(PERM, pte, protect, family.b_space, PINNED, 1, RIGHT_READ);
}

static void unmap_unbinds(void **state)
{
    (void)state;
    page_t page = data_make();
    for (word_t i = 0; i < 3; i++)
        OK(pte, map, 0, PINNED + i * 2 * PAGE_SIZE, page, 1, RIGHT_READ, CAP_NONE);
    OK(pte, protect, 0, PINNED + 2 * PAGE_SIZE, 1, 0); // bound, though not valid
    for (word_t i = 0; i < PTE_BATCH;)
        i += OK(pte, unmap, 0, PINNED + i * PAGE_SIZE, PTE_BATCH - i);
    assert_int_equal(page_frame(page)->bindings, 0);
    assert_int_equal(page_frame(page)->links, 0);
    assert_int_equal(OK(pte, unmap, 0, NOWHERE, 5), 5); // nothing there is fine
    OK(pte, map, 0, PINNED, FAKE_UART, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    OK(pte, unmap, 0, PINNED, 1);
    OK(page, give, FAKE_UART, 1, family.a);

    REFUSED(RANGE, pte, unmap, 0, PINNED + 1, 1);
    REFUSED(RANGE, pte, unmap, 0, 0, 1);
    REFUSED(RANGE, pte, unmap, 0, PINNED, 0);
    REFUSED(RANGE, pte, unmap, 0, PINNED, PTE_BATCH + 1);
    REFUSED(RANGE, pte, unmap, 0, USER_END - PAGE_SIZE, 2);
    REFUSED(NOENT, pte, unmap, NOBODY, PINNED, 1);
    REFUSED(NOENT, pte, unmap, page, PINNED, 1);
    fake_on(HART_A);
    REFUSED(PERM, pte, unmap, family.b_space, PINNED, 1);
}

static void creator_maps_in_its_childs_space(void **state)
{
    (void)state;
    space_t space;
    env_t child = child_make(&space);
    tables_make(space);
    page_t page = frames_for(child, 1);
    OK(page, alloc, page);
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    OK(pte, map, space, PINNED, page, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    OK(pte, map, space, PINNED + PAGE_SIZE, child + 1, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    OK(pte, unmap, 0, PINNED, 1);
    assert_int_equal(page_frame(page)->bindings, 1);
    OK(env, start, child);
    REFUSED(PERM, pte, map, 0, PINNED, page, 1, RIGHT_READ, CAP_NONE);
    OK(pte, unmap, space, PINNED, 1); // its space is still its creator's
}

ROOM(pte)
{
    const struct CMUnitTest tests[] = {
        TEST(table_and_untable),
        TEST(table_waits_for_quiescence),
        TEST(table_gone_is_gone),
        TEST(map_refuses),
        TEST(kernel_objects_are_read_only),
        TEST(map_takes_runs),
        TEST(map_crosses_tables),
        TEST(capability_binds_foreign_frames),
        TEST(protect_gives_back_no_more_than_was_bound),
        TEST(unmap_unbinds),
        TEST(creator_maps_in_its_childs_space),
    };
    return RUN(tests);
}
