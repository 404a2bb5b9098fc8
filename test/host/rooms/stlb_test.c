// SPDX-License-Identifier: BSD-2-Clause
// stlb: bindings without a table entry of their own, refilled on a fault, displaced, and never losing a dirty
// page.

#include "rooms_test.h"

#include "pte/pte.h"
#include "stlb/stlb.h"

static struct space *space(void) { return fake_env()->space; }

static page_t stlb_make(word_t order)
{
    page_t first = fake_fresh_run(1ul << order);
    ALL(stlb, bind, 0, first, order);
    return first;
}

// True when the access goes through in the end; counts the exceptions that reached the application.
static bool touch(word_t address, word_t cause, page_t page, int *exceptions)
{
    struct env *env = fake_env();
    page_t found = 0;
    *exceptions = 0;
    for (int i = 0; i < 3; i++) {
        *env_save(env, SAVE_X_HANDLER) = 0x1000;
        if (fake_touch(address, cause, &found))
            return found == page;
        *exceptions += *env_save(env, SAVE_X_HANDLER) == 0;
    }
    return false;
}

static void bind_and_unbind(void **state)
{
    (void)state;
    page_t first = fake_fresh_run(16);
    REFUSED(STATE, stlb, unbind, 0);
    REFUSED(RANGE, stlb, bind, 0, first, STLB_ORDER_MAX + 1);
    REFUSED(RANGE, stlb, bind, 0, first, ~0ul);
    REFUSED(NOENT, stlb, bind, NOBODY, first, 0);
    REFUSED(NOENT, stlb, bind, 0, NOBODY, 0);
    REFUSED(NOENT, stlb, bind, 0, KERNELS, 0);
    REFUSED(BUSY, stlb, bind, 0, fake.init, 0);
    REFUSED(PERM, stlb, bind, 0, frames_for(family.a, 1), 0);
    OK(page, alloc, first + 15);
    REFUSED(BUSY, stlb, bind, 0, first, 4); // the last of them is not free

    assert_int_equal(CALL(stlb, bind, 0, first, 3).error, ERR_AGAIN); // a piece at a time
    REFUSED(BUSY, stlb, bind, 0, first + 8, 2); // two at once cannot grow
    ALL(stlb, bind, 0, first, 3);
    assert_int_equal(page_frame(first + 7)->kind, PAGE_STLB);
    REFUSED(BUSY, stlb, bind, 0, first + 8, 2);

    page_t page = data_make();
    OK(stlb, enter, 0, CACHED, page, RIGHT_READ, CAP_NONE);
    REFUSED(BUSY, stlb, unbind, 0);
    OK(pte, unmap, 0, CACHED, 1);
    OK(pte, map, 0, PINNED, first, 1, RIGHT_READ, CAP_NONE);
    REFUSED(BUSY, stlb, unbind, 0); // it is looked at
    OK(pte, unmap, 0, PINNED, 1);
    REFUSED(NOENT, stlb, unbind, NOBODY);
    ALL(stlb, unbind, 0);
    assert_int_equal(page_frame(first)->kind, PAGE_FREE);
    assert_null(fake_env()->stlb);
    fake_on(HART_A);
    REFUSED(PERM, stlb, bind, family.b_space, first, 0);
    REFUSED(PERM, stlb, unbind, family.b_space);
}

static void unbind_in_pieces(void **state)
{
    (void)state;
    page_t first = stlb_make(6);
    sysret_t answer = CALL(stlb, unbind, 0);
    assert_int_equal(answer.error, ERR_AGAIN);
    refusal_note(CALL_stlb_unbind, ERR_AGAIN);
    // In between nothing can be entered, and a fault finds nothing.
    REFUSED(STATE, stlb, enter, 0, CACHED, data_make(), RIGHT_READ, CAP_NONE);
    int exceptions;
    assert_false(touch(CACHED, 13, 0, &exceptions));
    ALL(stlb, unbind, 0);
    assert_int_equal(page_frame(first)->kind, PAGE_FREE);
    assert_int_equal(page_frame(first + 63)->kind, PAGE_FREE);
    harts_cross();
    ALL(stlb, bind, 0, first, 6);
}

static void enter_refuses(void **state)
{
    (void)state;
    page_t page = data_make(), other = data_make();
    REFUSED(STATE, stlb, enter, 0, CACHED, page, RIGHT_READ, CAP_NONE); // no STLB
    stlb_make(0);
    REFUSED(STATE, stlb, enter, 0, PINNED, page, RIGHT_READ, CAP_NONE); // a pinned table
    REFUSED(RANGE, stlb, enter, 0, CACHED + 1, page, RIGHT_READ, CAP_NONE);
    REFUSED(RANGE, stlb, enter, 0, 0, page, RIGHT_READ, CAP_NONE);
    REFUSED(RANGE, stlb, enter, 0, USER_END, page, RIGHT_READ, CAP_NONE);
    REFUSED(RANGE, stlb, enter, 0, CACHED, page, 0, CAP_NONE);
    REFUSED(RANGE, stlb, enter, 0, CACHED, page, RIGHT_WRITE, CAP_NONE);
    REFUSED(RANGE, stlb, enter, 0, CACHED, page, RIGHT_EXECUTE, CAP_NONE);
    REFUSED(RANGE, stlb, enter, 0, CACHED, page, RIGHT_READ, CAPS_MAX);
    REFUSED(NOENT, stlb, enter, NOBODY, CACHED, page, RIGHT_READ, CAP_NONE);
    REFUSED(NOENT, stlb, enter, 0, CACHED, NOBODY, RIGHT_READ, CAP_NONE);
    REFUSED(NOENT, stlb, enter, 0, CACHED, KERNELS, RIGHT_READ, CAP_NONE);
    REFUSED(PERM, stlb, enter, 0, CACHED, frames_for(family.a, 1), RIGHT_READ, CAP_NONE);
    REFUSED(KIND, stlb, enter, 0, CACHED, fake_fresh(), RIGHT_READ, CAP_NONE);
    REFUSED(STALE, stlb, enter, 0, CACHED, page, RIGHT_READ, 9);
    OK(cap, mint, 9, page, RIGHT_READ);
    REFUSED(PERM, stlb, enter, 0, CACHED, other, RIGHT_READ, 9);
    OK(stlb, enter, 0, CACHED, page, RIGHT_READ, 9);
    REFUSED(BUSY, stlb, enter, 0, CACHED, other, RIGHT_READ, CAP_NONE);
    // A refused binding displaces nothing.
    REFUSED(KIND, stlb, enter, 0, CACHED + 128 * PAGE_SIZE, fake_fresh(), RIGHT_READ, CAP_NONE);
    assert_non_null(stlb_find(space(), CACHED));
    fake_on(HART_A);
    REFUSED(PERM, stlb, enter, family.b_space, CACHED, page, RIGHT_READ, CAP_NONE);
}

static void a_hit_refills_unseen(void **state)
{
    (void)state;
    page_t page = data_make();
    int exceptions;
    stlb_make(0);
    OK(stlb, enter, 0, CACHED, page, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    assert_int_equal(page_frame(page)->bindings, 1);
    assert_int_equal(*pte_walk(space(), CACHED).slot, 0); // the entry alone is the binding
    assert_true(touch(CACHED, 13, page, &exceptions));
    assert_int_equal(exceptions, 0);
    assert_true(touch(CACHED, 15, page, &exceptions));
    assert_int_equal(exceptions, 0);
    assert_false(touch(CACHED, 12, page, &exceptions)); // a right it has not is the application's
    assert_int_equal(exceptions, 3);
    assert_false(touch(CACHED + PAGE_SIZE, 13, page, &exceptions));
    assert_int_equal(exceptions, 3);
}

// The leaf table may come after the entry, go, and come back.
static void tables_come_and_go(void **state)
{
    (void)state;
    page_t page = data_make(), table = fake_fresh_run(3);
    int exceptions;
    stlb_make(0);
    OK(stlb, enter, 0, NOWHERE, page, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    assert_false(touch(NOWHERE, 13, page, &exceptions)); // no table: the library names one
    assert_int_equal(exceptions, 3);
    OK(pte, table, 0, NOWHERE, 1, table, 0);
    OK(pte, table, 0, NOWHERE, 0, table + 1, 0);
    assert_true(touch(NOWHERE, 15, page, &exceptions));
    assert_int_equal(exceptions, 0);
    ALL(pte, untable, 0, NOWHERE, 0);
    assert_int_equal(page_frame(page)->bindings, 1); // the binding stays
    assert_false(reaches(HART_INIT, NOWHERE, 13, page));
    assert_true(stlb_find(space(), NOWHERE)->pte & PTE_D); // and with it that it was written
    ALL(page, alloc, table + 1);
    OK(pte, table, 0, NOWHERE, 0, table + 2, 0);
    assert_true(touch(NOWHERE, 13, page, &exceptions));
    assert_int_equal(exceptions, 0);
}

// A large STLB forgets a table in pieces; a piece later nothing names it any more.
static void untable_in_pieces(void **state)
{
    (void)state;
    page_t page = data_make(), table = fake_fresh();
    stlb_make(2);
    OK(stlb, ring, 0, fake_fresh());
    for (word_t i = 0; i < 400; i++)
        OK(stlb, enter, 0, CACHED + i * PAGE_SIZE, page, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    int exceptions;
    assert_true(touch(CACHED + 399 * PAGE_SIZE, 15, page, &exceptions));
    assert_true(touch(CACHED + 398 * PAGE_SIZE, 13, page, &exceptions));
    sysret_t answer = CALL(pte, untable, 0, CACHED, 0);
    assert_int_equal(answer.error, ERR_AGAIN);
    refusal_note(CALL_pte_untable, ERR_AGAIN);
    assert_false(reaches(HART_INIT, CACHED + 399 * PAGE_SIZE, 13, page));
    assert_false(touch(CACHED + 399 * PAGE_SIZE, 13, page, &exceptions)); // no table there
    REFUSED(BUSY, pte, untable, 0, PINNED, 0); // one at a time
    invariants();
    OK(pte, table, 0, CACHED, 0, table, 0); // another one may come meanwhile
    assert_true(touch(CACHED + 10 * PAGE_SIZE, 15, page, &exceptions));
    assert_true(touch(CACHED + 397 * PAGE_SIZE, 13, page, &exceptions));
    invariants();
    ALL(pte, untable, 0, CACHED, 0);
    invariants();
    ALL(pte, unmap, 0, CACHED + 390 * PAGE_SIZE, 8);
    word_t displaced = OK(stlb, enter, 0, CACHED + (512 + 399) * PAGE_SIZE, page, RIGHT_READ, CAP_NONE);
    assert_int_equal(displaced, (CACHED + 399 * PAGE_SIZE) | 3); // dirty, as it was in the table that went
}

static void displacing_tells_what_was_written(void **state)
{
    (void)state;
    page_t page = data_make();
    int exceptions;
    stlb_make(0);
    OK(stlb, ring, 0, fake_fresh());
    const word_t alias = 128 * PAGE_SIZE;
    OK(stlb, enter, 0, CACHED, page, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    assert_int_equal(OK(stlb, enter, 0, CACHED + alias, page, RIGHT_READ | RIGHT_WRITE, CAP_NONE),
                     CACHED | 1);
    assert_true(touch(CACHED + alias, 13, page, &exceptions)); // read only
    assert_int_equal(OK(stlb, enter, 0, CACHED, page, RIGHT_READ | RIGHT_WRITE, CAP_NONE),
                     (CACHED + alias) | 1);
    assert_true(touch(CACHED, 15, page, &exceptions));
    OK(pte, protect, 0, CACHED, 1, RIGHT_READ);
    assert_false(reaches(HART_INIT, CACHED, 15, page));
    assert_int_equal(OK(stlb, enter, 0, CACHED + alias, page, RIGHT_READ, CAP_NONE), CACHED | 3);
    assert_int_equal(page_frame(page)->bindings, 1);
}

static void protect_keeps_the_bound(void **state)
{
    (void)state;
    page_t page = data_make();
    int exceptions;
    stlb_make(0);
    OK(stlb, enter, 0, CACHED, page, RIGHT_READ, CAP_NONE);
    REFUSED(PERM, pte, protect, 0, CACHED, 1, RIGHT_READ | RIGHT_WRITE);
    OK(pte, protect, 0, CACHED, 1, 0);
    assert_false(touch(CACHED, 13, page, &exceptions));
    assert_true(exceptions >= 2); // the first may be a refill, in vain
    OK(pte, protect, 0, CACHED, 1, RIGHT_READ);
    assert_true(touch(CACHED, 13, page, &exceptions));
    OK(pte, unmap, 0, CACHED, 1);
    assert_int_equal(page_frame(page)->bindings, 0);
    assert_false(touch(CACHED, 13, page, &exceptions));
    OK(page, free, page);
}

// A pinned table over an address where an entry sleeps: the entry is not heard of until the table is gone.
static void dormant_entries(void **state)
{
    (void)state;
    page_t page = data_make(), other = data_make(), table = fake_fresh_run(3);
    int exceptions;
    stlb_make(0);
    OK(stlb, enter, 0, CACHED, page, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    ALL(pte, untable, 0, CACHED, 0);
    OK(pte, table, 0, CACHED, 0, table, table + 1);
    assert_false(touch(CACHED, 15, page, &exceptions));
    OK(pte, map, 0, CACHED, other, 1, RIGHT_READ, CAP_NONE);
    assert_true(touch(CACHED, 13, other, &exceptions));
    assert_false(touch(CACHED, 15, page, &exceptions));
    OK(pte, unmap, 0, CACHED, 1);
    OK(pte, untable, 0, CACHED, 0);
    // The frame of the table is data now; a dormant entry must not bind a table, nor one its old frame.
    ALL(page, alloc, table);
    OK(cap, revoke, page);
    assert_int_equal(page_frame(page)->bindings, 0);
    OK(page, free, page);
    OK(pte, table, 0, CACHED, 0, page, 0);
    assert_false(touch(CACHED, 15, page, &exceptions));
}

static void environments_of_a_space_share_it(void **state)
{
    (void)state;
    page_t frames = fake_fresh_run(3), page = data_make();
    env_t late = ALL(env, create, frames, frames + 2, 0);
    stlb_make(0);
    assert_ptr_equal(env_named(late)->stlb, space());
    frames = fake_fresh_run(3);
    env_t later = ALL(env, create, frames, frames + 2, 0);
    assert_ptr_equal(env_named(later)->stlb, space());
    OK(stlb, enter, 0, CACHED, page, RIGHT_READ, CAP_NONE);
    OK(pte, unmap, 0, CACHED, 1);
    ALL(stlb, unbind, 0);
    assert_null(env_named(late)->stlb);
    frames = fake_fresh_run(3);
    assert_null(env_named(ALL(env, create, frames, frames + 2, 0))->stlb);
}

static int software_bits(void **state)
{
    (void)state;
    family_setup_with(
        (struct fake_options){.harts = 4, .frames = 512, .asid_bits = 16, .no_walker_bits = true});
    return 0;
}
#define TEST_SOFTWARE_BITS(name)                                                                             \
    {                                                                                                        \
#name " with A and D in software", name, software_bits, invariants_each, NULL                        \
    }

ROOM(stlb)
{
    const struct CMUnitTest tests[] = {
        TEST(bind_and_unbind), TEST(unbind_in_pieces), TEST(enter_refuses), TEST(a_hit_refills_unseen),
        TEST(tables_come_and_go), TEST(untable_in_pieces), TEST(displacing_tells_what_was_written),
        TEST(protect_keeps_the_bound), TEST(dormant_entries), TEST(environments_of_a_space_share_it),
        TEST_SOFTWARE_BITS(a_hit_refills_unseen), TEST_SOFTWARE_BITS(tables_come_and_go),
        TEST_SOFTWARE_BITS(displacing_tells_what_was_written), TEST_SOFTWARE_BITS(protect_keeps_the_bound),
    };
    return RUN(tests);
}
