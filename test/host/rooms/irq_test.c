// SPDX-License-Identifier: BSD-2-Clause
// irq: a source fires, its environment has the event, and completes it.

#include "rooms_test.h"

#include <rivet/slice.h>

#define SOURCE 10
#define EVENT (1ul << 34)

static word_t pending(env_t env) { return *env_save(env_named(env), SAVE_PENDING); }

// Whatever harts see an interrupt take it.
static void fire(word_t source)
{
    plic_raise(source);
    harts_cross();
    while (fake_interrupt())
        ;
}

static void bind_fire_complete(void **state)
{
    (void)state;
    fire(SOURCE); // bound to nobody: nobody hears it
    OK(irq, give, SOURCE, family.a);
    fake_on(HART_A);
    REFUSED(RANGE, irq, bind, 0, EVENT);
    REFUSED(RANGE, irq, bind, FAKE_SOURCES + 1, EVENT);
    REFUSED(RANGE, irq, bind, SOURCE, EVENT_BIT(CHILD));
    REFUSED(PERM, irq, bind, SOURCE + 1, EVENT);
    REFUSED(RANGE, irq, complete, 0);
    REFUSED(RANGE, irq, complete, ~0ul);
    REFUSED(PERM, irq, complete, SOURCE);
    OK(irq, bind, SOURCE, EVENT);
    REFUSED(BUSY, irq, bind, SOURCE, EVENT);
    REFUSED(STATE, irq, complete, SOURCE);
    fire(SOURCE); // it was pending since before
    for (int round = 0; round < 3; round++) {
        fire(SOURCE);
        assert_true(pending(family.a) & EVENT);
        assert_true(plic_claimed(SOURCE));
        *env_save(fake_env(), SAVE_PENDING) = 0;
        plic_raise(SOURCE);
        harts_cross();
        while (fake_interrupt())
            ;
        assert_int_equal(pending(family.a), 0); // silent until it is completed
        OK(irq, complete, SOURCE);
        assert_false(plic_claimed(SOURCE));
        harts_cross();
        while (fake_interrupt())
            ;
        assert_true(pending(family.a) & EVENT);
        *env_save(fake_env(), SAVE_PENDING) = 0;
        OK(irq, complete, SOURCE);
    }
    OK(irq, bind, SOURCE, 0);
    fire(SOURCE);
    assert_int_equal(pending(family.a), 0);
    REFUSED(PERM, irq, complete, SOURCE);
    fake_on(HART_INIT);
    REFUSED(PERM, irq, bind, SOURCE, EVENT); // it gave it away
}

static void an_upcall_when_it_runs(void **state)
{
    (void)state;
    OK(irq, bind, SOURCE, EVENT);
    *env_save(fake_env(), SAVE_I_HANDLER) = 0x7000;
    fake_self()->regs[REG_PC] = 0x1111;
    plic_raise(SOURCE);
    assert_true(fake_interrupt());
    assert_int_equal(fake_self()->regs[REG_PC], 0x7000);
    assert_int_equal(fake_self()->regs[REG_T0], CAUSE_EXTERN);
    assert_int_equal(fake_self()->regs[REG_T1], 0x1111);
    OK(irq, complete, SOURCE);
}

// It has its hart back at once, and is not interrupted once more for what it knows.
static void a_donor_is_woken_by_one_interrupt(void **state)
{
    (void)state;
    OK(irq, give, SOURCE, family.a);
    fake_on(HART_A);
    page_t frames = frames_for(family.a, 3);
    env_t child = ALL(env, create, frames, frames + 2, 0);
    OK(cap, mint, 10, child, RIGHTS_ENV);
    OK(env, start, child);
    harts_cross();
    *env_save(fake_env(), SAVE_PENDING) = 0;
    OK(irq, bind, SOURCE, EVENT);
    CALL(slice, donate, 10, ~0ul, EVENT, 0);
    assert_int_equal(fake_env()->self, child);
    plic_raise(SOURCE);
    assert_true(fake_interrupt());
    assert_int_equal(fake_env()->self, family.a);
    assert_int_equal(fake_self()->regs[REG_A1], DONATE_EVENT);
    assert_false(fake_interrupt());
    OK(irq, complete, SOURCE);
}

static void a_waiting_environment_is_woken(void **state)
{
    (void)state;
    OK(irq, give, SOURCE, family.a);
    fake_on(HART_A);
    OK(irq, bind, SOURCE, EVENT);
    CALL(slice, wait, EVENT, 0);
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
    plic_raise(SOURCE);
    fake_on(HART_B); // another hart claims it
    assert_true(fake_interrupt());
    fake_on(HART_A);
    while (fake_interrupt())
        ;
    assert_int_equal(fake_self()->mode, FAKE_USER);
    assert_int_equal(fake_self()->regs[REG_A1], EVENT);
    OK(irq, complete, SOURCE); // at the context that claimed it
    assert_false(plic_claimed(SOURCE));
}

// A claimed source that changes hands is not silent for ever.
static void unbinding_completes(void **state)
{
    (void)state;
    OK(irq, bind, SOURCE, EVENT);
    fire(SOURCE);
    assert_true(plic_claimed(SOURCE));
    REFUSED(BUSY, irq, give, SOURCE, family.a);
    OK(irq, bind, SOURCE, 0);
    assert_false(plic_claimed(SOURCE));
    OK(irq, give, SOURCE, family.a);
    fake_on(HART_A);
    OK(irq, bind, SOURCE, EVENT);
    *env_save(fake_env(), SAVE_PENDING) = 0;
    fire(SOURCE);
    assert_true(pending(family.a) & EVENT);
    fake_on(HART_INIT);
    ALL(env, destroy, family.a);
    assert_false(plic_claimed(SOURCE));
    OK(irq, bind, SOURCE, EVENT);
    *env_save(fake_env(), SAVE_PENDING) = 0;
    fire(SOURCE);
    assert_true(pending(fake.init) & EVENT);
}

static void give_hands_sources_on(void **state)
{
    (void)state;
    REFUSED(RANGE, irq, give, 0, family.a);
    REFUSED(RANGE, irq, give, FAKE_SOURCES + 1, family.a);
    REFUSED(NOENT, irq, give, SOURCE, NOBODY);
    REFUSED(NOENT, irq, give, SOURCE, family.a + 1);
    OK(irq, give, SOURCE, family.a);
    fake_on(HART_A);
    REFUSED(PERM, irq, give, SOURCE, family.b);
    REFUSED(PERM, irq, give, SOURCE, fake.init);
    REFUSED(PERM, irq, give, SOURCE + 1, family.a);
    fake_on(HART_INIT);
    OK(irq, give, SOURCE, fake.init); // back from a child
    OK(irq, bind, SOURCE, EVENT);
}

ROOM(irq)
{
    const struct CMUnitTest tests[] = {
        TEST(bind_fire_complete), TEST(an_upcall_when_it_runs), TEST(a_donor_is_woken_by_one_interrupt),
        TEST(a_waiting_environment_is_woken),
        TEST(unbinding_completes), TEST(give_hands_sources_on),
    };
    return RUN(tests);
}
