// SPDX-License-Identifier: BSD-2-Clause
// slice: early ends of a slice, which an environment sets for itself.

#include "rooms_test.h"

#include "machine/machine.h"

#define TICKS (machine_info->slice_ticks)
#define GRACE (machine_info->grace_ticks)
#define HANDLER 0x7000
#define GATE 0xa000
#define ALARM EVENT_BIT(ALARM)

static word_t pending(env_t env) { return *env_save(env_named(env), SAVE_PENDING); }
static env_t runs(word_t hart) { return env_at(hart_number(hart)->current)->self; }
static word_t slice_end(void) { return hart_number(HART_A)->slice_end; }

// A on its hart, with its handler open.
static struct env *a_ready(void)
{
    fake_on(HART_A);
    *env_save(fake_env(), SAVE_PENDING) = 0;
    *env_save(fake_env(), SAVE_I_HANDLER) = HANDLER;
    fake_self()->regs[REG_PC] = 0x1111;
    fake_self()->regs[REG_T1] = 0x2222;
    return fake_env();
}

static void an_alarm_is_an_upcall(void **state)
{
    (void)state;
    struct env *a = a_ready();
    word_t end = slice_end(), when = fake.time + TICKS / 4;
    assert_int_equal(OK(slice, alarm, when + 7), 0);
    assert_int_equal(OK(slice, alarm, when), when + 7);
    assert_int_equal(fake_self()->timer, when);
    fake_self()->regs[REG_PC] = 0x1111;
    fake_self()->regs[REG_T1] = 0x2222;
    time_pass(TICKS / 4 - 1);
    assert_int_equal(fake_self()->regs[REG_PC], 0x1111);
    time_pass(1);
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(fake_self()->regs[REG_PC], HANDLER);
    assert_int_equal(fake_self()->regs[REG_T0], CAUSE_SOFT); // nobody takes it for the end of a slice
    assert_int_equal(fake_self()->regs[REG_T1], 0x1111);
    assert_int_equal(*env_save(a, SAVE_I_T1), 0x2222);
    assert_int_equal(pending(family.a), ALARM);
    assert_int_equal(fake_self()->timer, end); // once
    assert_int_equal(hart_number(HART_A)->slice_end, end);
    // ... and the end of the slice is what it always was
    *env_save(a, SAVE_I_HANDLER) = HANDLER;
    time_pass(end - fake.time);
    assert_int_equal(fake_self()->regs[REG_T0], CAUSE_TIMER);
}

static void one_that_is_late_goes_off_at_once(void **state)
{
    (void)state;
    a_ready();
    OK(slice, alarm, 1);
    time_pass(0);
    assert_int_equal(fake_self()->regs[REG_PC], HANDLER);
    assert_int_equal(pending(family.a), ALARM);
    *env_save(fake_env(), SAVE_PENDING) = 0;
    OK(slice, alarm, fake.time + 5);
    OK(slice, alarm, 0); // never
    assert_int_equal(fake_self()->timer, slice_end());
    time_pass(10);
    assert_int_equal(pending(family.a), 0);
}

static void with_a_closed_slot_the_event_waits(void **state)
{
    (void)state;
    struct env *a = a_ready();
    *env_save(a, SAVE_I_HANDLER) = 0;
    OK(slice, alarm, fake.time + 5);
    fake_self()->regs[20] = 0x2020;
    time_pass(5);
    assert_int_equal(pending(family.a), ALARM);
    assert_int_equal(fake_self()->regs[20], 0x2020);
    assert_int_equal(fake_self()->timer, slice_end());
}

// It stays set over slices: whoever has the hart is not disturbed by another's, and it comes when its owner has it again.
static void it_outlives_the_slice(void **state)
{
    (void)state;
    struct env *a = a_ready();
    word_t when = slice_end() + TICKS / 2;
    OK(slice, alarm, when);
    assert_int_equal(fake_self()->timer, slice_end());
    time_pass(slice_end() - fake.time);
    assert_int_equal(fake_self()->regs[REG_T0], CAUSE_TIMER);
    CALL(slice, yield, 0);
    assert_int_equal(runs(HART_A), family.a); // its next slice
    assert_int_equal(fake_self()->timer, when);
    *env_save(a, SAVE_I_HANDLER) = HANDLER;
    OK(cap, mint, 1, family.a, RIGHT_YIELD);
    fake_on(HART_INIT);
    OK(cap, mint, 1, family.a, RIGHT_YIELD);
    OK(slice, give, HART_A, 0, fake.init);
    fake_on(HART_A);
    CALL(slice, wait, 1ul << 40, fake.time + 2 * TICKS); // it passes off the hart
    time_pass(3 * TICKS);
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(fake_self()->regs[REG_PC], HANDLER);
    assert_int_equal(fake_self()->regs[REG_T0], CAUSE_SOFT);
    assert_true(pending(family.a) & ALARM);
}

static void it_ends_a_wait_that_wants_it(void **state)
{
    (void)state;
    a_ready();
    OK(slice, alarm, fake.time + 5 * TICKS);
    CALL(slice, wait, ALARM, 0);
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
    assert_int_equal(fake_self()->timer, fake.time + 5 * TICKS); // the hart sleeps until then
    time_pass(5 * TICKS - 1);
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
    time_pass(1);
    assert_int_equal(fake_self()->mode, FAKE_USER);
    assert_int_equal(fake_self()->regs[REG_A0], ERR_OK);
    assert_int_equal(fake_self()->regs[REG_A1], ALARM);
    // pct_accept, too; and a wait that does not want it is not ended
    *env_save(fake_env(), SAVE_PENDING) = 0;
    OK(slice, alarm, fake.time + TICKS);
    CALL(pct, accept, GATE, 0xb000, ALARM);
    time_pass(TICKS);
    assert_int_equal(fake_self()->mode, FAKE_USER);
    assert_int_equal(fake_self()->regs[REG_A1], ALARM);
    *env_save(fake_env(), SAVE_PENDING) = 0;
    OK(slice, alarm, fake.time + TICKS);
    CALL(slice, wait, 1ul << 40, 0);
    time_pass(2 * TICKS);
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
}

// B's gate in A's slot 2, B accepting, both last on A's hart.
static void b_serves_a(void)
{
    fake_on(HART_INIT);
    for (word_t i = 0; i < SLICES_MAX; i++)
        OK(slice, give, HART_B, i, fake.init);
    for (word_t i = 0; i < SLICES_MAX; i += 2)
        OK(slice, give, HART_A, i, fake.init);
    for (word_t i = 0; i < SLICES_MAX; i += 2) {
        fake_vectors[HART_A][i].env = (uint32_t)family.b;
        env_named(family.b)->slice_harts |= 1u << HART_A;
    }
    fake_on(HART_A);
    OK(cap, open, 2, fake.init);
    fake_on(HART_INIT);
    OK(cap, mint, 5, family.b, RIGHT_CALL);
    OK(cap, grant, 5, family.a, 2, RIGHT_CALL);
}

static void b_accepts(void)
{
    fake_on(HART_B);
    CALL(pct, accept, GATE, 0xb000, 0);
    fake_on(HART_A);
    CALL(pct, call, 2, 0);
    assert_int_equal(runs(HART_A), family.b);
    CALL(pct, return, 0); // from now on both were on this hart last
    assert_int_equal(runs(HART_A), family.a);
}

// The callee goes on, the caller has its upcall when it is returned to.
static void a_callers_alarm_waits_for_the_return(void **state)
{
    (void)state;
    b_serves_a();
    b_accepts();
    struct env *a = a_ready();
    OK(slice, alarm, fake.time + 10);
    CALL(pct, call, 2, 0);
    assert_int_equal(runs(HART_A), family.b);
    *env_save(fake_env(), SAVE_I_HANDLER) = 0x8000;
    fake_self()->regs[20] = 0x2020;
    time_pass(10);
    assert_int_equal(runs(HART_A), family.b);
    assert_int_equal(fake_self()->regs[20], 0x2020);
    assert_int_equal(pending(family.b), 0);
    assert_int_equal(pending(family.a), ALARM);
    assert_int_equal(fake_self()->timer, slice_end());
    CALL(pct, return, 0);
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(fake_self()->regs[REG_PC], HANDLER);
    assert_int_equal(*env_save(a, SAVE_I_HANDLER), 0);
}

// A callee's own alarm goes off in it, however it was entered; and with none, callers take the fast path again.
static void a_callee_has_its_own(void **state)
{
    (void)state;
    b_serves_a();
    b_accepts();
    struct env *b = env_named(family.b);
    a_ready();
    CALL(pct, call, 2, 0);
    word_t when = fake.time + TICKS / 2;
    OK(slice, alarm, when);
    CALL(pct, return, 0);
    assert_int_equal(runs(HART_A), family.a);
    assert_true(b->claim < 0);
    CALL(pct, call, 2, 0);
    assert_int_equal(fake_self()->timer, when);
    *env_save(b, SAVE_I_HANDLER) = 0x8000;
    time_pass(when - fake.time);
    assert_int_equal(fake_self()->regs[REG_PC], 0x8000);
    assert_int_equal(pending(family.b), ALARM);
    CALL(pct, return, 0);
    CALL(pct, call, 2, 0);
    CALL(pct, return, 0);
    assert_int_equal(runs(HART_A), family.a);
    assert_true(b->claim > 0);
}

static void yield_to_minds_both(void **state)
{
    (void)state;
    b_serves_a();
    fake_on(HART_A);
    OK(cap, open, 3, fake.init);
    fake_on(HART_INIT);
    OK(cap, mint, 6, family.b, RIGHT_YIELD);
    OK(cap, grant, 6, family.a, 3, RIGHT_YIELD);
    fake_on(HART_B);
    CALL(slice, yield, 0);
    struct env *a = a_ready(), *b = env_named(family.b);
    CALL(slice, yield_to, 3);
    assert_int_equal(runs(HART_A), family.b);
    *env_save(b, SAVE_I_HANDLER) = 0x8000;
    word_t when = fake.time + TICKS / 2;
    OK(slice, alarm, when);
    fake_vectors[HART_A][(hart_number(HART_A)->position + 1) % SLICES_MAX].env = (uint32_t)family.a;
    CALL(slice, yield, 0);
    assert_int_equal(runs(HART_A), family.a);
    OK(slice, alarm, fake.time + TICKS / 4); // not B's matter
    CALL(slice, yield_to, 3);
    assert_int_equal(fake_self()->timer, when);
    time_pass(TICKS / 4);
    assert_int_equal(runs(HART_A), family.b);
    assert_int_equal(pending(family.b), 0);
    time_pass(TICKS / 4);
    assert_int_equal(pending(family.b), ALARM);
    assert_int_equal(fake_self()->regs[REG_PC], 0x8000);
    assert_int_equal(a->alarm != 0, 1); // for when it has the hart again
}

static void a_machine_without_sstc(void **state)
{
    (void)state;
    family_setup_with((struct fake_options){.harts = 4, .frames = 512, .asid_bits = 16, .no_sstc = true});
    a_ready();
    OK(slice, alarm, fake.time + 5);
    time_pass(5);
    assert_int_equal(fake_self()->regs[REG_PC], HANDLER);
    assert_int_equal(fake_self()->regs[REG_T0], CAUSE_SOFT);
    assert_int_equal(fake_self()->timer, slice_end());
}

ROOM(alarm)
{
    const struct CMUnitTest tests[] = {
        TEST(an_alarm_is_an_upcall),
        TEST(one_that_is_late_goes_off_at_once),
        TEST(with_a_closed_slot_the_event_waits),
        TEST(it_outlives_the_slice),
        TEST(it_ends_a_wait_that_wants_it),
        TEST(a_callers_alarm_waits_for_the_return),
        TEST(a_callee_has_its_own),
        TEST(yield_to_minds_both),
        TEST(a_machine_without_sstc),
    };
    return RUN(tests);
}
