// SPDX-License-Identifier: BSD-2-Clause
// cap: capabilities are made, weakened, granted, dropped and revoked.

#include "rooms_test.h"

#include "cap/cap.h"
#include "pte/pte.h"

static const struct cap *slot_of(env_t env, slot_t slot) { return &env_named(env)->caps[slot]; }

static void mint_takes_ones_own(void **state)
{
    (void)state;
    page_t page = data_make();
    OK(cap, mint, 1, page, RIGHT_READ | RIGHT_WRITE);
    OK(cap, mint, 2, family.a, RIGHT_CALL);
    OK(cap, mint, 3, FAKE_UART, RIGHT_READ);
    OK(cap, mint, 4, fake.init, RIGHT_CALL); // a door to itself
    assert_int_equal(slot_of(fake.init, 2)->gate, env_boundary(env_named(family.a)));

    REFUSED(RANGE, cap, mint, CAPS_MAX, page, RIGHT_READ);
    REFUSED(RANGE, cap, mint, 5, page, 0);
    REFUSED(RANGE, cap, mint, 5, page, RIGHT_CALL);
    REFUSED(RANGE, cap, mint, 5, family.a, RIGHT_READ);
    REFUSED(NOENT, cap, mint, 5, NOBODY, RIGHT_READ);
    REFUSED(NOENT, cap, mint, 5, KERNELS, RIGHT_READ);
    REFUSED(KIND, cap, mint, 5, fake_fresh(), RIGHT_READ);
    REFUSED(KIND, cap, mint, 5, family.a + 1, RIGHT_READ);
    REFUSED(KIND, cap, mint, 5, family.a_space, RIGHT_READ);
    REFUSED(BUSY, cap, mint, 1, page, RIGHT_READ);
    fake_on(HART_A);
    REFUSED(PERM, cap, mint, 5, page, RIGHT_READ);
    REFUSED(PERM, cap, mint, 5, family.b, RIGHT_CALL);
    REFUSED(PERM, cap, mint, 5, family.a + 1, RIGHT_CALL);
    OK(cap, mint, 5, family.a, RIGHT_NOTIFY);
}

static void copy_weakens(void **state)
{
    (void)state;
    OK(cap, mint, 1, data_make(), RIGHT_READ | RIGHT_EXECUTE);
    OK(cap, copy, 1, 2, RIGHT_READ);
    REFUSED(PERM, cap, copy, 2, 3, RIGHT_READ | RIGHT_EXECUTE);
    REFUSED(PERM, cap, copy, 2, 3, 0);
    REFUSED(RANGE, cap, copy, CAPS_MAX, 3, RIGHT_READ);
    REFUSED(RANGE, cap, copy, 1, CAPS_MAX, RIGHT_READ);
    REFUSED(RANGE, cap, copy, ~0ul, 3, RIGHT_READ);
    REFUSED(STALE, cap, copy, 9, 3, RIGHT_READ);
    REFUSED(BUSY, cap, copy, 1, 2, RIGHT_READ);
}

static void grant_needs_an_open_slot(void **state)
{
    (void)state;
    OK(cap, mint, 1, family.b, RIGHT_CALL | RIGHT_NOTIFY);
    REFUSED(CLOSED, cap, grant, 1, family.a, 5, RIGHT_CALL);
    fake_on(HART_A);
    OK(cap, open, 5, family.b);
    fake_on(HART_INIT);
    REFUSED(CLOSED, cap, grant, 1, family.a, 5, RIGHT_CALL); // opened for somebody else
    fake_on(HART_A);
    OK(cap, open, 5, fake.init);
    fake_on(HART_INIT);
    OK(cap, grant, 1, family.a, 5, RIGHT_NOTIFY);
    assert_true(*env_save(env_named(family.a), SAVE_PENDING) & EVENT_BIT(GRANTED));
    REFUSED(CLOSED, cap, grant, 1, family.a, 5, RIGHT_CALL); // full
    REFUSED(RANGE, cap, grant, CAPS_MAX, family.a, 5, RIGHT_CALL);
    REFUSED(RANGE, cap, grant, 1, family.a, CAPS_MAX, RIGHT_CALL);
    REFUSED(STALE, cap, grant, 7, family.a, 5, RIGHT_CALL);
    REFUSED(PERM, cap, grant, 1, family.a, 5, RIGHT_YIELD);
    REFUSED(PERM, cap, grant, 1, family.a, 5, 0);
    REFUSED(NOENT, cap, grant, 1, NOBODY, 5, RIGHT_CALL);

    fake_on(HART_A);
    OK(env, notify, 5, 1ul << 40);
    REFUSED(BUSY, cap, open, 5, fake.init);
    REFUSED(RANGE, cap, open, CAPS_MAX, fake.init);
    REFUSED(NOENT, cap, open, 6, NOBODY);
    REFUSED(NOENT, cap, open, 6, family.a + 1);
}

static void grant_to_an_unstarted_child_needs_none(void **state)
{
    (void)state;
    space_t space;
    env_t child = child_make(&space);
    OK(cap, mint, 1, family.b, RIGHT_CALL);
    OK(cap, grant, 1, child, 0, RIGHT_CALL);
    OK(env, start, child);
    REFUSED(CLOSED, cap, grant, 1, child, 1, RIGHT_CALL);
}

static void open_is_for_one_environment_not_its_name(void **state)
{
    (void)state;
    space_t space;
    env_t child = child_make(&space);
    fake_on(HART_B);
    OK(cap, open, 5, child);
    fake_on(HART_INIT);
    page_t caps = physical(env_named(child)->caps) >> PAGE_SHIFT;
    ALL(env, destroy, child);
    harts_cross();
    OK(env, create, child, caps, space); // a namesake
    OK(cap, mint, 1, family.a, RIGHT_CALL);
    OK(cap, grant, 1, child, 0, RIGHT_CALL);
    for (word_t i = 0; i < SLICES_MAX; i++)
        OK(slice, give, HART_IDLE, i, child);
    OK(env, start, child);
    fake_on(HART_IDLE);
    while (fake_interrupt())
        ;
    REFUSED(CLOSED, cap, grant, 0, family.b, 5, RIGHT_CALL);
    fake_on(HART_INIT);
}

static void drop_empties_and_closes(void **state)
{
    (void)state;
    OK(cap, mint, 1, family.b, RIGHT_CALL);
    OK(cap, drop, 1);
    REFUSED(STALE, cap, drop, 1);
    REFUSED(RANGE, cap, drop, CAPS_MAX);
    assert_int_not_equal(slot_of(fake.init, 1)->gate, env_boundary(env_named(family.b)));

    OK(cap, mint, 1, family.b, RIGHT_CALL);
    fake_on(HART_A);
    OK(cap, open, 5, fake.init);
    OK(cap, drop, 5); // an opened slot can be closed again
    fake_on(HART_INIT);
    REFUSED(CLOSED, cap, grant, 1, family.a, 5, RIGHT_CALL);
}

static void revoke_ends_all_copies(void **state)
{
    (void)state;
    page_t page = data_make();
    OK(cap, mint, 1, page, RIGHT_READ);
    fake_on(HART_A);
    OK(cap, open, 5, fake.init);
    fake_on(HART_INIT);
    OK(cap, grant, 1, family.a, 5, RIGHT_READ);
    fake_on(HART_A);
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ, 5);
    assert_true(reaches(HART_A, PINNED, 13, page));
    fake_on(HART_INIT);
    OK(cap, revoke, page);
    assert_false(reaches(HART_A, PINNED, 13, page));
    assert_int_equal(page_frame(page)->bindings, 0);
    fake_on(HART_A);
    REFUSED(STALE, pte, map, 0, PINNED, page, 1, RIGHT_READ, 5);

    fake_on(HART_INIT);
    REFUSED(NOENT, cap, revoke, NOBODY);
    REFUSED(NOENT, cap, revoke, KERNELS);
    REFUSED(KIND, cap, revoke, fake_fresh());
    REFUSED(KIND, cap, revoke, family.a_space);
    fake_on(HART_A);
    REFUSED(PERM, cap, revoke, page);
}

static void revoke_works_in_pieces(void **state)
{
    (void)state;
    page_t page = data_make();
    for (word_t i = 0; i < PTE_BREAK_BATCH + 30; i++)
        OK(pte, map, 0, PINNED + i * PAGE_SIZE, page, 1, RIGHT_READ, CAP_NONE);
    uint64_t epoch = page_frame(page)->epoch;
    sysret_t answer = CALL(cap, revoke, page);
    assert_int_equal(answer.error, ERR_AGAIN);
    assert_int_equal(answer.value, page_frame(page)->bindings);
    assert_int_equal(answer.value, 30);
    ALL(cap, revoke, page);
    assert_int_equal(page_frame(page)->epoch, epoch + 1);
    assert_int_equal(page_frame(page)->bindings, 0);
    OK(cap, mint, 1, page, RIGHT_READ); // it lives on
}

static void revoke_of_an_environment_closes_its_door(void **state)
{
    (void)state;
    OK(cap, mint, 1, family.a, RIGHT_NOTIFY);
    OK(env, notify, 1, 1ul << 32);
    OK(cap, revoke, family.a);
    REFUSED(STALE, env, notify, 1, 1ul << 32);
}

ROOM(cap)
{
    const struct CMUnitTest tests[] = {
        TEST(mint_takes_ones_own), TEST(copy_weakens), TEST(grant_needs_an_open_slot),
        TEST(grant_to_an_unstarted_child_needs_none), TEST(open_is_for_one_environment_not_its_name),
        TEST(drop_empties_and_closes), TEST(revoke_ends_all_copies), TEST(revoke_works_in_pieces),
        TEST(revoke_of_an_environment_closes_its_door),
    };
    return RUN(tests);
}
