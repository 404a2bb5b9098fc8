// SPDX-License-Identifier: BSD-2-Clause
// env: environments are made, started, stopped and taken apart.

#include "rooms_test.h"

#include "machine/machine.h"

static word_t info(env_t env, word_t what) { return OK(env, info, env, what); }
static word_t pending(env_t env) { return *env_save(env_named(env), SAVE_PENDING); }

static void create_takes_three_frames(void **state)
{
    (void)state;
    page_t page = fake_fresh_run(12);
    assert_int_equal(OK(env, create, page, page + 2, 0), page);
    assert_int_equal(page_frame(page)->kind, PAGE_ENV);
    assert_int_equal(page_frame(page + 1)->kind, PAGE_SAVE);
    assert_int_equal(page_frame(page + 2)->kind, PAGE_CAPS);
    assert_int_equal(*env_save(env_named(page), SAVE_SELF), page);
    assert_int_equal(*env_save(env_named(page), SAVE_CREATOR), fake.init);
    assert_int_equal(*env_save(env_named(page), SAVE_SPACE), env_named(fake.init)->space->root);
    assert_int_equal(info(page, ENV_STATE), ENV_NEW);

    REFUSED(BUSY, env, create, page + 3, page + 3, 0);
    REFUSED(BUSY, env, create, page + 3, page + 4, 0);
    REFUSED(BUSY, env, create, page, page + 4, 0);
    OK(page, alloc, page + 6);
    REFUSED(BUSY, env, create, page + 5, page + 3, 0); // no room for the save area
    REFUSED(BUSY, env, create, page + 3, page + 6, 0);
    REFUSED(NOENT, env, create, NOBODY, page + 3, 0);
    REFUSED(NOENT, env, create, ~0ul, page + 3, 0);
    REFUSED(NOENT, env, create, page + 3, NOBODY, 0);
    REFUSED(NOENT, env, create, page + 3, page + 7, NOBODY);
    REFUSED(NOENT, env, create, page + 3, page + 7, page); // no space
    REFUSED(PERM, env, create, frames_for(family.a, 2), page + 7, 0);
    fake_on(HART_A);
    page_t theirs = frames_for(family.a, 3);
    REFUSED(PERM, env, create, theirs, theirs + 2, family.b_space);
    OK(env, create, theirs, theirs + 2, family.a_space); // its own, by name
}

static void create_in_a_dying_space(void **state)
{
    (void)state;
    page_t page = fake_fresh_run(2), frames = fake_fresh_run(60);
    space_t space = OK(space, create, page, page + 1);
    for (word_t i = 0; i < 25; i++) {
        OK(pte, table, space, i << 30, 1, frames + 2 * i, 0);
        OK(pte, table, space, i << 30, 0, frames + 2 * i + 1, 0);
    }
    assert_int_equal(CALL(space, destroy, space).error, ERR_AGAIN);
    REFUSED(NOENT, env, create, frames + 51, frames + 54, space);
    REFUSED(NOENT, pte, table, space, 60ul << 30, 1, frames + 51, 0);
    ALL(space, destroy, space);
}

static void set_and_start(void **state)
{
    (void)state;
    space_t space;
    env_t child = child_make(&space);
    OK(env, set, child, ENV_PC, 0x1234);
    OK(env, set, child, ENV_SP, 0x5678);
    OK(env, set, child, ENV_ARG, 42);
    OK(env, set, child, ENV_LABEL, 0x6c6568);
    REFUSED(NOENT, env, set, NOBODY, ENV_PC, 0);
    REFUSED(NOENT, env, set, child + 1, ENV_PC, 0);
    REFUSED(PERM, env, set, fake.init, ENV_PC, 0);
    REFUSED(RANGE, env, set, child, ENV_STATE, 0);
    REFUSED(RANGE, env, set, child, ~0ul, 0);
    REFUSED(NOENT, env, start, NOBODY);
    REFUSED(PERM, env, start, fake.init);
    fake_on(HART_A);
    REFUSED(PERM, env, start, child);
    REFUSED(PERM, env, set, child, ENV_PC, 0);
    fake_on(HART_INIT);
    OK(slice, give, HART_IDLE, 3, child);
    OK(env, start, child);
    REFUSED(STATE, env, start, child);
    REFUSED(STATE, env, set, child, ENV_PC, 0);
    OK(env, set, child, ENV_LABEL, 0);
    fake_on(HART_IDLE);
    while (fake_interrupt())
        ;
    assert_int_equal(fake_env()->self, child);
    assert_int_equal(fake_self()->regs[REG_PC], 0x1234);
    assert_int_equal(fake_self()->regs[REG_SP], 0x5678);
    assert_int_equal(fake_self()->regs[REG_A0], 42);
    assert_true(fake_self()->codes > 0); // it sees the code that was written for it
    fake_on(HART_INIT);
    assert_int_equal(info(child, ENV_STATE), ENV_READY);
    assert_int_equal(info(child, ENV_HART), HART_IDLE);
    assert_int_equal(info(family.a, ENV_STATUS), 0);
    REFUSED(NOENT, env, info, NOBODY, ENV_STATE);
    REFUSED(RANGE, env, info, child, ENV_LABEL);
    REFUSED(RANGE, env, info, child, ENV_WHATS);
}

static void stop_takes_it_off_its_hart(void **state)
{
    (void)state;
    REFUSED(NOENT, env, stop, NOBODY);
    REFUSED(PERM, env, stop, fake.init);
    space_t space;
    REFUSED(STATE, env, stop, child_make(&space));
    REFUSED(AGAIN, env, stop, family.a); // it runs: its hart was poked
    assert_int_equal(fake_harts[HART_A].mode, FAKE_USER);
    harts_cross();
    assert_int_equal(fake_harts[HART_A].mode, FAKE_SLEEPS);
    OK(env, stop, family.a);
    assert_int_equal(info(family.a, ENV_STATE), ENV_STOPPED);
    assert_int_equal(info(family.a, ENV_HART), ~0ul);
    assert_true(pending(fake.init) & EVENT_BIT(CHILD));
    REFUSED(STATE, env, stop, family.a);
    time_pass(10 * machine_info->slice_ticks);
    assert_int_equal(fake_harts[HART_A].mode, FAKE_SLEEPS);
    fake_on(HART_B);
    REFUSED(PERM, env, stop, family.a);
}

static void exit_tells_the_creator(void **state)
{
    (void)state;
    fake_on(HART_A);
    CALL(env, exit, 77);
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
    fake_on(HART_INIT);
    assert_int_equal(info(family.a, ENV_STATE), ENV_EXITED);
    assert_int_equal(info(family.a, ENV_STATUS), 77);
    assert_true(pending(fake.init) & EVENT_BIT(CHILD));
    REFUSED(STATE, env, stop, family.a);
    ALL(env, destroy, family.a);
}

static void fault_with_a_closed_slot(void **state)
{
    (void)state;
    fake_on(HART_A);
    struct env *env = fake_env();
    fake_self()->regs[REG_PC] = 0x4444;
    fake_self()->regs[REG_T1] = 0x111;
    *env_save(env, SAVE_X_HANDLER) = 0x9000;
    fake_exception(2, 0xbad);
    assert_int_equal(fake_self()->regs[REG_PC], 0x9000); // open: straight to the handler
    assert_int_equal(fake_self()->regs[REG_T0], 2);
    assert_int_equal(fake_self()->regs[REG_T1], 0x4444);
    assert_int_equal(fake_self()->regs[REG_T2], 0xbad);
    assert_int_equal(*env_save(env, SAVE_X_T1), 0x111);
    assert_int_equal(*env_save(env, SAVE_X_HANDLER), 0);
    fake_exception(15, 0x8888); // a handler that faults in itself
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
    assert_int_equal(env->state, ENV_FAULTED);
    assert_int_equal(*env_save(env, SAVE_STOP_CAUSE), 15);
    assert_int_equal(*env_save(env, SAVE_STOP_ADDRESS), 0x8888);
    assert_int_equal(*env_save(env, SAVE_F_PC), 0x9000);
    fake_on(HART_INIT);
    assert_true(pending(fake.init) & EVENT_BIT(CHILD));
}

// Nobody hears of init's end, so the kernel says it and switches the machine off. (Here it goes on.)
static void init_faults(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    assert_int_equal(fake.reset, 0);
    fake_exception(2, 0xbad);
    assert_int_equal(fake.reset, 1);
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
}

// All it owned comes back, cleared of bindings and capabilities; what it created is the creator's creation.
static void destroy_loses_nothing(void **state)
{
    (void)state;
    page_t shared = data_make();
    OK(cap, mint, 1, shared, RIGHT_READ);
    fake_on(HART_A);
    OK(cap, open, 1, fake.init);
    fake_on(HART_INIT);
    OK(cap, grant, 1, family.a, 1, RIGHT_READ);
    OK(irq, give, 5, family.a);
    OK(page, give, FAKE_UART, 1, family.a);
    fake_on(HART_A);
    page_t page = data_make();
    for (word_t i = 0; i < 50; i++)
        OK(pte, map, 0, PINNED + i * PAGE_SIZE, page, 1, RIGHT_READ, CAP_NONE);
    OK(pte, map, 0, PINNED + 60 * PAGE_SIZE, shared, 1, RIGHT_READ, 1);
    OK(pte, map, 0, PINNED + 61 * PAGE_SIZE, family.a + 1, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    OK(pte, map, 0, PINNED + 62 * PAGE_SIZE, FAKE_UART, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    OK(irq, bind, 5, 1ul << 33);
    OK(cap, mint, 2, page, RIGHT_READ);
    space_t grand_space;
    env_t grandchild = child_make(&grand_space);
    OK(env, start, grandchild);

    fake_on(HART_INIT);
    REFUSED(NOENT, env, destroy, NOBODY);
    REFUSED(PERM, env, destroy, fake.init);
    REFUSED(PERM, env, destroy, grandchild);
    OK(cap, mint, 3, family.a, RIGHT_NOTIFY);
    ALL(env, destroy, family.a);
    assert_null(env_named(family.a));
    for (word_t i = 0; i < page_count(); i++)
        assert_int_not_equal(page_number(i)->owner, family.a);
    assert_int_equal(page_frame(page)->kind, PAGE_FREE);
    assert_int_equal(page_frame(page)->bindings, 0);
    assert_int_equal(page_frame(FAKE_UART)->owner, fake.init);
    assert_int_equal(page_frame(FAKE_UART)->bindings, 0);
    assert_int_equal(page_frame(grandchild)->owner, fake.init);
    REFUSED(STALE, env, notify, 3, 1ul << 32);
    OK(irq, bind, 5, 1ul << 33); // the source is free
    OK(irq, bind, 5, 0);
    OK(env, stop, grandchild);
    ALL(env, destroy, grandchild);
    ALL(space, destroy, grand_space);
    ALL(space, destroy, family.a_space);
    assert_int_equal(page_frame(shared)->bindings, 0);
    OK(page, free, shared);
}

static void destroy_works_in_pieces(void **state)
{
    (void)state;
    frames_for(family.a, 60);
    int pieces = 0;
    while (CALL(env, destroy, family.a).error == ERR_AGAIN) {
        invariants();
        harts_cross();
        if (++pieces == 4) { // half dead, it takes nothing more
            assert_int_equal(env_named(family.a)->state, ENV_DYING);
            page_t page = fake_fresh();
            REFUSED(CLOSED, page, move, page, 1, family.a);
            REFUSED(NOENT, irq, give, 3, family.a);
            REFUSED(NOENT, slice, give, HART_INIT, 0, family.a);
        }
        assert_true(pieces < 1000);
    }
    assert_true(pieces > 4);
}

static void notify_sets_event_bits(void **state)
{
    (void)state;
    OK(cap, mint, 1, family.a, RIGHT_NOTIFY);
    OK(cap, mint, 2, family.a, RIGHT_CALL);
    OK(env, notify, 1, 1ul << 32 | 1ul << 63);
    assert_int_equal(pending(family.a), 1ul << 32 | 1ul << 63);
    assert_true(fake_harts[HART_A].soft); // it runs there, and shall see it
    REFUSED(RANGE, env, notify, CAPS_MAX, 1ul << 32);
    REFUSED(RANGE, env, notify, 1, 0);
    REFUSED(RANGE, env, notify, 1, 1);
    REFUSED(RANGE, env, notify, 1, 1ul << 32 | EVENT_BIT(CHILD));
    REFUSED(STALE, env, notify, 9, 1ul << 32);
    REFUSED(PERM, env, notify, 2, 1ul << 32);
    fake_on(HART_A);
    *env_save(fake_env(), SAVE_I_HANDLER) = 0x7000;
    fake_self()->regs[REG_PC] = 0x4444;
    assert_true(fake_interrupt());
    assert_int_equal(fake_self()->regs[REG_PC], 0x7000);
    assert_int_equal(fake_self()->regs[REG_T1], 0x4444);
}

// Floating-point registers are their owner's alone, whoever runs in between.
static void floats_are_kept_apart(void **state)
{
    (void)state;
    REFUSED(RANGE, env, float, 2);
    fake_on(HART_A);
    assert_false(fake_self()->float_on);
    OK(env, float, 1);
    assert_true(fake_self()->float_on);
    fake_self()->floats[7] = 0x777;
    page_t frames = frames_for(family.a, 3);
    env_t twin = ALL(env, create, frames, frames + 2, 0);
    OK(slice, give, HART_A, 9, twin);
    OK(env, start, twin);
    for (int i = 0; i < 40 && fake_env()->self != twin; i++)
        CALL(slice, yield, 0);
    assert_int_equal(fake_env()->self, twin);
    assert_false(fake_self()->float_on);
    OK(env, float, 1);
    assert_int_not_equal(fake_self()->floats[7], 0x777); // its own are loaded
    fake_self()->floats[7] = 0x888;
    CALL(slice, yield, 0);
    assert_int_equal(fake_env()->self, family.a);
    assert_int_equal(fake_self()->floats[7], 0x777);
    OK(env, float, 0);
    assert_false(fake_self()->float_on);
    for (int i = 0; i < 40 && fake_env()->self != twin; i++)
        CALL(slice, yield, 0);
    assert_int_equal(fake_self()->floats[7], 0x888);
}

static void resume_loads_all_registers(void **state)
{
    (void)state;
    word_t *regs = env_save(fake_env(), SAVE_G_PC);
    for (word_t i = 0; i < REGS; i++)
        regs[i] = 0x100 + i;
    CALL(env, resume, 0);
    for (word_t i = 0; i < REGS; i++)
        assert_int_equal(fake_self()->regs[i], 0x100 + i);
    CALL(env, null, 0);
}

ROOM(env)
{
    const struct CMUnitTest tests[] = {
        TEST(create_takes_three_frames),
        TEST(create_in_a_dying_space),
        TEST(set_and_start),
        TEST(stop_takes_it_off_its_hart),
        TEST(exit_tells_the_creator),
        TEST(fault_with_a_closed_slot),
        TEST(init_faults),
        TEST(destroy_loses_nothing),
        TEST(destroy_works_in_pieces),
        TEST(notify_sets_event_bits),
        TEST(floats_are_kept_apart),
        TEST(resume_loads_all_registers),
    };
    return RUN(tests);
}
