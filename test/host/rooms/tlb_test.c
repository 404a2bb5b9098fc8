// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shootdown: whoever lost a right has lost it on every hart when the call returns, at one remote fence per
 * hart and call, none to a hart that never ran the space. After each call fake_check compares every TLB with
 * the tables.
 */
#include "rooms_test.h"

#include "pte/pte.h"

// A sibling of A's in A's space, on the fourth hart; two harts run the space then, B's does not.
static env_t twin_start(void)
{
    page_t page = frames_for(fake.init, 3);
    env_t twin = ALL(env, create, page, page + 2, family.a_space);
    for (word_t i = 0; i < SLICES_MAX; i++)
        OK(slice, give, HART_IDLE, i, twin);
    OK(env, start, twin);
    fake_on(HART_IDLE);
    while (fake_interrupt())
        ;
    assert_int_equal(fake_env()->self, twin);
    fake_on(HART_A);
    return twin;
}

static int two_harts(void **state)
{
    family_each(state);
    twin_start();
    return 0;
}

static int two_harts_without_asids(void **state)
{
    (void)state;
    family_setup_with((struct fake_options){.harts = 4, .frames = 512, .asid_bits = 0});
    twin_start();
    return 0;
}

static int two_harts_with_software_bits(void **state)
{
    (void)state;
    family_setup_with(
        (struct fake_options){.harts = 4, .frames = 512, .asid_bits = 16, .no_walker_bits = true});
    twin_start();
    return 0;
}

static void both_reach(word_t address, word_t cause, page_t page)
{
    assert_true(reaches(HART_A, address, cause, page));
    assert_true(reaches(HART_IDLE, address, cause, page));
}

static void none_reaches(word_t address, word_t cause, page_t page)
{
    assert_false(reaches(HART_A, address, cause, page));
    assert_false(reaches(HART_IDLE, address, cause, page));
}

// One fence for the other hart of the space, and none for anybody else.
static void one_fence(void)
{
    assert_int_equal(fake_harts[HART_IDLE].fenced, 1);
    assert_int_equal(fences(), 1);
}

static void unmap_and_protect(void **state)
{
    (void)state;
    page_t page = data_make();
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    assert_int_equal(fences(), 0); // nobody loses anything by a new binding
    both_reach(PINNED, 15, page);
    OK(pte, protect, 0, PINNED, 1, RIGHT_READ);
    one_fence();
    none_reaches(PINNED, 15, page);
    both_reach(PINNED, 13, page);
    OK(pte, unmap, 0, PINNED, 1);
    one_fence();
    none_reaches(PINNED, 13, page);
    OK(page, free, page);
}

static void ranges(void **state)
{
    (void)state;
    page_t run = frames_for(family.a, 40);
    for (word_t i = 0; i < 40; i++) {
        ALL(page, alloc, run + i);
        OK(pte, map, 0, PINNED + i * PAGE_SIZE, run + i, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
        both_reach(PINNED + i * PAGE_SIZE, 15, run + i);
    }
    OK(pte, protect, 0, PINNED, 3, RIGHT_READ); // few pages are named, many are the whole space
    one_fence();
    assert_int_equal(OK(pte, protect, 0, PINNED, 40, RIGHT_READ), 40);
    one_fence();
    for (word_t i = 0; i < 40; i++)
        none_reaches(PINNED + i * PAGE_SIZE, 15, run + i);
    word_t done = OK(pte, unmap, 0, PINNED, 40);
    one_fence();
    for (word_t i = 0; i < done; i++)
        none_reaches(PINNED + i * PAGE_SIZE, 13, run + i);
    for (word_t i = 0; i < done; i++)
        assert_int_equal(page_frame(run + i)->bindings, 0);
}

// Reads or writes until nothing is in the way any more: a refill is one exception.
static bool touches(word_t hart, word_t address, word_t cause, page_t page)
{
    word_t self = fake.self;
    page_t found = 0;
    fake_on(hart);
    *env_save(fake_env(), SAVE_X_HANDLER) = 0x1000;
    bool through = false;
    for (int i = 0; i < 4 && !through; i++)
        through = fake_touch(address, cause, &found);
    fake_on(self);
    return through && found == page;
}

static void cached_bindings(void **state)
{
    (void)state;
    page_t run = frames_for(family.a, 20), stlb = frames_for(family.a, 1);
    ALL(stlb, bind, 0, stlb, 0);
    for (word_t i = 0; i < 20; i++) {
        ALL(page, alloc, run + i);
        OK(stlb, enter, 0, CACHED + i * PAGE_SIZE, run + i, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
        assert_int_equal(fences(), 0);
        assert_true(touches(HART_A, CACHED + i * PAGE_SIZE, 15, run + i));
        assert_true(touches(HART_IDLE, CACHED + i * PAGE_SIZE, 13, run + i));
    }
    OK(pte, protect, 0, CACHED, 1, RIGHT_READ);
    one_fence();
    none_reaches(CACHED, 15, run);
    OK(pte, unmap, 0, CACHED, 20); // each of them is in both TLBs
    one_fence();
    for (word_t i = 0; i < 16; i++)
        none_reaches(CACHED + i * PAGE_SIZE, 13, run + i);
}

static void displaced_bindings(void **state)
{
    (void)state;
    page_t run = frames_for(family.a, 2), stlb = frames_for(family.a, 1);
    ALL(stlb, bind, 0, stlb, 0);
    OK(stlb, ring, 0, frames_for(family.a, 1));
    ALL(page, alloc, run);
    ALL(page, alloc, run + 1);
    OK(stlb, enter, 0, CACHED, run, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    assert_true(touches(HART_IDLE, CACHED, 15, run));
    OK(stlb, enter, 0, CACHED + 128 * PAGE_SIZE, run + 1, RIGHT_READ, CAP_NONE);
    one_fence();
    none_reaches(CACHED, 13, run);
    OK(page, free, run);
    // What never reached the tables cannot be in a TLB.
    OK(page, alloc, run);
    OK(stlb, enter, 0, CACHED, run, RIGHT_READ, CAP_NONE);
    assert_int_equal(fences(), 0);
}

static void tables_taken_back(void **state)
{
    (void)state;
    page_t page = data_make(), tables = frames_for(family.a, 3);
    OK(pte, table, 0, NOWHERE, 1, tables, 0);
    OK(pte, table, 0, NOWHERE, 0, tables + 1, tables + 2);
    OK(pte, map, 0, NOWHERE, page, 1, RIGHT_READ, CAP_NONE);
    both_reach(NOWHERE, 13, page);
    OK(pte, unmap, 0, NOWHERE, 1);
    none_reaches(NOWHERE, 13, page); // ... and the walkers keep the upper levels
    OK(pte, untable, 0, NOWHERE, 0);
    one_fence();
    OK(pte, untable, 0, NOWHERE, 1);
    one_fence();
    ALL(page, alloc, tables + 1); // fake_check: nobody's walker goes there any more
    none_reaches(NOWHERE, 13, page);
}

// An entry that was invalid when the walker met it may be kept; the hart that makes it valid sees it at once.
static void invalid_entries_are_forgotten(void **state)
{
    (void)state;
    page_t page = data_make(), tables = frames_for(family.a, 3);
    assert_false(reaches(HART_A, NOWHERE, 13, page));
    OK(pte, table, 0, NOWHERE, 1, tables, 0);
    assert_false(reaches(HART_A, NOWHERE, 13, page));
    OK(pte, table, 0, NOWHERE, 0, tables + 1, tables + 2);
    assert_false(reaches(HART_A, NOWHERE, 13, page));
    OK(pte, map, 0, NOWHERE, page, 1, RIGHT_READ, CAP_NONE);
    assert_true(reaches(HART_A, NOWHERE, 13, page));
}

static void revoked_from_outside(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    page_t page = data_make();
    OK(cap, mint, 1, page, RIGHT_READ);
    fake_on(HART_A);
    OK(cap, open, 1, fake.init);
    fake_on(HART_INIT);
    OK(cap, grant, 1, family.a, 1, RIGHT_READ);
    fake_on(HART_A);
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ, 1);
    both_reach(PINNED, 13, page);
    fake_on(HART_INIT);
    OK(cap, revoke, page);
    assert_int_equal(fake_harts[HART_A].fenced, 1);
    assert_int_equal(fake_harts[HART_IDLE].fenced, 1);
    assert_int_equal(fences(), 2);
    none_reaches(PINNED, 13, page);
    OK(page, give, page, 1, family.b);
}

// Not who runs the space now, but who ran it since its hart last forgot it.
static void harts_that_ran_it_before(void **state)
{
    (void)state;
    page_t page = data_make();
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ, CAP_NONE);
    both_reach(PINNED, 13, page);
    fake_on(HART_IDLE);
    CALL(slice, wait, 1ul << 60, 0);
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
    fake_on(HART_A);
    OK(pte, unmap, 0, PINNED, 1);
    one_fence();
    fake_on(HART_B);
    page_t other = data_make();
    OK(pte, map, 0, PINNED, other, 1, RIGHT_READ, CAP_NONE);
    OK(pte, unmap, 0, PINNED, 1);
    assert_int_equal(fences(), 0); // this one ran on one hart only
}

static void a_space_that_is_gone(void **state)
{
    (void)state;
    page_t page = data_make();
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    both_reach(PINNED, 15, page);
    env_t twin = env_at(hart_number(HART_IDLE)->current)->self;
    fake_on(HART_INIT);
    page_t mine = data_make(); // outlives both environments in their space
    OK(pte, map, family.a_space, PINNED + PAGE_SIZE, mine, 1, RIGHT_READ, CAP_NONE);
    ALL(env, destroy, twin);
    fake_on(HART_A);
    OK(pte, unmap, 0, PINNED, 1);
    assert_true(reaches(HART_A, PINNED + PAGE_SIZE, 13, mine));
    *env_save(fake_env(), SAVE_X_HANDLER) = 0;
    fake_exception(2, 0); // stops it; what the hart's TLB knows stays
    fake_on(HART_INIT);
    ALL(env, destroy, family.a);
    assert_int_equal(page_frame(page)->owner, fake.init);
    assert_int_equal(page_frame(page)->kind, PAGE_FREE);
    ALL(space, destroy, family.a_space);
    for (word_t i = 0; i < hart_count; i++)
        for (word_t n = 0; n < fake_harts[i].tlb.count; n++)
            assert_int_not_equal(fake_harts[i].tlb.entries[n].root, family.a_space);
    harts_cross();
    assert_int_equal(OK(space, create, family.a_space, page), family.a_space); // perhaps with the same ASID
}

#define EACH_WAY(name) \
    cmocka_unit_test_setup_teardown(name, two_harts, invariants_each), \
    {#name " without ASIDs", name, two_harts_without_asids, invariants_each, NULL}, \
    {#name " with A and D in software", name, two_harts_with_software_bits, invariants_each, NULL}

ROOM(tlb)
{
    const struct CMUnitTest tests[] = {
        EACH_WAY(unmap_and_protect),    EACH_WAY(ranges),
        EACH_WAY(cached_bindings),      EACH_WAY(displaced_bindings),
        EACH_WAY(tables_taken_back),    EACH_WAY(invalid_entries_are_forgotten),
        EACH_WAY(revoked_from_outside), EACH_WAY(harts_that_ran_it_before),
        EACH_WAY(a_space_that_is_gone),
    };
    return RUN(tests);
}
