// SPDX-License-Identifier: BSD-2-Clause
/*
 * board: every change of a child's word, who is told of it and when, that no wake-up is lost, consent, and the deaths of
 * either side. A schedules; B, on a hart of its own, is its child at index 5.
 */
#include "rooms_test.h"

#include "board/board.h"
#include "machine/machine.h"
#include "slice/slice.h"

#define SLOT   5
#define DOOR   6
#define INDEX  5
#define EVENT  (1ul << 50)
#define OTHER  (1ul << 51)
#define ENTRY  0xa000ul
#define STACK  0xb000ul

static page_t board;

static struct env *a(void) { return env_named(family.a); }
static struct env *b(void) { return env_named(family.b); }
static struct board_entry *entry_at(word_t index) { return (struct board_entry *)page_memory(board) + index; }
static enum board_state state_at(word_t index) { return BOARD_STATE(entry_at(index)->word); }
static word_t number(void) { return BOARD_NUMBER(entry_at(INDEX)->word); }
static env_t runs(word_t hart) { return env_at(hart_number(hart)->current)->self; }

// What the scheduler was told since it last asked: a bit for each index below 64.
static word_t told(const struct env *scheduler)
{
    word_t *pending = env_save(scheduler, SAVE_PENDING), *low = env_save(scheduler, SAVE_BOARD_LOW), bits = *low;
    assert_int_equal((*pending & EVENT_BIT(BOARD)) != 0, bits != 0);
    *pending &= ~EVENT_BIT(BOARD);
    *low = 0;
    return bits;
}

// `env`, on this hart, holds a capability to an environment of init's in a slot.
static void door(word_t hart, slot_t slot, env_t to, word_t rights)
{
    fake_on(hart);
    env_t env = fake_env()->self;
    OK(cap, open, slot, fake.init);
    fake_on(HART_INIT);
    OK(cap, mint, 90, to, rights);
    OK(cap, grant, 90, env, slot, rights);
    OK(cap, drop, 90);
    harts_cross();
}

static void board_make(word_t hart)
{
    fake_on(hart);
    board = frames_for(fake_env()->self, 1);
    ALL(board, bind, board);
}

static void b_joins(void)
{
    fake_on(HART_B);
    OK(board, join, 0, SLOT, INDEX);
    assert_int_equal(told(a()), 1ul << INDEX);
    *env_save(b(), SAVE_PENDING) = 0;
}

static int joined(void **state)
{
    family_each(state);
    board_make(HART_A);
    door(HART_B, SLOT, family.a, RIGHT_SCHEDULE);
    b_joins();
    fake_on(HART_INIT);
    OK(cap, mint, 1, family.b, RIGHT_NOTIFY);
    fake_on(HART_A);
    return 0;
}

static void b_waits(word_t events, word_t deadline)
{
    fake_on(HART_B);
    CALL(slice, wait, events, deadline);
    assert_false(fake.returned);
}

static void notify(word_t events)
{
    fake_on(HART_INIT);
    OK(env, notify, 1, events);
}

#define STANDS(state_, told_) stands(__LINE__, BOARD_##state_, told_)
static void stands(int line, enum board_state state, word_t bits)
{
    _assert_int_equal(state_at(INDEX), state, __FILE__, line);
    _assert_int_equal(told(a()), bits << INDEX, __FILE__, line);
}

static void a_board_is_a_frame_of_ones_own(void **state)
{
    (void)state;
    page_t others = frames_for(family.b, 1), mine = frames_for(family.a, 2);
    fake_on(HART_A);
    ALL(page, alloc, mine + 1);
    REFUSED(STATE, board, bind, 0);
    REFUSED(NOENT, board, bind, NOBODY);
    REFUSED(NOENT, board, bind, KERNELS);
    REFUSED(PERM, board, bind, others);
    REFUSED(BUSY, board, bind, mine + 1);
    fake_on(HART_INIT);
    space_t space;
    ALL(env, destroy, child_make(&space));
    REFUSED(AGAIN, board, bind, frames_for(fake.init, 1));
    harts_cross();
    fake_on(HART_A);
    ALL(board, bind, mine);
    REFUSED(STATE, board, bind, mine + 1);
    REFUSED(KIND, pte, map, 0, PINNED, mine, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    REFUSED(KIND, page, free, mine);
    OK(pte, map, 0, PINNED, mine, 1, RIGHT_READ, CAP_NONE);
    REFUSED(BUSY, board, bind, 0); // it is mapped
    OK(pte, unmap, 0, PINNED, 1);
    OK(board, bind, 0);
    assert_int_equal(page_frame(mine)->kind, PAGE_FREE);
}

static void joining_needs_both(void **state)
{
    (void)state;
    door(HART_B, SLOT, family.a, RIGHTS_ENV);
    door(HART_B, DOOR, family.a, RIGHTS_PEER);
    fake_on(HART_B);
    REFUSED(STATE, board, join, 0, SLOT, INDEX); // it schedules nobody
    board_make(HART_A);
    OK(cap, mint, SLOT, family.a, RIGHT_SCHEDULE);
    REFUSED(STATE, board, join, 0, SLOT, INDEX);     // itself
    REFUSED(STATE, board, join, 0, CAP_NONE, INDEX);
    REFUSED(PERM, board, join, family.b, SLOT, INDEX); // a stranger
    REFUSED(NOENT, board, join, NOBODY, SLOT, INDEX);
    fake_on(HART_INIT);
    OK(cap, mint, SLOT, family.a, RIGHT_SCHEDULE);
    REFUSED(PERM, board, join, family.b, SLOT, INDEX); // not even its creator, once it runs
    fake_on(HART_B);
    REFUSED(PERM, board, join, 0, DOOR, INDEX);
    REFUSED(STALE, board, join, 0, 9, INDEX);
    REFUSED(RANGE, board, join, 0, CAPS_MAX, INDEX);
    REFUSED(RANGE, board, join, 0, SLOT, 0);
    REFUSED(RANGE, board, join, 0, SLOT, BOARD_ENTRIES);
    REFUSED(STATE, board, leave, 0);
    b_joins();
    STANDS(READY, 0);
    assert_int_equal(entry_at(INDEX)->env, family.b);
    REFUSED(STATE, board, join, 0, SLOT, 6);
    fake_on(HART_A);
    REFUSED(BUSY, board, bind, 0); // while somebody is on it
}

static void an_index_has_one_child(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    space_t space;
    env_t child = child_make(&space);
    OK(cap, mint, SLOT, family.a, RIGHT_SCHEDULE);
    REFUSED(BUSY, board, join, child, SLOT, INDEX);
    OK(board, join, child, SLOT, INDEX + 70); // one that never ran, by its creator
    assert_int_equal(BOARD_STATE(entry_at(INDEX + 70)->word), BOARD_BLOCKED);
    assert_int_equal(*env_save(a(), SAVE_BOARD_HIGH), 1ul << (INDEX + 70 - 64));
    OK(env, start, child);
    assert_int_equal(BOARD_STATE(entry_at(INDEX + 70)->word), BOARD_READY);
    REFUSED(PERM, board, leave, child); // it runs: its creator has no say any more
    fake_on(HART_A);
    REFUSED(NOENT, board, leave, NOBODY);
    OK(board, leave, child);
    assert_true(*env_save(env_named(child), SAVE_PENDING) & EVENT_BIT(ORPHANED));
    assert_int_equal(entry_at(INDEX + 70)->env, 0);
}

static void waiting_and_waking(void **state)
{
    (void)state;
    word_t first = number();
    b_waits(EVENT, 0);
    STANDS(BLOCKED, 1);
    assert_int_equal(number(), first + 1);
    assert_int_equal(entry_at(INDEX)->deadline, 0);
    notify(OTHER); // it waits for something else
    STANDS(BLOCKED, 0);
    assert_true(board_agrees(b(), entry_at(INDEX)->word));
    word_t word = entry_at(INDEX)->word;
    notify(EVENT);
    STANDS(READY, 1);
    assert_false(board_agrees(b(), word)); // what was decided before is stale
    assert_int_equal(number(), first + 2);
    notify(EVENT);
    STANDS(READY, 0);
    harts_cross(); // it takes up its own slice
    STANDS(READY, 0);
    assert_int_equal(number(), first + 2);
    fake_on(HART_B);
    assert_int_equal(fake_env()->self, family.b);
    assert_int_equal(fake_self()->regs[REG_A1], EVENT);
}

// Running and being let go change nothing; what was used is shown.
static void running_is_no_change(void **state)
{
    (void)state;
    word_t word = entry_at(INDEX)->word;
    fake_on(HART_B);
    fake.time += 100;
    CALL(slice, yield, 0);
    time_pass(machine_info->slice_ticks);
    time_pass(machine_info->grace_ticks);
    assert_int_equal(entry_at(INDEX)->word, word);
    assert_int_equal(told(a()), 0);
    assert_int_equal(entry_at(INDEX)->ticks, b()->ticks);
    assert_true(entry_at(INDEX)->ticks >= 100);
}

static void a_deadline_is_shown(void **state)
{
    (void)state;
    word_t deadline = fake.time + 1000;
    b_waits(EVENT, deadline);
    STANDS(BLOCKED, 1);
    assert_int_equal(entry_at(INDEX)->deadline, deadline);
    word_t word = entry_at(INDEX)->word;
    time_pass(1000); // its own hart looks at the clock
    assert_int_equal(runs(HART_B), family.b);
    assert_int_equal(entry_at(INDEX)->word, word + BOARD_STEP - BOARD_BLOCKED + BOARD_READY);
    assert_int_equal(*env_save(a(), SAVE_BOARD_LOW), 1ul << INDEX);
    assert_false(*env_save(a(), SAVE_PENDING) & EVENT_BIT(BOARD)); // who reads the clock knows
    *env_save(a(), SAVE_BOARD_LOW) = 0;
    fake_on(HART_B);
    OK(slice, alarm, fake.time + 500);
    b_waits(EVENT_BIT(ALARM), fake.time + 900);
    STANDS(BLOCKED, 1);
    assert_int_equal(entry_at(INDEX)->deadline, fake.time + 500);
}

// ---------------------------------------------------------------- what others do in the middle

static struct {
    int seen, at; // the n-th moment at which others can act
    void (*act)(void);
} moment;

static void moment_comes(void)
{
    if (++moment.seen == moment.at)
        fake_between(moment.act);
}

static void during(int at, void (*act)(void))
{
    moment.seen = 0;
    moment.at = at;
    moment.act = act;
    fake.between = moment_comes;
}

static void b_is_notified(void)
{
    const word_t arguments[6] = {1, EVENT};
    fake_on(HART_INIT);
    entry_call(CALL_env_notify, arguments);
}

// The event comes at any moment of the wait; the scheduler reads READY, and was told after the word changed.
static void no_wake_up_is_lost(void **state)
{
    (void)state;
    int at = 0;
    do {
        *env_save(b(), SAVE_PENDING) = 0;
        told(a());
        fake_on(HART_B);
        during(++at, b_is_notified);
        entry_call(CALL_slice_wait, ARGUMENTS(EVENT, 0));
        fake.between = NULL;
        if (moment.seen < at)
            b_is_notified();
        fake_check();
        STANDS(READY, 1);
        harts_cross();
        fake_on(HART_B);
        assert_int_equal(fake_self()->mode, FAKE_USER);
    } while (moment.seen >= at);
    assert_true(at > 2);
}

// B has no time but a slice on A's hart, and what A donates.
static void b_lives_on_donations(void)
{
    fake_on(HART_INIT);
    for (word_t i = 0; i < SLICES_MAX; i++)
        OK(slice, give, HART_B, i, fake.init);
    OK(slice, give, HART_A, 1, family.b);
    fake_on(HART_B);
    CALL(slice, yield, 0);
    door(HART_A, DOOR, family.b, RIGHT_YIELD);
    fake_on(HART_A);
    told(a());
}

static void a_donates(void)
{
    fake_on(HART_A);
    CALL(slice, donate, DOOR, fake.time + 1000, EVENT_BIT(BOARD), entry_at(INDEX)->word);
    assert_int_equal(runs(HART_A), family.b);
}

// The same where nobody looks for B once more: its scheduler goes on, by what the word says.
static void no_wake_up_is_lost_in_a_donation(void **state)
{
    (void)state;
    b_lives_on_donations();
    int at = 0;
    do {
        told(a());
        a_donates();
        *env_save(b(), SAVE_PENDING) = 0;
        during(++at, b_is_notified);
        entry_call(CALL_slice_wait, ARGUMENTS(EVENT, 0));
        fake.between = NULL;
        bool early = moment.seen >= at;
        fake_check();
        assert_int_equal(runs(HART_A), family.a);
        assert_int_equal(fake_self()->regs[REG_A1], DONATE_BLOCKED);
        assert_int_equal(*env_save(a(), SAVE_PENDING) & EVENT_BIT(BOARD), early ? EVENT_BIT(BOARD) : 0);
        if (!early)
            b_is_notified();
        STANDS(READY, 1);
        fake_on(HART_A);
    } while (moment.seen >= at);
    assert_true(at > 2);
}

// A decision by a word that has changed, and a deadline that only the scheduler looks at.
static void a_stale_decision_is_refused(void **state)
{
    (void)state;
    b_lives_on_donations();
    word_t before = entry_at(INDEX)->word, deadline = fake.time + 500;
    a_donates();
    CALL(slice, wait, EVENT, deadline);
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(fake_self()->regs[REG_A1], DONATE_BLOCKED);
    assert_false(*env_save(a(), SAVE_PENDING) & EVENT_BIT(BOARD)); // the answer says it
    *env_save(a(), SAVE_BOARD_LOW) = 0;
    assert_int_equal(state_at(INDEX), BOARD_BLOCKED);
    fake_on(HART_A);
    REFUSED(CHANGED, slice, donate, DOOR, fake.time + 1000, 0, before);
    REFUSED(CHANGED, slice, donate, DOOR, fake.time + 1000, 0, before + 2 * BOARD_STEP);
    REFUSED(BUSY, slice, donate, DOOR, fake.time + 1000, 0, entry_at(INDEX)->word);
    assert_int_equal(entry_at(INDEX)->deadline, deadline);
    fake.time = deadline;
    a_donates();
    assert_int_equal(state_at(INDEX), BOARD_READY);
}

static void b_leaves(void)
{
    fake_on(HART_B);
    entry_call(CALL_board_leave, ARGUMENTS(0));
}

// Off the board at any moment of a notification, and somebody else at its index: that one's word is left alone.
static void who_left_is_not_woken(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    space_t space;
    env_t child = child_make(&space);
    OK(cap, mint, SLOT, family.a, RIGHT_SCHEDULE);
    for (int at = 1; at < 4; at++) {
        b_waits(EVENT, fake.time + 50);
        time_pass(50); // B runs again, as somebody else is about to say
        fake_on(HART_INIT);
        during(at, b_leaves);
        OK(env, notify, 1, EVENT);
        fake.between = NULL;
        if (moment.seen < at)
            b_leaves();
        assert_int_equal(b()->entry == NULL, 1);
        fake_on(HART_INIT);
        OK(board, join, child, SLOT, INDEX);
        word_t word = entry_at(INDEX)->word;
        OK(env, notify, 1, EVENT);
        assert_int_equal(entry_at(INDEX)->word, word);
        OK(board, leave, child); // it never ran: its creator still acts for it
        told(a());
        b_joins();
    }
}

// ---------------------------------------------------------------- calls between environments

// A child of init's on the fourth hart, which accepts calls; B may call it.
static env_t server_make(void)
{
    fake_on(HART_INIT);
    space_t space;
    env_t server = child_make(&space);
    OK(env, set, server, ENV_PC, 0x5000);
    OK(slice, give, HART_IDLE, 0, server);
    OK(env, start, server);
    harts_cross();
    fake_on(HART_IDLE);
    assert_int_equal(fake_env()->self, server);
    door(HART_B, DOOR, server, RIGHT_CALL);
    fake_on(HART_INIT);
    OK(cap, mint, 2, server, RIGHT_NOTIFY);
    fake_on(HART_IDLE);
    fake_self()->regs[REG_RA] = 0xaccef7;
    CALL(pct, accept, ENTRY, STACK, OTHER);
    return server;
}

static void b_calls(word_t deadline)
{
    fake_on(HART_B);
    fake_self()->regs[REG_RA] = 0x4444;
    CALL(pct, call, DOOR, deadline);
}

// A caller is what the end of its chain is.
static void a_caller_waits_with_its_callee(void **state)
{
    (void)state;
    env_t server = server_make();
    b_calls(fake.time + 700);
    assert_int_equal(runs(HART_B), server);
    STANDS(READY, 0);
    CALL(slice, wait, EVENT, fake.time + 900);
    STANDS(BLOCKED, 1);
    assert_int_equal(entry_at(INDEX)->deadline, fake.time + 700); // the call ends first
    fake_on(HART_INIT);
    OK(env, notify, 2, EVENT);
    STANDS(READY, 1);
    harts_cross();
    assert_int_equal(runs(HART_B), server);
    fake_on(HART_B);
    CALL(slice, wait, OTHER, 0);
    STANDS(BLOCKED, 1);
    time_pass(700); // B gives its call up, the server is left to itself
    STANDS(READY, 1);
    assert_int_equal(runs(HART_B), family.b);
}

static void a_call_that_fails_gives_it_something_to_do(void **state)
{
    (void)state;
    env_t server = server_make();
    b_calls(0);
    CALL(slice, wait, EVENT, 0);
    STANDS(BLOCKED, 1);
    fake_on(HART_INIT);
    ALL(env, stop, server);
    STANDS(READY, 1);
    harts_cross();
    fake_on(HART_B);
    assert_int_equal(fake_self()->regs[REG_T0], ERR_DEAD);
}

// A scheduler that waits while it serves: nobody counts on being told, so nobody is said to wait.
static void a_serving_scheduler_keeps_its_callers_ready(void **state)
{
    (void)state;
    env_t server = server_make();
    env_named(server)->board = 1;
    b_calls(0);
    CALL(slice, wait, EVENT, 0);
    STANDS(READY, 0);
    env_named(server)->board = 0;
}

// B accepts, and may be called by A.
static void b_accepts_or(word_t events)
{
    door(HART_A, DOOR, family.b, RIGHT_CALL);
    fake_on(HART_B);
    fake_self()->regs[REG_RA] = 0xaccef7;
    CALL(pct, accept, ENTRY, STACK, events);
    STANDS(BLOCKED, 1);
    fake_on(HART_A);
    fake_self()->regs[REG_RA] = 0x4444;
}

static void b_accepts(void) { b_accepts_or(EVENT); }

static void who_serves_does_so_in_its_callers_time(void **state)
{
    (void)state;
    b_accepts();
    for (int round = 0; round < 3; round++) { // the first is slow
        CALL(pct, call, DOOR, 0);
        assert_int_equal(runs(HART_A), family.b);
        STANDS(BLOCKED, 0);
        CALL(pct, return, 0);
        STANDS(BLOCKED, 0);
    }
    CALL(pct, call, DOOR, 0);
    CALL(slice, wait, OTHER, 0); // in its caller's name
    STANDS(BLOCKED, 0);
    notify(OTHER);
    STANDS(BLOCKED, 0);
    harts_cross();
    assert_int_equal(runs(HART_A), family.b);
    notify(EVENT); // what it accepted calls or this for
    STANDS(READY, 1);
    fake_on(HART_A);
    CALL(pct, return, 0);
    STANDS(READY, 0);
}

// An end of a slice that no upcall told it of waits for it at its gate, as any event does.
static void who_serves_has_the_end_of_a_slice(void **state)
{
    (void)state;
    b_accepts_or(EVENT_BIT(SLICE_END));
    CALL(pct, call, DOOR, 0);
    assert_int_equal(runs(HART_A), family.b);
    *env_save(b(), SAVE_I_HANDLER) = 0;
    STANDS(BLOCKED, 0);
    time_pass(hart_number(HART_A)->slice_end - fake.time);
    assert_true(*env_save(b(), SAVE_PENDING) & EVENT_BIT(SLICE_END));
    STANDS(READY, 1);
}

static void who_serves_nobody_needs_time_of_its_own(void **state)
{
    (void)state;
    b_accepts();
    CALL(pct, send, DOOR, 1);
    assert_int_equal(runs(HART_A), family.b);
    STANDS(READY, 1);
    CALL(pct, return, 0);
    STANDS(BLOCKED, 1);
    fake_on(HART_A);
    CALL(pct, call, DOOR, fake.time + 100);
    STANDS(BLOCKED, 0);
    time_pass(100);
    STANDS(READY, 1);
}

// READY, and then it turns out that it waits: the word is put right, unless there is something to do after all.
static void a_wrong_promise_is_taken_back(void **state)
{
    (void)state;
    b_accepts();
    board_ready(b());
    STANDS(READY, 1);
    fake_on(HART_INIT);
    board_settle(b());
    STANDS(BLOCKED, 1);
    assert_int_equal(env_state(b()), ENV_ACCEPTING);
    board_ready(b());
    *env_save(b(), SAVE_PENDING) = EVENT;
    board_settle(b());
    STANDS(READY, 1);
    harts_cross();
    board_settle(b()); // it runs
    STANDS(READY, 0);
}

// ---------------------------------------------------------------- ends

static void a_child_that_stops_is_shown(void **state)
{
    (void)state;
    fake_on(HART_B);
    CALL(env, exit, 7);
    STANDS(STOPPED, 1);
    notify(EVENT);
    STANDS(STOPPED, 0);
    fake_on(HART_INIT);
    ALL(env, destroy, family.b);
    STANDS(NONE, 1);
    assert_int_equal(entry_at(INDEX)->env, 0);
}

static void a_child_that_faults_is_shown(void **state)
{
    (void)state;
    fake_on(HART_B);
    *env_save(b(), SAVE_X_HANDLER) = 0;
    fake_exception(2, 0);
    STANDS(STOPPED, 1);
    fake_on(HART_A);
    OK(board, leave, family.b); // its scheduler need not keep it
    assert_int_equal(entry_at(INDEX)->env, 0);
    assert_null(b()->entry);
}

static void leaving_ends_it(void **state)
{
    (void)state;
    b_waits(EVENT_BIT(ORPHANED), 0);
    STANDS(BLOCKED, 1);
    word_t before = number();
    fake_on(HART_A);
    OK(board, leave, family.b);
    assert_int_equal(number(), before + 1);
    assert_int_equal(told(a()), 0);
    harts_cross();
    assert_int_equal(runs(HART_B), family.b);
    fake_on(HART_B);
    assert_int_equal(fake_self()->regs[REG_A1], EVENT_BIT(ORPHANED));
    b_joins();
    assert_int_equal(number(), before + 2); // it goes on
    fake_on(HART_B);
    OK(board, leave, 0);
    STANDS(NONE, 1);
    fake_on(HART_A);
    word_t late = *env_save(a(), SAVE_PENDING);
    OK(board, bind, 0);
    assert_int_equal(*env_save(a(), SAVE_PENDING), late);
    REFUSED(AGAIN, board, bind, board); // a hart may be late with what it says of B
}

// Twenty environments of A's in its own space, on its board; the first that did not fit.
static env_t crowd(int count)
{
    env_t first = 0;
    for (int i = 0; i < count; i++) {
        fake_on(HART_A);
        page_t frames = frames_for(family.a, 3);
        env_t child = ALL(env, create, frames, frames + 2, 0);
        OK(board, join, child, CAP_NONE, 40 + i);
        first = first != 0 ? first : child;
    }
    told(a());
    *env_save(a(), SAVE_BOARD_HIGH) = 0;
    return first;
}

static void orphans_check(env_t first)
{
    assert_null(b()->entry);
    assert_true(*env_save(b(), SAVE_PENDING) & EVENT_BIT(ORPHANED));
    assert_true(*env_save(env_named(first), SAVE_PENDING) & EVENT_BIT(ORPHANED));
    assert_int_equal(a()->children, 0);
}

static void a_scheduler_that_exits_leaves_orphans(void **state)
{
    (void)state;
    env_t first = crowd(40);
    fake_on(HART_A);
    int pieces = 0;
    while (fake_self()->mode == FAKE_USER && runs(HART_A) == family.a) {
        sysret_t answer = CALL(env, exit, 3);
        if (fake.returned) {
            assert_int_equal(answer.error, ERR_AGAIN);
            refusal_note(CALL_env_exit, ERR_AGAIN);
            invariants();
            pieces++;
        }
    }
    assert_int_equal(pieces, 5); // of 41 children, 8 in one
    orphans_check(first);
    fake_on(HART_B);
    REFUSED(STATE, board, join, 0, SLOT, INDEX); // it is dead
    fake_on(HART_INIT);
    ALL(env, destroy, family.a);
    harts_cross();
    assert_int_equal(page_frame(board)->kind, PAGE_FREE);
}

static void a_scheduler_that_faults_leaves_orphans(void **state)
{
    (void)state;
    env_t first = crowd(20);
    fake_on(HART_A);
    *env_save(a(), SAVE_X_HANDLER) = 0;
    for (int i = 0; i < 3 && a()->state == ENV_READY; i++)
        fake_exception(2, 0);
    assert_int_equal(a()->state, ENV_FAULTED);
    orphans_check(first);
}

static void a_scheduler_that_is_stopped_leaves_orphans(void **state)
{
    (void)state;
    env_t first = crowd(40);
    fake_on(HART_INIT);
    ALL(env, stop, family.a);
    assert_int_equal(a()->state, ENV_STOPPED);
    orphans_check(first);
}

static void a_scheduler_that_is_destroyed_leaves_orphans(void **state)
{
    (void)state;
    env_t first = crowd(40);
    fake_on(HART_INIT);
    bool seen = false;
    for (int i = 0; i < 20 && a()->board != 0; i++) {
        CALL(env, destroy, family.a);
        harts_cross();
        invariants();
        fake_on(HART_B);
        if (a()->state == ENV_DYING && a()->board != 0) {
            REFUSED(STALE, board, join, 0, SLOT, 9); // its capabilities are dead
            seen = true;
        }
        fake_on(HART_INIT);
    }
    assert_true(seen);
    orphans_check(first);
}

// ---------------------------------------------------------------- schedulers of schedulers

// An environment of A's, never started, with a board of its own.
static env_t scheduler_make(slot_t slot)
{
    fake_on(HART_A);
    page_t frames = frames_for(family.a, 4);
    env_t env = ALL(env, create, frames, frames + 2, 0);
    env_named(env)->board = frames + 3;
    assert_int_equal(page_use(frames + 3, family.a, PAGE_BOARD, env), ERR_OK);
    page_frame(frames + 3)->owner = (uint32_t)env;
    OK(cap, mint, slot, env, RIGHT_SCHEDULE);
    return env;
}

static void levels_are_bounded(void **state)
{
    (void)state;
    env_t chain[BOARD_LEVELS_MAX + 1];
    for (word_t i = 0; i <= BOARD_LEVELS_MAX; i++)
        chain[i] = scheduler_make(20 + i);
    for (word_t i = 1; i < BOARD_LEVELS_MAX; i++)
        OK(board, join, chain[i], 20 + i - 1, 1);
    REFUSED(STATE, board, join, chain[0], 20 + 2, 2); // it is above it
    OK(board, join, chain[BOARD_LEVELS_MAX], 20 + BOARD_LEVELS_MAX - 1, 1);
    REFUSED(DEPTH, board, join, chain[0], CAP_NONE, 1);
    page_t frames = frames_for(family.a, 3);
    env_t leaf = ALL(env, create, frames, frames + 2, 0);
    REFUSED(DEPTH, board, join, leaf, 20 + BOARD_LEVELS_MAX, 1);
    OK(board, join, leaf, 20 + BOARD_LEVELS_MAX - 1, 2);
    for (word_t i = 0; i <= BOARD_LEVELS_MAX; i++)
        if (env_named(chain[i])->entry != NULL)
            OK(board, leave, chain[i]);
    OK(board, leave, leaf);
}

// A's scheduler is init's child C: what wakes B wakes A, and C hears of it.
static void one_event_tells_them_all(void **state)
{
    (void)state;
    env_t above = server_make();
    fake_on(HART_IDLE);
    struct env *c = env_named(above);
    fake_on(HART_INIT);
    OK(env, notify, 2, OTHER);
    harts_cross();
    fake_on(HART_IDLE);
    assert_int_equal(fake_env()->self, above);
    page_t below = board;
    board_make(HART_IDLE);
    page_t top = board;
    door(HART_A, 9, above, RIGHT_SCHEDULE);
    fake_on(HART_A);
    OK(board, join, 0, 9, 3);
    assert_int_equal(told(c), 1ul << 3);
    board = below;
    b_waits(EVENT, 0);
    STANDS(BLOCKED, 1);
    *env_save(a(), SAVE_PENDING) = 0;
    fake_on(HART_A);
    CALL(slice, wait, EVENT_BIT(BOARD), 0);
    board = top;
    assert_int_equal(state_at(3), BOARD_BLOCKED);
    assert_int_equal(told(c), 1ul << 3);
    *env_save(b(), SAVE_PENDING) = 0;
    notify(EVENT);
    assert_int_equal(state_at(3), BOARD_READY);
    assert_int_equal(told(c), 1ul << 3);
    harts_cross();
    assert_int_equal(runs(HART_A), family.a);
    assert_int_equal(runs(HART_B), family.b);
}

#define JOINED(name) cmocka_unit_test_setup_teardown(name, joined, invariants_each)

ROOM(board)
{
    const struct CMUnitTest tests[] = {
        TEST(a_board_is_a_frame_of_ones_own),
        TEST(joining_needs_both),
        JOINED(an_index_has_one_child),
        JOINED(waiting_and_waking),
        JOINED(running_is_no_change),
        JOINED(a_deadline_is_shown),
        JOINED(no_wake_up_is_lost),
        JOINED(no_wake_up_is_lost_in_a_donation),
        JOINED(a_stale_decision_is_refused),
        JOINED(who_left_is_not_woken),
        JOINED(a_caller_waits_with_its_callee),
        JOINED(a_call_that_fails_gives_it_something_to_do),
        JOINED(a_serving_scheduler_keeps_its_callers_ready),
        JOINED(who_serves_does_so_in_its_callers_time),
        JOINED(who_serves_has_the_end_of_a_slice),
        JOINED(who_serves_nobody_needs_time_of_its_own),
        JOINED(a_wrong_promise_is_taken_back),
        JOINED(a_child_that_stops_is_shown),
        JOINED(a_child_that_faults_is_shown),
        JOINED(leaving_ends_it),
        JOINED(a_scheduler_that_exits_leaves_orphans),
        JOINED(a_scheduler_that_faults_leaves_orphans),
        JOINED(a_scheduler_that_is_stopped_leaves_orphans),
        JOINED(a_scheduler_that_is_destroyed_leaves_orphans),
        JOINED(levels_are_bounded),
        JOINED(one_event_tells_them_all),
    };
    return RUN(tests);
}
