// SPDX-License-Identifier: BSD-2-Clause
/*
 * slice: schedulers that stall. A schedules children at index 1, 2 ... of its board; all of its hart's slices are A's, and
 * the children own none. init, which made A, is told.
 */
#include "rooms_test.h"

#include "machine/machine.h"
#include "slice/slice.h"
#include <rivet/board.h>

#define FOREVER  (~0ul)
#define CHILDREN 3

static env_t children[CHILDREN];

static struct env *a(void) { return env_named(family.a); }
static struct hart *a_hart(void) { return hart_number(HART_A); }
static env_t runs(word_t hart) { return env_at(hart_number(hart)->current)->self; }
static word_t lost(void) { return OK(env, info, family.a, ENV_LOST_TURNS); }

static bool init_told(void)
{
    word_t *pending = env_save(env_named(fake.init), SAVE_PENDING), bit = EVENT_BIT(CHILD);
    bool told = (*pending & bit) != 0;
    *pending &= ~bit;
    return told;
}

// Whoever has A's hart uses its turn to the end, and is switched.
static void turn_use(void)
{
    time_pass(a_hart()->slice_end + machine_info->grace_ticks + 1 - fake.time);
    fake_on(HART_A);
}

static void turns_use(word_t count)
{
    while (count-- > 0)
        turn_use();
}

static void children_make(word_t count)
{
    fake_on(HART_A);
    for (word_t i = 0; i < count; i++) {
        page_t frames = frames_for(family.a, 3);
        children[i] = ALL(env, create, frames, frames + 2, 0);
        OK(cap, mint, 10 + i, children[i], RIGHTS_ENV);
        OK(board, join, children[i], CAP_NONE, 1 + i);
        OK(env, start, children[i]);
    }
    harts_cross();
}

static int scheduling(void **state)
{
    family_each(state);
    fake_on(HART_A);
    ALL(board, bind, frames_for(family.a, 1));
    children_make(2);
    turn_use();
    a()->lost_turns = 0; // whatever turn that was
    init_told();
    return 0;
}

static void stall(void)
{
    turns_use(STALL_TURNS);
    assert_true(init_told());
}

static void lost_turns_are_counted_and_told(void **state)
{
    (void)state;
    for (word_t i = 1; i < STALL_TURNS; i++) {
        turn_use();
        assert_int_equal(runs(HART_A), family.a);
        assert_int_equal(lost(), i);
        assert_false(init_told());
    }
    turn_use();
    assert_true(init_told());
    assert_int_equal(lost(), STALL_TURNS);
}

static void its_slices_go_round_its_children(void **state)
{
    (void)state;
    stall();
    for (int round = 0; round < 3; round++) {
        assert_int_equal(runs(HART_A), children[0]);
        turn_use();
        assert_int_equal(runs(HART_A), children[1]);
        turn_use();
        assert_int_equal(runs(HART_A), family.a);
        assert_int_equal(lost(), STALL_TURNS + round);
        assert_false(init_told()); // once is enough
        turn_use();
    }
}

static void who_decides_again_has_its_slices_back(void **state)
{
    (void)state;
    stall();
    turns_use(2);
    assert_int_equal(runs(HART_A), family.a);
    CALL(slice, donate, 10, FOREVER, 0, 0);
    assert_int_equal(runs(HART_A), children[0]);
    turn_use(); // the donation ends first
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(lost(), 0);
    turn_use();
    assert_int_equal(runs(HART_A), family.a);
}

static void who_waits_has_its_slices_back(void **state)
{
    (void)state;
    stall();
    turns_use(2);
    *env_save(a(), SAVE_PENDING) = 0;
    CALL(slice, wait, EVENT_BIT(BOARD), 0);
    assert_int_equal(env_named(family.a)->lost_turns, 0);
    assert_int_equal(a_hart()->idle, 1);
}

static void who_runs_others_loses_no_turn(void **state)
{
    (void)state;
    for (word_t i = 0; i < 3 * STALL_TURNS; i++) {
        CALL(slice, donate, 10 + i % 2, fake.time + 100, 0, 0);
        time_pass(100);
        fake_on(HART_A);
        turn_use();
        assert_int_equal(runs(HART_A), family.a);
        assert_int_equal(lost(), 0);
    }
}

// Each child calls it: nobody is ready whom A could run.
static void nobody_to_run_is_no_loss(void **state)
{
    (void)state;
    for (word_t i = 0; i < 2; i++) {
        CALL(slice, donate, 10 + i, FOREVER, 0, 0);
        CALL(slice, wait, EVENT_BIT(ALARM), 0);
        assert_int_equal(runs(HART_A), family.a);
    }
    turns_use(2 * STALL_TURNS);
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(lost(), 0);
}

static void who_has_slices_needs_no_scheduler(void **state)
{
    (void)state;
    for (word_t i = 0; i < 2; i++)
        OK(slice, give, HART_A, i, children[i]);
    for (word_t i = 0; i < 3 * SLICES_MAX; i++) {
        turn_use();
        assert_int_equal(a()->lost_turns, 0);
    }
    assert_false(init_told());
}

static void a_deadline_that_passed_is_something_to_do(void **state)
{
    (void)state;
    CALL(slice, donate, 10, FOREVER, 0, 0);
    fake.time += 10;
    CALL(slice, wait, 0, fake.time + 2 * STALL_TURNS * machine_info->slice_ticks);
    assert_int_equal(runs(HART_A), family.a);
    turn_use();
    stall();
    assert_int_equal(runs(HART_A), children[1]);
    for (word_t i = 0; i < 4 * STALL_TURNS && runs(HART_A) != children[0]; i++)
        turn_use();
    assert_int_equal(runs(HART_A), children[0]);
}

// The short way of a yield leads to no owner that stalled.
static void a_neighbour_yields_to_its_children(void **state)
{
    (void)state;
    page_t frames = frames_for(family.a, 3);
    env_t twin = ALL(env, create, frames, frames + 2, 0);
    OK(env, start, twin);
    stall();
    assert_int_equal(runs(HART_A), children[0]);
    turns_use(2);
    assert_int_equal(runs(HART_A), family.a);
    for (word_t i = 0; i < SLICES_MAX; i += 2)
        OK(slice, give, HART_A, (a_hart()->position + 1 + i) % SLICES_MAX, twin);
    for (int i = 0; i < 2; i++) {
        turn_use();
        assert_int_equal(runs(HART_A), twin);
        fake.time += 10;
        CALL(slice, yield);
        assert_int_equal(runs(HART_A), children[i]);
    }
}

static void another_hart_of_its_own_takes_them_over(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    OK(slice, give, HART_IDLE, 0, family.a);
    stall();
    assert_int_equal(runs(HART_A), children[0]);
    time_pass(machine_info->slice_ticks);
    assert_int_equal(hart_number(HART_IDLE)->idle, 0);
    assert_true(runs(HART_IDLE) == children[1] || runs(HART_IDLE) == family.a);
}

static void its_name_stays_with_orphans(void **state)
{
    (void)state;
    assert_int_equal(*env_save(env_named(children[0]), SAVE_SCHEDULER), family.a);
    stall();
    turns_use(2);
    assert_int_equal(runs(HART_A), family.a);
    ALL(env, exit, 3);
    assert_true(init_told());
    assert_true(*env_save(env_named(children[0]), SAVE_PENDING) & EVENT_BIT(ORPHANED));
    assert_int_equal(*env_save(env_named(children[0]), SAVE_SCHEDULER), family.a);
    assert_int_equal(a_hart()->idle, 1); // its slices are passed over
}

static void a_new_board_begins_anew(void **state)
{
    (void)state;
    stall();
    turns_use(2);
    for (word_t i = 0; i < 2; i++)
        OK(board, leave, children[i]);
    ALL(board, bind, 0);
    harts_cross();
    page_t board = frames_for(family.a, 1);
    ALL(board, bind, board);
    assert_int_equal(lost(), 0);
    turn_use();
    assert_int_equal(runs(HART_A), family.a);
}

#define SCHEDULES(name) cmocka_unit_test_setup_teardown(name, scheduling, invariants_each)

ROOM(stall)
{
    const struct CMUnitTest tests[] = {
        SCHEDULES(lost_turns_are_counted_and_told),
        SCHEDULES(its_slices_go_round_its_children),
        SCHEDULES(who_decides_again_has_its_slices_back),
        SCHEDULES(who_waits_has_its_slices_back),
        SCHEDULES(who_runs_others_loses_no_turn),
        SCHEDULES(nobody_to_run_is_no_loss),
        SCHEDULES(who_has_slices_needs_no_scheduler),
        SCHEDULES(a_deadline_that_passed_is_something_to_do),
        SCHEDULES(a_neighbour_yields_to_its_children),
        SCHEDULES(another_hart_of_its_own_takes_them_over),
        SCHEDULES(its_name_stays_with_orphans),
        SCHEDULES(a_new_board_begins_anew),
    };
    return RUN(tests);
}
