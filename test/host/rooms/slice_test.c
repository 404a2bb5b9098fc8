// SPDX-License-Identifier: BSD-2-Clause
// slice: who runs when, what an end of slice costs, and that nobody sleeps who should not.

#include "rooms_test.h"

#include "machine/machine.h"

#define TICKS (machine_info->slice_ticks)
#define GRACE (machine_info->grace_ticks)
#define HANDLER 0x7000

static struct slice *slice_of(word_t hart, word_t position)
{
    return &fake_vectors[hart][position];
}

// A sibling of A's in A's space with every second slice of A's hart.
static env_t twin_make(void)
{
    fake_on(HART_A);
    page_t frames = frames_for(family.a, 3);
    env_t twin = ALL(env, create, frames, frames + 2, 0);
    OK(env, set, twin, ENV_PC, 0x5000);
    for (word_t i = 0; i < SLICES_MAX; i += 2)
        OK(slice, give, HART_A, i, twin);
    OK(env, start, twin);
    harts_cross();
    *env_save(fake_env(), SAVE_PENDING) = 0;
    return twin;
}

static env_t runs(word_t hart) { return env_at(hart_number(hart)->current)->self; }

static void give_hands_slices_on(void **state)
{
    (void)state;
    REFUSED(RANGE, slice, give, hart_count, 0, fake.init);
    REFUSED(RANGE, slice, give, 0, SLICES_MAX, fake.init);
    REFUSED(NOENT, slice, give, 0, 0, NOBODY);
    REFUSED(NOENT, slice, give, 0, 0, 0);
    fake_on(HART_A);
    REFUSED(PERM, slice, give, HART_INIT, 0, family.a); // not its own
    REFUSED(PERM, slice, give, HART_A, 0, family.b);    // neither child nor creator
    OK(slice, give, HART_A, 0, fake.init);
    assert_int_equal(slice_of(HART_A, 0)->env, fake.init);
    REFUSED(PERM, slice, give, HART_A, 0, family.a);
    fake_on(HART_INIT);
    OK(slice, give, HART_A, 1, fake.init); // its creator takes it back
    assert_true(env_named(fake.init)->slice_harts >> HART_A & 1);
}

static void yield_goes_to_the_next(void **state)
{
    (void)state;
    env_t twin = twin_make();
    CALL(slice, yield, 0);
    assert_int_equal(runs(HART_A), twin);
    assert_int_equal(fake_self()->regs[REG_PC], 0x5000);
    fake_self()->regs[REG_RA] = 0x6666;
    fake_self()->regs[REG_SP] = 0x7770;
    fake_self()->regs[9] = 0x5ec4e7;
    CALL(slice, yield, 0);
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(fake_self()->regs[9], 0); // nobody sees another's registers
    CALL(slice, yield, 0);
    assert_int_equal(runs(HART_A), twin);
    assert_int_equal(fake_self()->regs[REG_PC], 0x6666);
    assert_int_equal(fake_self()->regs[REG_SP], 0x7770);
    assert_int_equal(fake_self()->regs[REG_A0], ERR_OK);
    *env_save(fake_env(), SAVE_S_BEGIN) = 0x8000; // the begin of its slices is an upcall
    CALL(slice, yield, 0);
    CALL(slice, yield, 0);
    assert_int_equal(fake_self()->regs[REG_PC], 0x8000);
}

static void yield_to_names_the_next(void **state)
{
    (void)state;
    env_t twin = twin_make();
    OK(cap, mint, 1, twin, RIGHT_YIELD);
    OK(cap, mint, 2, twin, RIGHT_CALL);
    OK(cap, mint, 3, family.a, RIGHT_YIELD);
    fake_on(HART_INIT);
    OK(cap, mint, 1, family.b, RIGHT_YIELD);
    REFUSED(BUSY, slice, yield_to, 1); // it runs on a hart of its own
    space_t space;
    OK(cap, mint, 2, child_make(&space), RIGHT_YIELD);
    REFUSED(STATE, slice, yield_to, 2); // it was never started
    fake_on(HART_A);
    REFUSED(RANGE, slice, yield_to, CAPS_MAX);
    REFUSED(STALE, slice, yield_to, 9);
    REFUSED(PERM, slice, yield_to, 2);
    REFUSED(STATE, slice, yield_to, 3); // itself
    word_t end = hart_number(HART_A)->slice_end;
    fake.time += 10;
    CALL(slice, yield_to, 1);
    assert_int_equal(runs(HART_A), twin);
    assert_int_equal(hart_number(HART_A)->slice_end, end); // the rest of this slice, not another
    OK(cap, mint, 1, twin, RIGHT_NOTIFY);
    fake_on(HART_INIT);
    assert_int_equal(OK(env, info, family.a, ENV_TICKS) >= 10, 1);
    fake_on(HART_A);
    time_pass(end + GRACE + GRACE - fake.time); // both ways, with all registers
    assert_int_equal(runs(HART_A), twin);
    CALL(slice, yield, 0);
    assert_int_equal(runs(HART_A), family.a);
    CALL(slice, yield_to, 1);
    assert_int_equal(runs(HART_A), twin);
}

static void the_end_of_a_slice_is_an_upcall(void **state)
{
    (void)state;
    env_t twin = twin_make();
    struct env *a = fake_env();
    struct hart *hart = hart_number(HART_A);
    *env_save(a, SAVE_I_HANDLER) = HANDLER;
    fake_self()->regs[REG_PC] = 0x1111;
    fake_self()->regs[REG_T1] = 0x2222;
    time_pass(hart->slice_end - fake.time);
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(fake_self()->regs[REG_PC], HANDLER);
    assert_int_equal(fake_self()->regs[REG_T0], CAUSE_TIMER);
    assert_int_equal(fake_self()->regs[REG_T1], 0x1111);
    assert_int_equal(*env_save(a, SAVE_I_T1), 0x2222);
    assert_int_equal(*env_save(a, SAVE_I_HANDLER), 0);
    time_pass(GRACE / 2);
    word_t position = hart->position;
    CALL(slice, yield, 0);
    assert_int_equal(runs(HART_A), twin);
    assert_int_equal(slice_of(HART_A, position)->excess, GRACE / 2);
}

// Who does not yield is switched, whole, and is told.
static void after_the_grace_the_kernel_switches(void **state)
{
    (void)state;
    env_t twin = twin_make();
    struct env *a = fake_env();
    *env_save(a, SAVE_I_HANDLER) = HANDLER;
    fake_self()->regs[REG_PC] = 0x1111;
    fake_self()->regs[20] = 0x2020;
    time_pass(hart_number(HART_A)->slice_end - fake.time);
    assert_int_equal(runs(HART_A), family.a);
    time_pass(GRACE);
    assert_int_equal(runs(HART_A), twin);
    assert_int_equal(fake_self()->regs[20], 0);
    assert_true(*env_save(a, SAVE_PENDING) & EVENT_BIT(SWITCHED));
    CALL(slice, yield, 0);
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(fake_self()->regs[20], 0x2020);
    // ... and one that never opens its slot
    *env_save(a, SAVE_PENDING) = 0;
    *env_save(a, SAVE_I_HANDLER) = 0;
    time_pass(hart_number(HART_A)->slice_end - fake.time);
    assert_int_equal(runs(HART_A), family.a);
    assert_true(*env_save(a, SAVE_PENDING) & EVENT_BIT(SLICE_END));
    time_pass(GRACE);
    assert_int_equal(runs(HART_A), twin);
}

// What is overrun is counted against the slice, once, and costs it later turns; giving it away pays nothing.
static void excess_is_paid(void **state)
{
    (void)state;
    env_t twin = twin_make();
    word_t position = hart_number(HART_A)->position;
    fake.time = hart_number(HART_A)->slice_end + TICKS + TICKS / 2;
    CALL(slice, yield, 0);
    assert_int_equal(runs(HART_A), twin);
    assert_int_equal(slice_of(HART_A, position)->excess, TICKS + TICKS / 2);
    OK(slice, give, HART_A, (position + 1) % SLICES_MAX, family.a);
    fake_on(HART_INIT);
    OK(slice, give, HART_A, position, family.a);
    fake_on(HART_A);
    assert_int_equal(slice_of(HART_A, position)->excess, TICKS + TICKS / 2);
    for (int i = 0; i < SLICES_MAX; i++)
        CALL(slice, yield, 0);
    assert_int_equal(slice_of(HART_A, position)->excess, TICKS / 2);
}

static void an_overrun_counts_once(void **state)
{
    (void)state;
    env_t twin = twin_make();
    OK(cap, mint, 1, twin, RIGHT_YIELD);
    word_t position = hart_number(HART_A)->position;
    fake.time = hart_number(HART_A)->slice_end + 100;
    CALL(slice, yield_to, 1);
    assert_int_equal(runs(HART_A), twin);
    fake.time += 50;
    CALL(slice, yield, 0);
    assert_int_equal(slice_of(HART_A, position)->excess, 150);
}

static void wait_ends_with_an_event_or_in_time(void **state)
{
    (void)state;
    OK(cap, mint, 1, family.a, RIGHT_NOTIFY);
    fake_on(HART_A);
    struct env *a = fake_env();
    REFUSED(DEADLINE, slice, wait, 1ul << 40, fake.time);
    REFUSED(DEADLINE, slice, wait, 1ul << 40, 1);
    *env_save(a, SAVE_PENDING) = 1ul << 40;
    REFUSED(PENDING, slice, wait, 1ul << 40 | 1ul << 41, 0);
    CALL(slice, wait, 1ul << 41, 0); // others may be pending
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
    fake_on(HART_INIT);
    assert_int_equal(OK(env, info, family.a, ENV_STATE), ENV_WAITING);
    OK(env, notify, 1, 1ul << 42);
    harts_cross();
    assert_int_equal(fake_harts[HART_A].mode, FAKE_SLEEPS);
    OK(env, notify, 1, 1ul << 41);
    harts_cross();
    assert_int_equal(fake_harts[HART_A].mode, FAKE_USER);
    assert_int_equal(fake_harts[HART_A].regs[REG_A0], ERR_OK);
    assert_int_equal(fake_harts[HART_A].regs[REG_A1], 1ul << 41);

    fake_on(HART_A);
    CALL(slice, wait, 1ul << 43, fake.time + 500);
    assert_int_equal(fake_self()->timer, fake.time + 500);
    time_pass(499);
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
    time_pass(1);
    assert_int_equal(fake_self()->mode, FAKE_USER);
    assert_int_equal(fake_self()->regs[REG_A0], ERR_DEADLINE);
    refusal_note(CALL_slice_wait, ERR_DEADLINE);
}

// Whoever becomes ready on borrowed time is seen by the hart where it has time of its own.
static void nobody_sleeps_over_work(void **state)
{
    (void)state;
    OK(cap, mint, 1, family.a, RIGHT_YIELD | RIGHT_NOTIFY);
    fake_on(HART_A);
    CALL(slice, wait, 1ul << 40, 0);
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
    fake_on(HART_INIT);
    OK(env, notify, 1, 1ul << 40);
    CALL(slice, yield_to, 1); // faster than its own hart
    assert_int_equal(runs(HART_INIT), family.a);
    harts_cross();
    assert_int_equal(fake_harts[HART_A].mode, FAKE_SLEEPS);
    CALL(slice, wait, 1ul << 40, fake.time + 5 * TICKS); // ends nothing yet: its own hart is to know the time
    *env_save(env_named(family.a), SAVE_PENDING) = 0;
    time_pass(TICKS / 2);
    time_pass(6 * TICKS);
    assert_int_equal(fake_harts[HART_A].mode, FAKE_USER);
    assert_int_equal(runs(HART_A), family.a);
}

static void a_machine_without_sstc(void **state)
{
    (void)state;
    family_setup_with((struct fake_options){.harts = 4, .frames = 512, .asid_bits = 16, .no_sstc = true});
    env_t twin = twin_make();
    *env_save(fake_env(), SAVE_I_HANDLER) = HANDLER;
    time_pass(hart_number(HART_A)->slice_end - fake.time);
    assert_int_equal(fake_self()->regs[REG_PC], HANDLER);
    assert_int_equal(runs(HART_A), family.a);
    time_pass(GRACE);
    assert_int_equal(runs(HART_A), twin);
}

ROOM(slice)
{
    const struct CMUnitTest tests[] = {
        TEST(give_hands_slices_on),
        TEST(yield_goes_to_the_next),
        TEST(yield_to_names_the_next),
        TEST(the_end_of_a_slice_is_an_upcall),
        TEST(after_the_grace_the_kernel_switches),
        TEST(excess_is_paid),
        TEST(an_overrun_counts_once),
        TEST(wait_ends_with_an_event_or_in_time),
        TEST(nobody_sleeps_over_work),
        TEST(a_machine_without_sstc),
    };
    return RUN(tests);
}
