// SPDX-License-Identifier: BSD-2-Clause
/*
 * pct: transfers, their refusals, deadlines, and the death of either side. B accepts, A calls; B goes on A's
 * hart then.
 */
#include "rooms_test.h"

#include "machine/machine.h"

#define ENTRY 0xa000ul
#define STACK 0xb000ul
#define SLOT 5

static env_t runs(word_t hart) { return env_at(hart_number(hart)->current)->self; }
static word_t *regs(void) { return fake_self()->regs; }

static void accept(word_t hart, word_t events)
{
    fake_on(hart);
    regs()[REG_RA] = 0xaccef7;
    CALL(pct, accept, ENTRY, STACK, events);
}

// A holds a capability to B with these rights.
static void door(word_t rights)
{
    fake_on(HART_A);
    OK(cap, open, SLOT, fake.init);
    fake_on(HART_INIT);
    OK(cap, mint, SLOT, family.b, rights);
    OK(cap, grant, SLOT, family.a, SLOT, rights);
}

static int door_open(void **state)
{
    family_each(state);
    door(RIGHT_CALL);
    accept(HART_B, 1ul << 50);
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
    fake_on(HART_A);
    regs()[REG_RA] = 0x4444;
    regs()[REG_SP] = 0x5550;
    return 0;
}

static void call_and_return(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) { // the first is slow, for B ran elsewhere
        for (word_t i = 0; i < 8; i++)
            regs()[REG_A0 + i] = 0;
        regs()[18] = 0x1818;
        CALL(pct, call, SLOT, 0, 33, 44);
        assert_int_equal(runs(HART_A), family.b);
        assert_int_equal(regs()[REG_PC], ENTRY);
        assert_int_equal(regs()[REG_SP], STACK);
        assert_int_equal(regs()[REG_T1], family.a);
        assert_int_equal(regs()[REG_A0 + 2], 33);
        assert_int_equal(regs()[18], 0x1818);
        assert_int_equal(env_state(env_named(family.a)), ENV_CALLING);
        regs()[19] = 0x1919;
        CALL(pct, return, 55, 66);
        assert_int_equal(runs(HART_A), family.a);
        assert_int_equal(regs()[REG_PC], 0x4444);
        assert_int_equal(regs()[REG_SP], 0x5550);
        assert_int_equal(regs()[REG_T0], ERR_OK);
        assert_int_equal(regs()[REG_A0], 55);
        assert_int_equal(regs()[19], 0x1919);
        assert_int_equal(env_state(env_named(family.b)), ENV_ACCEPTING);
    }
}

static void refusals(void **state)
{
    (void)state;
    REFUSED(STALE, pct, call, 9, 0);
    REFUSED(STALE, pct, call, 9, fake.time + 100);
    REFUSED(DEADLINE, pct, call, SLOT, fake.time);
    REFUSED(DEADLINE, pct, call, SLOT, 1);
    OK(cap, mint, 6, family.a, RIGHTS_ENV);
    REFUSED(BUSY, pct, call, 6, 0); // itself
    OK(cap, mint, 7, family.a, RIGHT_NOTIFY);
    REFUSED(PERM, pct, call, 7, 0);
    REFUSED(STATE, pct, return, 0); // nobody called: forged
    REFUSED(RANGE, pct, send, CAPS_MAX, 0);
    REFUSED(STALE, pct, send, 9, 0);
    REFUSED(PERM, pct, send, 7, 0);
    REFUSED(BUSY, pct, send, 6, 0);
    REFUSED(RANGE, pct, accept, 0, STACK, 0);
    REFUSED(RANGE, pct, accept, ENTRY + 1, STACK, 0);
    REFUSED(RANGE, pct, accept, USER_END, STACK, 0);
    REFUSED(RANGE, pct, accept, DIRECT_BASE, STACK, 0);
    *env_save(fake_env(), SAVE_PENDING) = 1ul << 60;
    REFUSED(PENDING, pct, accept, ENTRY, STACK, 1ul << 60);
    *env_save(fake_env(), SAVE_PENDING) = 0;

    CALL(pct, call, SLOT, 0);
    assert_int_equal(runs(HART_A), family.b);
    REFUSED(STATE, pct, accept, ENTRY, STACK, 0); // somebody waits for it
    fake_on(HART_INIT);
    REFUSED(BUSY, pct, call, SLOT, 0);
    REFUSED(BUSY, pct, send, SLOT, 0);
    fake_on(HART_A);
    CALL(pct, return, 0);
    fake_on(HART_INIT);
    OK(env, stop, family.b);
    REFUSED(DEAD, pct, call, SLOT, 0);
    REFUSED(DEAD, pct, send, SLOT, 0);
    OK(cap, revoke, family.b);
    REFUSED(STALE, pct, call, SLOT, 0);
}

static void accept_ends_with_an_event(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    OK(cap, mint, 8, family.b, RIGHT_NOTIFY);
    OK(env, notify, 8, 1ul << 51); // not in the mask
    harts_cross();
    assert_int_equal(fake_harts[HART_B].mode, FAKE_SLEEPS);
    OK(env, notify, 8, 1ul << 50);
    harts_cross();
    fake_on(HART_B);
    assert_int_equal(fake_self()->mode, FAKE_USER);
    assert_int_equal(regs()[REG_PC], 0xaccef7);
    assert_int_equal(regs()[REG_A0], ERR_OK);
    assert_int_equal(regs()[REG_A1], 1ul << 50);
    fake_on(HART_A);
    REFUSED(BUSY, pct, call, SLOT, 0); // its gate is closed
}

// An event that comes while it serves a call waits for the gate, and then for no alarm.
static void an_event_during_a_call_is_not_lost(void **state)
{
    (void)state;
    CALL(pct, call, SLOT, 0);
    CALL(pct, return, 0);
    CALL(pct, call, SLOT, 0); // fast: nothing of it passes through C
    fake_on(HART_INIT);
    OK(cap, mint, 8, family.b, RIGHT_NOTIFY);
    OK(env, notify, 8, 1ul << 50);
    fake_on(HART_A);
    CALL(pct, return, 0);
    for (int i = 0; i < 3; i++)
        time_pass(machine_info->slice_ticks / 2);
    assert_int_equal(fake_harts[HART_B].mode, FAKE_USER);
    assert_int_equal(runs(HART_B), family.b);
}

static void send_waits_for_nothing(void **state)
{
    (void)state;
    CALL(pct, send, SLOT, 0x1234);
    assert_int_equal(runs(HART_A), family.b);
    assert_int_equal(regs()[REG_PC], ENTRY);
    assert_int_equal(regs()[REG_SP], STACK);
    assert_int_equal(regs()[REG_A0], 0x1234);
    assert_int_equal(regs()[REG_A1], family.a);
    assert_int_equal(env_named(family.a)->claim, CLAIM_STOPPED); // ready for its next slice
    CALL(pct, return, 0); // nobody waits: it accepts again
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(env_state(env_named(family.b)), ENV_ACCEPTING);
}

static void a_deadline_ends_the_call(void **state)
{
    (void)state;
    CALL(pct, call, SLOT, fake.time + 300);
    assert_int_equal(runs(HART_A), family.b);
    assert_int_equal(fake_self()->timer, fake.time + 300);
    regs()[20] = 0x2020;
    time_pass(299);
    assert_int_equal(runs(HART_A), family.b);
    time_pass(1);
    fake_on(HART_A);
    assert_int_equal(runs(HART_A), family.a); // in the same slice
    assert_int_equal(regs()[REG_PC], 0x4444);
    assert_int_equal(regs()[REG_T0], ERR_DEADLINE);
    refusal_note(CALL_pct_call, ERR_DEADLINE);
    assert_int_equal(regs()[20], 0);
    assert_int_equal(fake_harts[HART_B].mode, FAKE_USER); // the callee goes on in its own slices
    assert_int_equal(runs(HART_B), family.b);
    assert_int_equal(fake_harts[HART_B].regs[20], 0x2020);
    fake_on(HART_B);
    CALL(pct, return, 0); // to nobody
    assert_int_equal(env_state(env_named(family.b)), ENV_ACCEPTING);
}

// A call in time leaves nothing of its deadline behind.
static void a_deadline_ends_with_its_call(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        word_t deadline = fake.time + 300;
        CALL(pct, call, SLOT, deadline);
        CALL(pct, return, 0);
        assert_int_equal(runs(HART_A), family.a);
        assert_true(fake_self()->timer >= hart_number(HART_A)->slice_end);
        CALL(pct, call, SLOT, 0);
        time_pass(400);
        assert_int_equal(runs(HART_A), family.b);
        CALL(pct, return, 0);
        assert_int_equal(regs()[REG_T0], ERR_OK);
    }
}

// Of nested deadlines the earliest counts, whichever call it belongs to.
static void nested_deadlines(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    OK(cap, mint, 1, fake.init, RIGHT_CALL);
    fake_on(HART_B);
    // B serves; init is to accept, too, so that B can call on.
    while (fake_interrupt())
        ;
    fake_on(HART_INIT);
    OK(cap, mint, 8, family.b, RIGHT_NOTIFY);
    OK(env, notify, 8, 1ul << 50);
    harts_cross();
    fake_on(HART_B);
    OK(cap, open, SLOT, fake.init);
    fake_on(HART_INIT);
    OK(cap, grant, 1, family.b, SLOT, RIGHT_CALL);
    *env_save(env_named(family.b), SAVE_PENDING) = 0;
    accept(HART_B, 0);
    accept(HART_INIT, 0);
    fake_on(HART_A);
    word_t outer = fake.time + 200;
    CALL(pct, call, SLOT, outer);
    assert_int_equal(runs(HART_A), family.b);
    CALL(pct, call, SLOT, fake.time + 700);
    assert_int_equal(runs(HART_A), fake.init);
    assert_int_equal(fake_self()->timer, outer);
    CALL(pct, return, 0);
    assert_int_equal(runs(HART_A), family.b);
    assert_int_equal(fake_self()->timer, outer); // still
    CALL(pct, call, SLOT, fake.time + 700);
    time_pass(200);
    fake_on(HART_A);
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(regs()[REG_T0], ERR_DEADLINE);
}

static void the_callee_dies(void **state)
{
    (void)state;
    CALL(pct, call, SLOT, 0);
    *env_save(fake_env(), SAVE_X_HANDLER) = 0;
    fake_exception(2, 0);
    harts_cross();
    while (fake_interrupt())
        ;
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(regs()[REG_T0], ERR_DEAD);
    assert_int_equal(regs()[REG_PC], 0x4444);
    REFUSED(DEAD, pct, call, SLOT, 0);
}

static void the_caller_is_stopped(void **state)
{
    (void)state;
    CALL(pct, call, SLOT, 0);
    fake_on(HART_INIT);
    OK(env, stop, family.a);
    assert_true(env_named(family.b)->caller != env_boundary(env_named(family.a)));
    fake_on(HART_A);
    CALL(pct, return, 0); // to nobody
    assert_int_equal(env_state(env_named(family.b)), ENV_ACCEPTING);
    fake_on(HART_INIT);
    ALL(env, destroy, family.a);
}

// A caller's slices run whoever it waits for.
static void the_callee_has_its_callers_time(void **state)
{
    (void)state;
    CALL(pct, call, SLOT, 0);
    regs()[20] = 0x2020;
    for (int i = 0; i < 5; i++)
        time_pass(machine_info->slice_ticks);
    bool there = false; // on its caller's hart, or its own
    for (word_t hart = HART_A; hart <= HART_B; hart++)
        there |= fake_harts[hart].mode == FAKE_USER && runs(hart) == family.b &&
                 fake_harts[hart].regs[20] == 0x2020;
    assert_true(there);
}

static void registers_of_floats_stay_at_home(void **state)
{
    (void)state;
    OK(env, float, 1);
    fake_self()->floats[3] = 0x333;
    for (int round = 0; round < 3; round++) {
        CALL(pct, call, SLOT, 0);
        assert_false(fake_self()->float_on); // the callee has none
        if (round == 1) {
            OK(env, float, 1);
            assert_int_not_equal(fake_self()->floats[3], 0x333);
            fake_self()->floats[3] = 0x444;
        }
        CALL(pct, return, 0);
        assert_true(fake_self()->float_on);
        assert_int_equal(fake_self()->floats[3], 0x333);
        if (round == 1) { // it declared them while it was entered: the next call finds them on
            CALL(pct, call, SLOT, 0);
            assert_true(fake_self()->float_on);
            assert_int_equal(fake_self()->floats[3], 0x444);
            OK(env, float, 0);
            CALL(pct, return, 0);
        }
    }
}

// A callee that uses floating point takes its registers along when it returns, wherever it is called from
// next.
static void floats_of_a_callee_follow_it(void **state)
{
    (void)state;
    CALL(pct, call, SLOT, 0);
    OK(env, float, 1);
    fake_self()->floats[3] = 0x333;
    CALL(pct, return, 0);
    CALL(pct, call, SLOT, 0);
    assert_int_equal(fake_self()->floats[3], 0x333);
    fake_self()->floats[3] = 0x444;
    CALL(pct, return, 0);
    assert_int_equal(runs(HART_A), family.a);
    assert_null(hart_number(HART_A)->floats);
    fake_on(HART_INIT);
    CALL(pct, call, SLOT, 0);
    assert_int_equal(runs(HART_INIT), family.b);
    assert_int_equal(fake_self()->floats[3], 0x444);
}

/*
 * A calls B, B calls init, both fast, so A's floating-point registers stay in the hart; then B dies in the
 * middle, and A may go on elsewhere: not before its registers came home.
 */
static void floats_come_home_from_a_broken_chain(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    OK(cap, mint, 1, fake.init, RIGHT_CALL);
    OK(cap, mint, 8, family.b, RIGHT_NOTIFY);
    OK(env, notify, 8, 1ul << 50); // B's accept ends: it opens a slot first
    harts_cross();
    fake_on(HART_B);
    *env_save(fake_env(), SAVE_PENDING) = 0;
    OK(cap, open, SLOT, fake.init);
    fake_on(HART_INIT);
    OK(cap, grant, 1, family.b, SLOT, RIGHT_CALL);
    for (word_t i = 0; i < SLICES_MAX; i++)
        OK(slice, give, HART_B, i, family.a);
    fake_on(HART_B);
    *env_save(fake_env(), SAVE_PENDING) = 0;
    accept(HART_B, 0);
    accept(HART_INIT, 0);

    fake_on(HART_A);
    OK(env, float, 1);
    fake_self()->floats[3] = 0x333;
    for (int round = 0; round < 2; round++) { // the first finds them all on other harts
        CALL(pct, call, SLOT, 0);
        CALL(pct, call, SLOT, 0);
        assert_int_equal(runs(HART_A), fake.init);
        if (round == 0) {
            CALL(pct, return, 0);
            CALL(pct, return, 0);
        }
    }
    assert_ptr_equal(hart_number(HART_A)->floats, env_named(family.a));
    OK(env, stop, family.b);
    harts_cross();
    assert_int_equal(fake_harts[HART_B].mode, FAKE_SLEEPS); // it would run A, and waits
    while (fake_interrupt()) // A's hart was told
        ;
    harts_cross();
    assert_int_equal(runs(HART_B), family.a);
    assert_int_equal(fake_harts[HART_B].regs[REG_T0], ERR_DEAD);
    assert_int_equal(fake_harts[HART_B].floats[3], 0x333);
}

#define OPEN(name) cmocka_unit_test_setup_teardown(name, door_open, invariants_each)

ROOM(pct)
{
    const struct CMUnitTest tests[] = {
        OPEN(call_and_return),
        OPEN(refusals),
        OPEN(accept_ends_with_an_event),
        OPEN(an_event_during_a_call_is_not_lost),
        OPEN(send_waits_for_nothing),
        OPEN(a_deadline_ends_the_call),
        OPEN(a_deadline_ends_with_its_call),
        OPEN(nested_deadlines),
        OPEN(the_callee_dies),
        OPEN(the_caller_is_stopped),
        OPEN(the_callee_has_its_callers_time),
        OPEN(registers_of_floats_stay_at_home),
        OPEN(floats_of_a_callee_follow_it),
        OPEN(floats_come_home_from_a_broken_chain),
    };
    return RUN(tests);
}
