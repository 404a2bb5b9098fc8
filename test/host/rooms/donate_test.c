// SPDX-License-Identifier: BSD-2-Clause
// slice: donations of time, one inside the other, and every way in which they end.

#include "rooms_test.h"

#include "machine/machine.h"
#include "slice/slice.h"
#include <rivet/board.h>
#include <rivet/revoke.h>

#define TICKS (machine_info->slice_ticks)
#define HANDLER 0x7000
#define GATE 0xa000
#define FOREVER (~0ul)
#define OWN_EVENT (1ul << 40)
#define CHILDREN 10

/*
 * A, on its hart, has children in its space: number i in its slot 10 + i. Each has the next one in its slot 1, A in slot 2, and
 * the first in slot 3. They own no slices.
 */
static env_t children[CHILDREN];

static env_t runs(word_t hart) { return env_at(hart_number(hart)->current)->self; }
static word_t answer(void) { return fake_self()->regs[REG_A1]; }
static word_t slice_end(void) { return hart_number(HART_A)->slice_end; }
static word_t depth(void) { return hart_number(HART_A)->donation_count; }
static struct env *child(word_t i) { return env_named(children[i]); }

static void children_make(word_t count)
{
    fake_on(HART_A);
    for (word_t i = 0; i < count; i++) {
        page_t frames = frames_for(family.a, 3);
        children[i] = ALL(env, create, frames, frames + 2, 0);
        OK(env, set, children[i], ENV_PC, 0x5000 + i * 0x100);
        OK(cap, mint, 10 + i, children[i], RIGHTS_ENV);
    }
    OK(cap, mint, 9, family.a, RIGHTS_ENV);
    for (word_t i = 0; i < count; i++) {
        if (i + 1 < count)
            OK(cap, grant, 10 + i + 1, children[i], 1, RIGHTS_ENV);
        OK(cap, grant, 9, children[i], 2, RIGHTS_ENV);
        OK(cap, grant, 10, children[i], 3, RIGHTS_ENV);
        OK(env, start, children[i]);
    }
    harts_cross();
    *env_save(fake_env(), SAVE_PENDING) = 0;
}

// A donates to its first child, that one to the second, and so on; whoever is last runs.
static void nest(word_t levels, const word_t *untils)
{
    for (word_t i = 0; i < levels; i++) {
        CALL(slice, donate, i == 0 ? 10 : 1, untils != NULL ? untils[i] : FOREVER, OWN_EVENT, 0);
        assert_int_equal(runs(HART_A), children[i]);
    }
    assert_int_equal(depth(), levels);
}

static void went_on(env_t env, enum donate_reason why)
{
    assert_int_equal(fake_self()->mode, FAKE_USER);
    assert_int_equal(runs(HART_A), env);
    assert_int_equal(fake_self()->regs[REG_A0], ERR_OK);
    assert_int_equal(answer(), why);
}

static void it_comes_back_with_the_reason(void **state)
{
    (void)state;
    children_make(1);
    word_t end = slice_end();
    fake_self()->regs[REG_RA] = 0x6666;
    fake_self()->regs[REG_SP] = 0x7770;
    fake_self()->regs[9] = 0x5ec4e7;
    CALL(slice, donate, 10, FOREVER, 0, 0);
    assert_int_equal(runs(HART_A), children[0]);
    assert_int_equal(fake_self()->regs[REG_PC], 0x5000);
    assert_int_equal(fake_self()->regs[9], 0);
    assert_true(fake_self()->timer < end);
    fake.time += 100;
    CALL(slice, yield, 0);
    went_on(family.a, DONATE_YIELDED);
    assert_int_equal(fake_self()->regs[REG_PC], 0x6666);
    assert_int_equal(fake_self()->regs[REG_SP], 0x7770);
    assert_int_equal(slice_end(), end); // the same slice
    assert_int_equal(fake_self()->timer, end);
    assert_int_equal(child(0)->ticks, 100);
    assert_int_equal(depth(), 0);
    CALL(slice, donate, 10, FOREVER, 0, 0);
    CALL(slice, wait, OWN_EVENT, 0);
    went_on(family.a, DONATE_BLOCKED);
    OK(env, notify, 10, OWN_EVENT);
    CALL(slice, donate, 10, FOREVER, 0, 0);
    CALL(pct, accept, GATE, 0xb000, 0);
    went_on(family.a, DONATE_BLOCKED);
}

static void a_receiver_that_stops_is_a_reason(void **state)
{
    (void)state;
    children_make(2);
    CALL(slice, donate, 10, FOREVER, 0, 0);
    CALL(env, exit, 7);
    went_on(family.a, DONATE_STOPPED);
    CALL(slice, donate, 11, FOREVER, 0, 0);
    *env_save(fake_env(), SAVE_X_HANDLER) = 0;
    fake_exception(2, 0xbad);
    went_on(family.a, DONATE_STOPPED);
    assert_int_equal(OK(env, info, children[1], ENV_STATE), ENV_FAULTED);
}

static void its_time_is_used_up(void **state)
{
    (void)state;
    children_make(1);
    word_t until = fake.time + 300;
    CALL(slice, donate, 10, until, 0, 0);
    assert_int_equal(fake_self()->timer, until);
    *env_save(fake_env(), SAVE_I_HANDLER) = HANDLER; // no upcall, no grace time: it is not its slice
    fake_self()->regs[20] = 0x2020;
    time_pass(299);
    assert_int_equal(runs(HART_A), children[0]);
    time_pass(1);
    went_on(family.a, DONATE_USED);
    assert_int_equal(fake_self()->regs[20], 0);
    assert_int_equal(child(0)->ticks, 300);
    CALL(slice, donate, 10, FOREVER, 0, 0);
    assert_int_equal(fake_self()->regs[20], 0x2020); // whole
    CALL(slice, yield, 0);
    went_on(family.a, DONATE_YIELDED);
}

// The end of the slice is its owner's: with its upcall, its grace time, and no debt for what others ran.
static void the_slice_ends_for_its_owner(void **state)
{
    (void)state;
    children_make(2);
    struct env *a = fake_env();
    word_t position = hart_number(HART_A)->position;
    nest(2, NULL);
    *env_save(a, SAVE_I_HANDLER) = HANDLER;
    time_pass(slice_end() - fake.time + 50); // a little late
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(fake_self()->regs[REG_PC], HANDLER);
    assert_int_equal(fake_self()->regs[REG_T0], CAUSE_TIMER);
    assert_int_equal(answer(), DONATE_USED);
    assert_int_equal(fake_vectors[HART_A][position].excess, 0);
    REFUSED(DEADLINE, slice, donate, 10, FOREVER, 0, 0); // in the grace time nobody has any to give
    fake.time += 3;
    CALL(slice, yield, 0);
    assert_int_equal(fake_vectors[HART_A][position].excess, 3); // its own
    assert_true(fake_vectors[HART_A][position].used > 0);
}

static void untils_are_clipped_to_the_donors(void **state)
{
    (void)state;
    children_make(3);
    word_t untils[] = {fake.time + 100, fake.time + 500, fake.time + 50};
    nest(3, untils);
    assert_int_equal(hart_number(HART_A)->donations[1].until, untils[0]);
    assert_int_equal(fake_self()->timer, untils[2]);
    time_pass(50);
    went_on(children[1], DONATE_USED); // the innermost
    time_pass(50);
    went_on(family.a, DONATE_USED); // the outermost of two that end at once
    assert_int_equal(depth(), 0);
    assert_int_equal(child(0)->claim, CLAIM_STOPPED); // it can run
    CALL(slice, donate, 10, FOREVER, 0, 0);
    went_on(children[0], DONATE_USED); // and knows why it goes on
    assert_int_equal(depth(), 1);
}

static void receivers_answer_the_innermost(void **state)
{
    (void)state;
    children_make(3);
    nest(3, NULL);
    CALL(slice, yield, 0);
    went_on(children[1], DONATE_YIELDED);
    CALL(slice, wait, OWN_EVENT, 0);
    went_on(children[0], DONATE_BLOCKED);
    CALL(env, exit, 0);
    went_on(family.a, DONATE_STOPPED);
}

static void an_event_of_the_donors_interrupts(void **state)
{
    (void)state;
    children_make(3);
    struct env *a = fake_env();
    nest(3, NULL);
    fake_self()->regs[20] = 0x2020;
    OK(env, notify, 2, 1ul << 41); // not one that A named
    fake_interrupt();
    assert_int_equal(runs(HART_A), children[2]);
    OK(env, notify, 2, OWN_EVENT); // by whoever runs on its time
    assert_int_equal(runs(HART_A), children[2]);
    assert_true(fake_interrupt());
    went_on(family.a, DONATE_EVENT);
    assert_int_equal(child(1)->result_value, DONATE_USED);
    REFUSED(PENDING, slice, donate, 10, FOREVER, OWN_EVENT, 0);
    *env_save(a, SAVE_PENDING) = 0;
    // by another hart
    fake_on(HART_INIT);
    OK(cap, mint, 1, family.a, RIGHT_NOTIFY);
    fake_on(HART_A);
    CALL(slice, donate, 12, FOREVER, OWN_EVENT, 0);
    assert_int_equal(fake_self()->regs[20], 0x2020);
    fake_on(HART_INIT);
    OK(env, notify, 1, OWN_EVENT);
    harts_cross();
    fake_on(HART_A);
    went_on(family.a, DONATE_EVENT);
}

// Both come in the same moment: whoever is further out does not wait for the other.
static void an_answer_and_an_event(void **state)
{
    (void)state;
    children_make(3);
    nest(3, NULL);
    OK(env, notify, 2, OWN_EVENT);
    CALL(slice, yield, 0);
    went_on(family.a, DONATE_EVENT);
    assert_int_equal(child(1)->claim, CLAIM_STOPPED);
    assert_int_equal(child(2)->claim, CLAIM_STOPPED);
}

static void an_alarm_of_the_donors_is_an_event(void **state)
{
    (void)state;
    children_make(1);
    struct env *a = fake_env();
    word_t when = fake.time + 200;
    OK(slice, alarm, when);
    CALL(slice, donate, 10, FOREVER, EVENT_BIT(ALARM), 0);
    assert_int_equal(fake_self()->timer, when);
    time_pass(200);
    went_on(family.a, DONATE_EVENT);
    assert_true(*env_save(a, SAVE_PENDING) & EVENT_BIT(ALARM));
    *env_save(a, SAVE_PENDING) = 0;
    OK(slice, alarm, fake.time + 200);
    CALL(slice, donate, 10, FOREVER, 0, 0); // one that it did not name waits for it
    time_pass(200);
    assert_int_equal(runs(HART_A), children[0]);
    word_t own = fake.time + 100;
    OK(slice, alarm, own);
    *env_save(fake_env(), SAVE_I_HANDLER) = HANDLER;
    time_pass(100);
    assert_int_equal(runs(HART_A), children[0]); // the receiver's own is its own
    assert_int_equal(fake_self()->regs[REG_PC], HANDLER);
    assert_int_equal(fake_self()->regs[REG_T0], CAUSE_SOFT);
}

static void refusals(void **state)
{
    (void)state;
    children_make(CHILDREN);
    OK(cap, mint, 5, family.a, RIGHT_YIELD);
    OK(cap, mint, 6, children[0], RIGHT_CALL);
    space_t space;
    fake_on(HART_INIT);
    env_t asleep = child_make(&space);
    OK(cap, mint, 1, family.a, RIGHT_YIELD);
    OK(cap, mint, 2, asleep, RIGHT_YIELD);
    REFUSED(BUSY, slice, donate, 1, FOREVER, 0, 0); // it runs on a hart of its own
    REFUSED(STATE, slice, donate, 2, FOREVER, 0, 0); // it was never started
    fake_on(HART_A);
    REFUSED(RANGE, slice, donate, CAPS_MAX, FOREVER, 0, 0);
    REFUSED(STALE, slice, donate, 90, FOREVER, 0, 0);
    REFUSED(PERM, slice, donate, 6, FOREVER, 0, 0);
    REFUSED(STATE, slice, donate, 5, FOREVER, 0, 0); // itself
    REFUSED(DEADLINE, slice, donate, 10, fake.time, 0, 0);
    REFUSED(DEADLINE, slice, donate, 10, 0, 0, 0);
    REFUSED(CHANGED, slice, donate, 10, FOREVER, 0, 0x1234);
    CALL(slice, donate, 10, FOREVER, 0, 0);
    CALL(slice, wait, OWN_EVENT, 0);
    REFUSED(BUSY, slice, donate, 10, FOREVER, 0, 0); // it has nothing to do
    OK(env, notify, 10, OWN_EVENT);
    CALL(slice, donate, 10, FOREVER, 0, 0);
    CALL(env, exit, 0);
    REFUSED(STATE, slice, donate, 10, FOREVER, 0, 0); // it is dead
}

static void depth_and_cycles(void **state)
{
    (void)state;
    children_make(CHILDREN);
    nest(DONATIONS_MAX, NULL);
    REFUSED(DEPTH, slice, donate, 1, FOREVER, 0, 0);
    CALL(slice, yield, 0);
    went_on(children[DONATIONS_MAX - 2], DONATE_YIELDED);
    REFUSED(BUSY, slice, donate, 2, FOREVER, 0, 0); // A is a donor: a cycle
    REFUSED(BUSY, slice, donate, 3, FOREVER, 0, 0);
    time_pass(slice_end() - fake.time - 1);
    went_on(family.a, DONATE_USED);
    for (int i = 0; i < DONATIONS_MAX - 1; i++)
        assert_int_equal(child(i)->claim, CLAIM_STOPPED);
}

// The server runs on the time of whoever waits for it: priority inheritance.
static void the_end_of_a_chain_of_calls_runs(void **state)
{
    (void)state;
    children_make(2);
    CALL(slice, donate, 11, FOREVER, 0, 0);
    CALL(pct, accept, GATE, 0xb000, 0);
    went_on(family.a, DONATE_BLOCKED);
    CALL(slice, donate, 10, FOREVER, OWN_EVENT, 0);
    CALL(pct, call, 1, 0); // the callee's time is the donor's
    assert_int_equal(runs(HART_A), children[1]);
    word_t before = child(1)->ticks;
    time_pass(500);
    CALL(slice, yield, 0);
    went_on(family.a, DONATE_YIELDED);
    assert_int_equal(child(1)->ticks - before, 500);
    CALL(slice, donate, 10, FOREVER, 0, 0); // to the caller: the callee goes on
    assert_int_equal(runs(HART_A), children[1]);
    CALL(pct, return, 0);
    assert_int_equal(runs(HART_A), children[0]);
    assert_int_equal(depth(), 1);
    time_pass(slice_end() - fake.time - 1);
    went_on(family.a, DONATE_USED);
}

// A callee of a fast call has no grace word of its own, but the time is no more its own than its caller's.
static void a_callee_cannot_take_the_slice(void **state)
{
    (void)state;
    children_make(2);
    CALL(slice, donate, 11, FOREVER, 0, 0);
    CALL(pct, accept, GATE, 0xb000, 0);
    CALL(slice, donate, 10, FOREVER, 0, 0);
    CALL(pct, call, 1, 0);
    CALL(pct, return, 0);
    CALL(pct, call, 1, 0); // both were on this hart last
    assert_int_equal(runs(HART_A), children[1]);
    *env_save(fake_env(), SAVE_I_HANDLER) = HANDLER;
    time_pass(slice_end() - fake.time - 1);
    went_on(family.a, DONATE_USED);
    assert_int_equal(*env_save(child(1), SAVE_I_HANDLER), HANDLER);
}

static void the_deadline_of_a_call(void **state)
{
    (void)state;
    children_make(2);
    CALL(slice, donate, 11, FOREVER, 0, 0);
    CALL(pct, accept, GATE, 0xb000, 0);
    CALL(slice, donate, 10, FOREVER, 0, 0);
    CALL(pct, call, 1, fake.time + 200);
    assert_int_equal(runs(HART_A), children[1]);
    assert_int_equal(fake_self()->timer, fake.time + 200);
    time_pass(200);
    assert_int_equal(runs(HART_A), children[0]); // on the same donated time
    assert_int_equal(fake_self()->regs[REG_A0], ERR_DEADLINE);
    refusal_note(CALL_pct_call, ERR_DEADLINE);
    assert_int_equal(depth(), 1);
    CALL(slice, yield, 0);
    went_on(family.a, DONATE_YIELDED);
}

// The callee donates what its caller's deadline ends: the caller goes on, and the callee's donation is over.
static void a_callee_that_donates(void **state)
{
    (void)state;
    children_make(3);
    CALL(slice, donate, 11, FOREVER, 0, 0);
    CALL(pct, accept, GATE, 0xb000, 0);
    CALL(slice, donate, 10, FOREVER, 0, 0);
    CALL(pct, call, 1, fake.time + 200);
    CALL(slice, donate, 1, FOREVER, 0, 0);
    assert_int_equal(runs(HART_A), children[2]);
    assert_int_equal(depth(), 2);
    time_pass(200);
    assert_int_equal(runs(HART_A), children[0]);
    assert_int_equal(fake_self()->regs[REG_A0], ERR_DEADLINE);
    assert_int_equal(depth(), 1);
    assert_int_equal(child(1)->claim, CLAIM_STOPPED);
    assert_int_equal(child(1)->result_value, DONATE_USED);
}

static void the_rest_goes_to_whom_the_receiver_names(void **state)
{
    (void)state;
    children_make(3);
    CALL(slice, donate, 10, fake.time + 400, 0, 0);
    CALL(slice, yield_to, 1);
    assert_int_equal(runs(HART_A), children[1]);
    time_pass(100);
    CALL(slice, yield, 0);
    went_on(family.a, DONATE_YIELDED);
    CALL(slice, donate, 10, fake.time + 400, 0, 0);
    CALL(slice, yield_to, 1);
    time_pass(400);
    went_on(family.a, DONATE_USED);
}

// An environment that is stopped in the middle of the chain: what is inside of it ends, what is outside learns it.
static void a_donor_dies(void **state)
{
    (void)state;
    children_make(4);
    nest(4, NULL);
    fake_on(HART_INIT); // init stands in for A: it created A
    env_named(family.a)->stop = 0;
    pages.table[children[1] - FAKE_FIRST].owner = (uint32_t)fake.init;
    fake_call(CALL_env_stop, (word_t[6]){children[1]});
    harts_cross();
    OK(env, stop, children[1]);
    assert_int_equal(child(1)->state, ENV_STOPPED);
    fake_on(HART_A);
    went_on(children[0], DONATE_STOPPED); // the next one out
    assert_int_equal(depth(), 1);
    assert_int_equal(child(2)->claim, CLAIM_STOPPED);
    assert_int_equal(child(3)->claim, CLAIM_STOPPED);
    pages.table[children[1] - FAKE_FIRST].owner = (uint32_t)family.a;
}

static void the_outermost_donor_dies(void **state)
{
    (void)state;
    children_make(2);
    nest(2, NULL);
    fake_on(HART_INIT);
    fake_call(CALL_env_stop, (word_t[6]){family.a});
    harts_cross();
    OK(env, stop, family.a);
    assert_int_equal(fake_harts[HART_A].mode, FAKE_SLEEPS); // the children have no slices
    assert_int_equal(child(0)->claim, CLAIM_STOPPED);
    ALL(env, destroy, family.a);
}

// Whoever runs on the time of its own child can stop it.
static void a_receiver_stops_its_donor(void **state)
{
    (void)state;
    children_make(1);
    CALL(slice, donate, 10, FOREVER, 0, 0);
    CALL(slice, donate, 2, FOREVER, 0, 0);
    assert_int_equal(runs(HART_A), children[0]); // a cycle is refused
    CALL(slice, yield, 0);
    fake_on(HART_A);
    for (word_t i = 0; i < SLICES_MAX; i++)
        OK(slice, give, HART_A, i, children[0]);
    CALL(slice, yield, 0);
    assert_int_equal(runs(HART_A), children[0]);
    CALL(slice, donate, 2, FOREVER, 0, 0);
    assert_int_equal(runs(HART_A), family.a);
    fake_call(CALL_env_stop, (word_t[6]){children[0]});
    assert_true(fake_interrupt());
    assert_int_equal(depth(), 0);
    assert_int_equal(child(0)->claim, CLAIM_STOPPED);
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS); // A has no slice here any more
    fake_on(HART_INIT);
    OK(cap, mint, 1, family.a, RIGHT_YIELD);
    CALL(slice, yield_to, 1);
    OK(env, stop, children[0]);
    OK(slice, give, HART_A, 0, children[0]);
}

static void a_slice_that_is_taken(void **state)
{
    (void)state;
    children_make(2);
    fake_on(HART_INIT);
    OK(cap, mint, 1, family.a, RIGHT_REVOKE);
    fake_on(HART_A);
    nest(2, NULL);
    word_t position = hart_number(HART_A)->position;
    fake_on(HART_INIT);
    CALL(revoke, request, 1, REVOKE_SLICES, 2, fake.time + 50);
    fake.time += 50;
    OK(revoke, abort, 1, REVOKE_SLICES, HART_A << 8 | ((position + 1) % SLICES_MAX), 1);
    harts_cross();
    assert_int_equal(runs(HART_A), children[1]); // another one
    OK(revoke, abort, 1, REVOKE_SLICES, HART_A << 8 | position, 1);
    harts_cross();
    fake_on(HART_A);
    went_on(family.a, DONATE_REVOKED);
    CALL(slice, donate, 10, FOREVER, 0, 0); // what is left of the turn is its as it began
    assert_int_equal(runs(HART_A), children[0]);
}

// Floating-point registers leave with the donor; it is found by whoever posts an event all the same.
static void donors_with_floats(void **state)
{
    (void)state;
    children_make(1);
    OK(env, float, 1);
    fake_self()->floats[3] = 0x3333;
    CALL(slice, donate, 10, FOREVER, OWN_EVENT, 0);
    assert_int_equal(fake_self()->float_on, false);
    OK(env, float, 1);
    fake_self()->floats[3] = 0x4444;
    fake_on(HART_INIT);
    OK(cap, mint, 1, family.a, RIGHT_NOTIFY);
    OK(env, notify, 1, OWN_EVENT);
    harts_cross();
    fake_on(HART_A);
    went_on(family.a, DONATE_EVENT);
    assert_int_equal(fake_self()->floats[3], 0x3333);
    *env_save(fake_env(), SAVE_PENDING) = 0;
    CALL(slice, donate, 10, FOREVER, OWN_EVENT, 0);
    assert_int_equal(fake_self()->floats[3], 0x4444);
}

static void a_machine_without_sstc(void **state)
{
    (void)state;
    family_setup_with((struct fake_options){.harts = 4, .frames = 512, .asid_bits = 16, .no_sstc = true});
    children_make(2);
    word_t untils[] = {fake.time + 100, fake.time + 50};
    nest(2, untils);
    time_pass(50);
    went_on(children[0], DONATE_USED);
    CALL(slice, yield, 0);
    went_on(family.a, DONATE_YIELDED);
}

// What stands in A's table of boards for the first child.
static word_t board_word(void)
{
    return ((struct board_entry *)page_memory(env_named(family.a)->board))[1].word;
}

// A schedules a child: what it decides by must be what is, and a block on its own time is no event.
static void a_decision_carries_its_word(void **state)
{
    (void)state;
    children_make(1);
    struct env *a = fake_env();
    OK(board, bind, frames_for(family.a, 1));
    CALL(slice, donate, 10, FOREVER, 0, 0);
    OK(board, join, 0, 2, 1);
    CALL(slice, yield, 0);
    *env_save(a, SAVE_PENDING) = 0;
    word_t word = board_word();
    REFUSED(CHANGED, slice, donate, 10, FOREVER, EVENT_BIT(BOARD), word + BOARD_STEP);
    CALL(slice, donate, 10, FOREVER, EVENT_BIT(BOARD), word);
    assert_int_equal(runs(HART_A), children[0]);
    CALL(slice, wait, OWN_EVENT, 0);
    went_on(family.a, DONATE_BLOCKED);
    assert_int_equal(*env_save(a, SAVE_PENDING), 0);
    assert_int_equal(BOARD_STATE(board_word()), BOARD_BLOCKED);
    REFUSED(CHANGED, slice, donate, 10, FOREVER, EVENT_BIT(BOARD), word); // stale
    OK(env, notify, 10, OWN_EVENT);
    assert_true(*env_save(a, SAVE_PENDING) & EVENT_BIT(BOARD));
    REFUSED(PENDING, slice, donate, 10, FOREVER, EVENT_BIT(BOARD), board_word());
    *env_save(a, SAVE_PENDING) = 0;
    CALL(slice, donate, 10, FOREVER, EVENT_BIT(BOARD), board_word());
    assert_int_equal(runs(HART_A), children[0]);
}

// One that has slices of its own hands back what it was given, and not the slice to whoever is next.
static void a_receiver_with_slices_hands_it_back(void **state)
{
    (void)state;
    children_make(2);
    for (word_t position = 0; position < SLICES_MAX; position++)
        if (fake_vectors[HART_A][position].env == family.a && position != hart_number(HART_A)->position)
            OK(slice, give, HART_A, position, children[position % 2]);
    for (word_t i = 0; i < 6; i++) { // each in turn, and not only for the first time
        CALL(slice, donate, 10 + i % 2, FOREVER, 0, 0);
        assert_int_equal(runs(HART_A), children[i % 2]);
        CALL(slice, yield, 0);
        went_on(family.a, DONATE_YIELDED);
        assert_int_equal(depth(), 0);
    }
}

#define KEPT 20 // a register that a call leaves as it is

// A has a board, with its first child at 1 and its second, which waits, at 2. The first runs, by its word there.
static void board_of_two(void)
{
    OK(board, bind, frames_for(family.a, 1));
    CALL(slice, donate, 10, FOREVER, 0, 0);
    OK(board, join, 0, 2, 1);
    fake_self()->regs[KEPT] = 0x2020;
    fake_self()->regs[REG_RA] = 0x6666;
    CALL(slice, donate, 1, FOREVER, 0, 0);
    OK(board, join, 0, 2, 2);
    CALL(slice, wait, OWN_EVENT, 0);
    CALL(slice, yield, 0);
    *env_save(env_named(family.a), SAVE_PENDING) = 0;
    *env_save(env_named(family.a), SAVE_BOARD_LOW) = 0;
    CALL(slice, donate, 10, FOREVER, EVENT_BIT(BOARD), board_word());
    (void)fake_interrupt(); // of the joining
    assert_int_equal(runs(HART_A), children[0]);
}

// The waiting child was woken, and A goes on by that.
static void a_was_told(void)
{
    const struct board_entry *entries = page_memory(env_named(family.a)->board);
    went_on(family.a, DONATE_EVENT);
    assert_int_equal(depth(), 0);
    assert_int_equal(BOARD_STATE(entries[2].word), BOARD_READY);
    assert_int_equal(*env_save(env_named(family.a), SAVE_BOARD_LOW), 1 << 2);
    assert_int_equal(*env_save(env_named(family.a), SAVE_PENDING), EVENT_BIT(BOARD));
    *env_save(env_named(family.a), SAVE_PENDING) = 0;
}

// A call that posts an event on its scheduler's time ends in the scheduler, and later as it would have.
static void an_event_for_another_child(void **state)
{
    (void)state;
    children_make(2);
    board_of_two();
    word_t used = child(0)->ticks;
    fake.time += 70;
    fake_self()->regs[KEPT] = 0x5ec4e7;
    fake_self()->regs[REG_RA] = 0x6888;
    fake_self()->regs[REG_SP] = 0x7770;
    CALL(env, notify, 1, OWN_EVENT << 1); // not one that it waits for
    assert_true(fake.returned);
    CALL(env, notify, 1, OWN_EVENT);
    assert_false(fake_interrupt()); // it needs none
    a_was_told();
    assert_int_equal(fake_self()->timer, slice_end());
    assert_int_equal(fake_self()->regs[KEPT], 0);
    assert_int_equal(child(0)->ticks, used + 70);
    assert_int_equal(((struct board_entry *)page_memory(env_named(family.a)->board))[1].ticks, used + 70);
    CALL(slice, donate, 10, FOREVER, EVENT_BIT(BOARD), board_word());
    assert_int_equal(runs(HART_A), children[0]);
    assert_int_equal(fake_self()->regs[REG_PC], 0x6888);
    assert_int_equal(fake_self()->regs[REG_SP], 0x7770);
    assert_int_equal(fake_self()->regs[REG_A0], ERR_OK);
    assert_int_equal(fake_self()->regs[KEPT], 0x5ec4e7);
    OK(env, notify, 1, OWN_EVENT); // it is woken already
    CALL(slice, donate, 1, FOREVER, 0, 0);
    assert_int_equal(runs(HART_A), children[1]);
    assert_int_equal(answer(), OWN_EVENT);
}

// ... and by an interrupt where something is unusual about one of those that it concerns.
static void an_event_for_another_child_that_is_unusual(void **state)
{
    enum { ALARM, FLOATS, SLICES, POSTER, NOT_ITS_OWN, CASES };
    (void)state;
    for (int i = 0; i < CASES; i++) {
        family_each(state);
        children_make(2);
        struct env *a = fake_env();
        board_of_two();
        switch (i) {
        case ALARM:  a->alarm = fake.time + 5, a->alarmed = 1; break;
        case FLOATS: child(1)->floats = 1; break;
        case SLICES: child(1)->slice_harts = 1u << HART_IDLE; fake_vectors[HART_IDLE][0].env = (uint32_t)children[1]; break;
        case POSTER: child(0)->slice_harts = 1u << HART_IDLE; fake_vectors[HART_IDLE][0].env = (uint32_t)children[0]; break;
        case NOT_ITS_OWN: // A does not wait for its board
            *env_save(a, SAVE_PENDING) = 0;
            CALL(slice, yield, 0);
            CALL(slice, donate, 10, FOREVER, OWN_EVENT, 0);
            break;
        }
        fake_self()->regs[KEPT] = 0x5ec4e7;
        CALL(env, notify, 1, OWN_EVENT);
        assert_true(fake.returned);
        assert_int_equal(fake_self()->regs[KEPT], 0x5ec4e7);
        assert_true(fake_interrupt());
        if (i == NOT_ITS_OWN) {
            assert_int_equal(runs(HART_A), children[0]);
            assert_int_equal(*env_save(a, SAVE_PENDING), EVENT_BIT(BOARD));
            continue;
        }
        a->alarm = 0;
        fake_vectors[HART_IDLE][0].env = (uint32_t)fake.init;
        child(0)->slice_harts = child(1)->slice_harts = 0;
        a_was_told();
    }
}

// A donor that was told to stop in the same moment does not go on.
static void an_event_for_a_donor_that_stops(void **state)
{
    (void)state;
    children_make(2);
    board_of_two();
    fake_on(HART_INIT);
    REFUSED(AGAIN, env, stop, family.a);
    fake_on(HART_A);
    CALL(env, notify, 1, OWN_EVENT);
    harts_cross();
    fake_on(HART_A);
    assert_int_not_equal(runs(HART_A), family.a);
    fake_on(HART_INIT);
    ALL(env, stop, family.a);
}

ROOM(donate)
{
    const struct CMUnitTest tests[] = {
        TEST(it_comes_back_with_the_reason),
        TEST(a_receiver_that_stops_is_a_reason),
        TEST(its_time_is_used_up),
        TEST(the_slice_ends_for_its_owner),
        TEST(untils_are_clipped_to_the_donors),
        TEST(receivers_answer_the_innermost),
        TEST(an_event_of_the_donors_interrupts),
        TEST(an_answer_and_an_event),
        TEST(an_alarm_of_the_donors_is_an_event),
        TEST(refusals),
        TEST(depth_and_cycles),
        TEST(the_end_of_a_chain_of_calls_runs),
        TEST(a_callee_cannot_take_the_slice),
        TEST(the_deadline_of_a_call),
        TEST(a_callee_that_donates),
        TEST(the_rest_goes_to_whom_the_receiver_names),
        TEST(a_donor_dies),
        TEST(the_outermost_donor_dies),
        TEST(a_receiver_stops_its_donor),
        TEST(a_slice_that_is_taken),
        TEST(donors_with_floats),
        TEST(a_decision_carries_its_word),
        TEST(a_receiver_with_slices_hands_it_back),
        TEST(an_event_for_another_child),
        TEST(an_event_for_another_child_that_is_unusual),
        TEST(an_event_for_a_donor_that_stops),
        TEST(a_machine_without_sstc),
    };
    return RUN(tests);
}
