// SPDX-License-Identifier: BSD-2-Clause
// space: address spaces, their ASIDs, and taking them apart.

#include "rooms_test.h"

#include "pte/pte.h"

static void create_and_destroy(void **state)
{
    (void)state;
    page_t page = fake_fresh_run(8);
    REFUSED(BUSY, space, create, page, page);
    REFUSED(BUSY, space, create, page, fake.init);
    REFUSED(BUSY, space, create, family.a_space, page);
    REFUSED(NOENT, space, create, NOBODY, page);
    REFUSED(NOENT, space, create, page, KERNELS);
    REFUSED(PERM, space, create, page, frames_for(family.a, 1));
    assert_int_equal(OK(space, create, page, page + 1), page);
    assert_int_equal(page_frame(page)->kind, PAGE_ROOT);
    assert_int_equal(page_frame(page + 1)->kind, PAGE_SPACE);
    const pte_t *root = page_memory(page);
    for (int i = 0; i < 512; i++)
        assert_int_equal(root[i], i < 256 ? 0 : space_kernel_root[i]);

    REFUSED(NOENT, space, destroy, NOBODY);
    REFUSED(NOENT, space, destroy, page + 1);
    REFUSED(NOENT, space, destroy, 0);
    REFUSED(BUSY, space, destroy, family.a_space);
    REFUSED(BUSY, space, destroy, env_named(fake.init)->space->root);
    fake_on(HART_A);
    REFUSED(PERM, space, destroy, page);
    REFUSED(PERM, space, destroy, family.a_space); // its own, but init made it
    fake_on(HART_INIT);
    ALL(space, destroy, page);
    assert_int_equal(page_frame(page)->kind, PAGE_FREE);
    REFUSED(NOENT, space, destroy, page);
}

static void destroy_gives_all_frames_back(void **state)
{
    (void)state;
    page_t page = fake_fresh_run(2), tables = fake_fresh_run(40), stlb = fake_fresh_run(4),
           data = data_make();
    space_t space = OK(space, create, page, page + 1);
    ALL(stlb, bind, space, stlb, 2);
    OK(pte, table, space, 0, 1, tables, 0);
    for (word_t i = 0; i < 12; i++)
        OK(pte, table, space, i << 21, 0, tables + 1 + 2 * i, i % 2 == 0 ? tables + 2 + 2 * i : 0);
    for (word_t i = 1; i < 200; i++)
        OK(pte, map, space, i * PAGE_SIZE, data, 1, RIGHT_READ, CAP_NONE);
    for (word_t i = 0; i < 200; i++)
        OK(stlb, enter, space, (1ul << 21) + i * PAGE_SIZE, data, RIGHT_READ, CAP_NONE);
    OK(pte, map, 0, PINNED, tables + 1, 1, RIGHT_READ, CAP_NONE); // its tables are looked at
    OK(pte, map, 0, PINNED + PAGE_SIZE, page, 1, RIGHT_READ, CAP_NONE);
    OK(pte, map, 0, PINNED + 2 * PAGE_SIZE, stlb, 1, RIGHT_READ, CAP_NONE);
    OK(pte, map, 0, PINNED + 3 * PAGE_SIZE, page + 1, 1, RIGHT_READ, CAP_NONE);
    int pieces = 0;
    for (; CALL(space, destroy, space).error == ERR_AGAIN; pieces++) {
        assert_true(pieces < 1000);
        harts_cross();
    }
    refusal_note(CALL_space_destroy, ERR_AGAIN);
    assert_true(pieces > 2);
    for (word_t i = 0; i < 25; i++)
        assert_int_equal(page_frame(tables + i)->kind, PAGE_FREE);
    assert_int_equal(page_frame(stlb + 3)->kind, PAGE_FREE);
    assert_int_equal(page_frame(page)->bindings, 0);
    assert_int_equal(page_frame(data)->bindings, 0);
    assert_false(reaches(HART_INIT, PINNED, 13, tables + 1));
}

static void asids_are_unique_and_run_out(void **state)
{
    (void)state;
    page_t page = fake_fresh_run(20);
    word_t first = env_named(fake.init)->space->asid;
    assert_int_not_equal(first, 0);
    assert_int_not_equal(first, env_named(family.a)->space->asid);
    // Two bits name four spaces, one of them is the kernel's.
    family_setup_with((struct fake_options){.harts = 4, .frames = 512, .asid_bits = 2});
    page = fake_fresh_run(4);
    REFUSED(MACHINE, space, create, page, page + 1);
    ALL(env, destroy, family.b);
    ALL(space, destroy, family.b_space);
    harts_cross();
    OK(space, create, page, page + 1);
    REFUSED(MACHINE, space, create, page + 2, page + 3);
}

static void without_asids_every_switch_flushes(void **state)
{
    (void)state;
    family_setup_with((struct fake_options){.harts = 4, .frames = 512, .asid_bits = 0});
    fake_on(HART_A);
    page_t mine = data_make();
    OK(pte, map, 0, PINNED, mine, 1, RIGHT_READ, CAP_NONE);
    page_t frames = frames_for(family.a, 10);
    space_t space = ALL(space, create, frames, frames + 1);
    env_t other = ALL(env, create, frames + 2, frames + 4, space);
    tables_make(space);
    page_t theirs = data_make();
    OK(pte, map, space, PINNED, theirs, 1, RIGHT_READ, CAP_NONE);
    OK(slice, give, HART_A, 5, other);
    OK(env, start, other);
    for (int round = 0; round < 3; round++) {
        assert_true(reaches(HART_A, PINNED, 13, fake_env()->self == other ? theirs : mine));
        env_t before = fake_env()->self;
        for (int i = 0; i < 40 && fake_env()->self == before; i++)
            CALL(slice, yield, 0);
        assert_int_not_equal(fake_env()->self, before);
    }
}

ROOM(space)
{
    const struct CMUnitTest tests[] = {
        TEST(create_and_destroy), TEST(destroy_gives_all_frames_back), TEST(asids_are_unique_and_run_out),
        TEST(without_asids_every_switch_flushes),
    };
    return RUN(tests);
}
