// SPDX-License-Identifier: BSD-2-Clause
/*
 * How many remote fences there are, and for whom: one call of the firmware whatever a call takes away, and none for a hart
 * that has not run the space since it last forgot it, also when harts enter and leave meanwhile.
 *
 *   hart 1: A, which takes things away          hart 3: T, a sibling in A's space, and G in a space of its own
 *
 * T and G share hart 3; G accepts calls, T has the right to call G and to yield to it, G to yield to T.
 */
#include "rooms_test.h"

#include "cap/cap.h"
#include "machine/machine.h"
#include "pct/pct.h"
#include "pte/pte.h"

#define HART_T HART_IDLE
#define TO_G   1 // a slot of T's
#define TO_T   1 // ... and of G's
#define ENTRY  0xa000ul

static env_t t, g;
static space_t g_space;
static page_t page; // A's

static env_t runs(void) { return env_at(hart_number(HART_T)->current)->self; }

// On hart 3, until this one has it.
static void run_until(env_t env)
{
    for (int i = 0; i < 40 && (fake_self()->mode != FAKE_USER || runs() != env); i++) {
        if (fake_self()->mode == FAKE_USER)
            CALL(slice, yield, 0);
        else
            time_pass(machine_info->slice_ticks);
    }
    assert_int_equal(runs(), env);
}

static void neighbours_start(void)
{
    page_t frames = frames_for(fake.init, 3);
    t = ALL(env, create, frames, frames + 2, family.a_space);
    g = child_make(&g_space);
    tables_make(g_space);
    OK(cap, mint, 1, t, RIGHTS_ENV);
    OK(cap, mint, 2, g, RIGHTS_ENV);
    OK(cap, grant, 2, t, TO_G, RIGHTS_ENV);
    OK(cap, grant, 1, g, TO_T, RIGHTS_ENV);
    for (word_t i = 0; i < SLICES_MAX; i++)
        OK(slice, give, HART_T, i, i % 2 == 0 ? t : g);
    OK(env, start, t);
    OK(env, start, g);
    fake_on(HART_T);
    while (fake_interrupt())
        ;
    run_until(t);
    run_until(g);
}

static int setup_with(struct fake_options options)
{
    family_setup_with(options);
    neighbours_start();
    fake_on(HART_A);
    page = data_make();
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return setup_with((struct fake_options){.harts = 4, .frames = 1024, .asid_bits = 16});
}

static int setup_without_asids(void **state)
{
    (void)state;
    return setup_with((struct fake_options){.harts = 4, .frames = 1024, .asid_bits = 0});
}

// A binds its page and takes it away again; `harts` others are asked to forget it.
static void take_away(word_t harts)
{
    word_t self = fake.self;
    fake_on(HART_A);
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    assert_int_equal(fake.fences, 0); // nobody loses anything by a new binding
    if (harts == 1 && fake_harts[HART_T].mode == FAKE_USER && runs() == t)
        assert_true(reaches(HART_T, PINNED, 15, page));
    word_t calls = machine_info->remote_fences, asked = machine_info->remote_fence_harts;
    OK(pte, unmap, 0, PINNED, 1);
    assert_int_equal(fake.fences, harts != 0);
    assert_int_equal(fences(), harts);
    assert_int_equal(machine_info->remote_fences - calls, harts != 0);
    assert_int_equal(machine_info->remote_fence_harts - asked, harts);
    fake_on(self);
}

static void one_that_left_is_asked_once(void **state)
{
    (void)state;
    take_away(1); // T was there
    for (int i = 0; i < 3; i++)
        take_away(0);
    for (int round = 0; round < 3; round++) {
        fake_on(HART_T);
        run_until(t);
        take_away(1);
        take_away(1); // as long as it runs there
        fake_on(HART_T);
        run_until(g);
        take_away(1);
        take_away(0);
        take_away(0);
    }
}

static void one_that_sleeps_is_asked_once(void **state)
{
    (void)state;
    fake_on(HART_T);
    CALL(slice, wait, 1ul << 40, 0);
    CALL(slice, wait, 1ul << 40, 0);
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
    take_away(1);
    take_away(0);
    fake_on(HART_INIT);
    OK(env, notify, 1, 1ul << 40);
    fake_on(HART_T);
    assert_true(fake_interrupt());
    assert_int_equal(runs(), t);
    take_away(1);
    fake_on(HART_A); // in its own words: the counters are anybody's to read
    assert_true(machine_info->remote_fence_harts >= machine_info->remote_fences);
}

// The fast paths bring nobody into a space that its hart has forgotten.
static void fast_yields_do_not_come_back_unseen(void **state)
{
    (void)state;
    fake_on(HART_T);
    run_until(t);
    run_until(g);
    take_away(1);
    take_away(0);
    fake_on(HART_T);
    CALL(slice, yield_to, TO_T);
    assert_int_equal(runs(), t);
    take_away(1);
}

static void calls_come_in_by_the_slow_path(void **state)
{
    (void)state;
    // T accepts, G calls; both ran on this hart last.
    fake_on(HART_T);
    run_until(t);
    CALL(pct, accept, ENTRY, 0xb000, 0);
    run_until(g);
    CALL(pct, call, TO_T, 0);
    assert_int_equal(runs(), t);
    CALL(pct, return, 0);
    assert_int_equal(runs(), g);
    take_away(1);
    assert_int_equal(env_state(env_named(t)), ENV_ACCEPTING);
    take_away(0);
    fake_on(HART_T);
    CALL(pct, call, TO_T, 0);
    assert_int_equal(runs(), t);
    take_away(1);
    take_away(1);
    fake_on(HART_T);
    CALL(pct, return, 0);
    take_away(1);
    take_away(0);
}

static void returns_come_back_by_the_slow_path(void **state)
{
    (void)state;
    fake_on(HART_T);
    run_until(g);
    CALL(pct, accept, ENTRY, 0xb000, 0);
    run_until(t);
    for (int round = 0; round < 2; round++) {
        CALL(pct, call, TO_G, 0); // T waits in a call
        assert_int_equal(runs(), g);
        take_away(1);
        take_away(0);
        assert_true(pct_is_detached(env_named(t)));
        assert_int_equal(env_state(env_named(t)), ENV_CALLING);
        invariants();
        fake_on(HART_T);
        CALL(pct, return, 7);
        assert_int_equal(runs(), t);
        assert_int_equal(fake_self()->regs[REG_T0], ERR_OK);
        take_away(1);
        fake_on(HART_T);
    }
    // ... and a callee that dies, or whose caller dies, finds who waits all the same.
    CALL(pct, call, TO_G, 0);
    take_away(1);
    fake_on(HART_INIT);
    ALL(env, destroy, g);
    fake_on(HART_T);
    while (fake_interrupt())
        ;
    run_until(t);
    assert_int_equal(fake_self()->regs[REG_T0], ERR_DEAD);
    take_away(1);
}

static void a_detached_caller_may_die(void **state)
{
    (void)state;
    fake_on(HART_T);
    run_until(g);
    CALL(pct, accept, ENTRY, 0xb000, 0);
    run_until(t);
    CALL(pct, call, TO_G, 0);
    take_away(1);
    fake_on(HART_INIT);
    ALL(env, destroy, t);
    fake_on(HART_T);
    CALL(pct, return, 0); // nobody waits
    take_away(0);
}

// Many bindings in several spaces that several harts run: one fence in all.
static void one_fence_for_all_bindings(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    page_t shared = data_make();
    const struct {
        space_t space;
        word_t hart;
    } places[] = {{family.a_space, HART_A}, {family.b_space, HART_B}, {g_space, HART_T}, {0, HART_INIT}};
    word_t bound = 0;
    for (word_t i = 0; i < 10; i++)
        for (word_t n = 0; n < 4; n++, bound++)
            OK(pte, map, places[n].space, PINNED + i * PAGE_SIZE, shared, 1, RIGHT_READ, CAP_NONE);
    for (word_t i = 0; i < 10; i++)
        for (word_t n = 0; n < 4; n++)
            assert_true(reaches(places[n].hart, PINNED + i * PAGE_SIZE, 13, shared));
    assert_int_equal(page_frame(shared)->bindings, bound);
    OK(cap, revoke, shared);
    assert_int_equal(fake.fences, 1);
    assert_int_equal(fences(), 3);
    for (word_t n = 0; n < 4; n++)
        assert_false(reaches(places[n].hart, PINNED, 13, shared));
    OK(page, free, shared);
}

// What is broken from outside makes a hart forget the space as a flush of its own does.
static void breaking_forgets_too(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    page_t shared = data_make();
    for (int i = 0; i < 3; i++) {
        OK(pte, map, family.a_space, PINNED, shared, 1, RIGHT_READ, CAP_NONE);
        OK(pte, map, family.b_space, PINNED, shared, 1, RIGHT_READ, CAP_NONE);
        OK(cap, revoke, shared);
        assert_int_equal(fake.fences, 1);
        assert_int_equal(fake_harts[HART_T].fenced, i == 0);
        assert_int_equal(fake_harts[HART_A].fenced, 1); // it runs there
        assert_int_equal(fake_harts[HART_B].fenced, 1);
    }
    take_away(0);
}

static void destruction_fences_once_a_piece(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    space_t space;
    env_t child = child_make(&space);
    page_t run = frames_for(child, 40);
    for (word_t i = 0; i < 40; i++) {
        OK(page, alloc, run + i);
        OK(pte, map, family.a_space, PINNED + i * PAGE_SIZE, run + i, 1, RIGHT_READ, CAP_NONE);
        OK(pte, map, family.b_space, PINNED + i * PAGE_SIZE, run + i, 1, RIGHT_READ, CAP_NONE);
        assert_true(reaches(HART_A, PINNED + i * PAGE_SIZE, 13, run + i));
        assert_true(reaches(HART_B, PINNED + i * PAGE_SIZE, 13, run + i));
    }
    OK(pte, map, family.a_space, PINNED + 50 * PAGE_SIZE, child + 1, 1, RIGHT_READ, CAP_NONE); // its save area
    word_t pieces = 0;
    while (CALL(env, destroy, child).error == ERR_AGAIN) {
        assert_true(fake.fences <= 1);
        pieces++;
        harts_cross();
    }
    assert_true(pieces > 3);
    assert_true(fake.fences <= 1);
    for (word_t i = 0; i < 40; i++)
        assert_int_equal(page_frame(run + i)->bindings, 0);
}

// More environments than anybody looks at: harts are asked as long as the space lives, and nothing is lost.
static void crowded_spaces_are_asked_always(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    for (int i = 0; i < 40; i++) {
        page_t frames = fake_fresh_run(3);
        ALL(env, create, frames, frames + 2, family.a_space);
    }
    take_away(1);
    take_away(1);
}

// Ids that lie far apart need a call for each 64.
static void hart_ids_are_grouped(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    page_t shared = data_make();
    const word_t ids[][3] = {{20, 21, 23}, {20, 83, 23}, {20, 84, 21}, {500, 21, 23}, {500, 90, 23}, {23, 563, 500}};
    const word_t calls[] = {1, 1, 2, 2, 3, 2};
    for (word_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        const word_t harts[] = {HART_A, HART_B, HART_T};
        const space_t spaces[] = {family.a_space, family.b_space, g_space};
        for (word_t n = 0; n < 3; n++) {
            hart_number(harts[n])->id = ids[i][n];
            OK(pte, map, spaces[n], PINNED, shared, 1, RIGHT_READ, CAP_NONE);
            assert_true(reaches(harts[n], PINNED, 13, shared));
        }
        OK(cap, revoke, shared);
        assert_int_equal(fake.fences, calls[i]);
        assert_int_equal(fences(), 3);
    }
}

/*
 * Between the steps of a flush, at its n-th fence, other harts do what brings T into the space, or out of it.
 */
static struct {
    word_t at, seen;
    env_t then; // who runs on hart 3 afterwards
} moment;

static void hart_moves(void)
{
    fake_on(HART_T);
    for (int i = 0; i < 40 && runs() != moment.then; i++)
        entry_call(CALL_slice_yield, ARGUMENTS(0));
    if (fake_self()->satp == env_named(t)->satp)
        fake_speculate(PINNED + PAGE_SIZE); // another page, which stays until later
}

static void moment_comes(void)
{
    if (++moment.seen == moment.at)
        fake_between(hart_moves);
}

// T's hart moves at the n-th fence of an unmap; whatever it remembers then is known.
static void moves_during(word_t at, env_t before, env_t after, void (*take)(page_t))
{
    page_t stays = data_make();
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ, CAP_NONE);
    OK(pte, map, 0, PINNED + PAGE_SIZE, stays, 1, RIGHT_READ, CAP_NONE);
    fake_on(HART_T);
    run_until(t);
    assert_true(reaches(HART_T, PINNED, 13, page));
    run_until(before);
    fake_on(HART_A);
    moment.at = at;
    moment.seen = 0;
    moment.then = after;
    fake.between = moment_comes;
    take(page);
    fake.between = NULL;
    assert_int_equal(fake.fences, 1);
    invariants();
    // Whatever it learned meanwhile it forgets when that goes, too; fake_check compares every TLB with the tables.
    OK(pte, unmap, 0, PINNED + PAGE_SIZE, 1);
    OK(page, free, stays);
    invariants();
    take_away(runs() == t);
}

static void take_by_unmap(page_t frame)
{
    OK(pte, unmap, 0, PINNED, 1);
    assert_int_equal(page_frame(frame)->bindings, 0);
}

static void take_by_revoke(page_t frame) { OK(cap, revoke, frame); }

static void every_moment(void (*take)(page_t))
{
    for (word_t at = 1; at <= 6; at++) {
        moves_during(at, g, t, take);
        moves_during(at, t, g, take);
        moves_during(at, t, t, take);
    }
    assert_true(moment.seen < 6); // there are no more moments than were tried
}

static void harts_move_while_something_is_unmapped(void **state)
{
    (void)state;
    every_moment(take_by_unmap);
}

static void harts_move_while_something_is_broken(void **state)
{
    (void)state;
    every_moment(take_by_revoke);
}

// Does the hart's TLB map an address of A's space, whatever the hart runs now?
static bool remembers(word_t hart, word_t address)
{
    const struct tlb *tlb = &fake_harts[hart].tlb;
    for (word_t i = 0; i < tlb->count; i++)
        if (tlb->entries[i].root == family.a_space && tlb->entries[i].level == 0 && tlb->entries[i].pte & PTE_V &&
            tlb->entries[i].tag == address >> PAGE_SHIFT)
            return true;
    return false;
}

// Something is taken away while a hart is about to enter, or has just left.
static void unmap_between(void)
{
    fake_on(HART_A);
    entry_call(CALL_pte_unmap, ARGUMENTS(0, PINNED, 1));
    assert_int_equal(page_frame(page)->bindings, 0);
    assert_false(remembers(HART_T, PINNED)); // it is done, and so it is true
}

static void unmap_moment(void)
{
    if (++moment.seen == moment.at) {
        fake_between(unmap_between);
        if (fake_self()->satp != space_kernel_satp) // walkers go on
            fake_speculate(PINNED + PAGE_SIZE);
    }
}

static void something_goes_while_a_hart_moves(void **state)
{
    (void)state;
    page_t stays = data_make();
    for (word_t at = 1; at <= 4; at++)
        for (int in = 0; in < 2; in++) {
            fake_on(HART_A);
            OK(pte, map, 0, PINNED, page, 1, RIGHT_READ, CAP_NONE);
            OK(pte, map, 0, PINNED + PAGE_SIZE, stays, 1, RIGHT_READ, CAP_NONE);
            fake_on(HART_T);
            run_until(t);
            assert_true(reaches(HART_T, PINNED, 13, page));
            if (in)
                run_until(g);
            moment.at = at;
            moment.seen = 0;
            fake.between = unmap_moment;
            CALL(slice, yield, 0);
            fake.between = NULL;
            fake_on(HART_A);
            if (moment.seen < at)
                OK(pte, unmap, 0, PINNED, 1);
            OK(pte, unmap, 0, PINNED + PAGE_SIZE, 1);
            invariants();
        }
}

// While a fence is on its way for another space's sake, in which T's hart was asked for the last time, A takes more away.
static void unmap_on_the_way(void)
{
    if (structure_lock == 0 || env_named(t)->space->lock != 0 || moment.seen++ > 0)
        return;
    fake_between(unmap_between);
}

static void something_goes_while_a_fence_is_on_its_way(void **state)
{
    (void)state;
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ, CAP_NONE);
    fake_on(HART_INIT);
    page_t shared = data_make();
    OK(pte, map, family.a_space, PINNED + PAGE_SIZE, shared, 1, RIGHT_READ, CAP_NONE);
    fake_on(HART_T);
    run_until(t);
    assert_true(reaches(HART_T, PINNED, 13, page));
    assert_true(reaches(HART_T, PINNED + PAGE_SIZE, 13, shared));
    run_until(g);
    fake_on(HART_INIT);
    moment.seen = 0;
    fake.between = unmap_on_the_way;
    OK(cap, revoke, shared);
    fake.between = NULL;
    assert_true(moment.seen > 0);
    take_away(0);
}

// What a call of A's on code does: harts that execute fence.i for it, beside A's own.
#define FETCHES(others, ...)                                                     \
    do {                                                                         \
        word_t here_ = fake_harts[HART_A].codes, there_ = fake_harts[HART_T].codes; \
        word_t rest_ = fake_harts[HART_INIT].codes;                              \
        OK(__VA_ARGS__);                                                         \
        assert_int_equal(fake_harts[HART_A].codes - here_, 1);                   \
        assert_int_equal(fake_harts[HART_T].codes - there_, others);             \
        assert_int_equal(fake_harts[HART_INIT].codes, rest_);                    \
    } while (0)

// Whoever may have fetched from the space sees the code that is bound there now; data costs nothing.
static void code_is_fetched_anew(void **state)
{
    (void)state;
    fake_on(HART_T);
    run_until(t);
    fake_on(HART_A);
    FETCHES(1, pte, map, 0, PINNED, page, 1, RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE, CAP_NONE);
    word_t codes = fake_self()->codes;
    OK(pte, protect, 0, PINNED, 1, RIGHT_READ | RIGHT_WRITE);
    assert_int_equal(fake_self()->codes, codes); // it is written now
    FETCHES(1, pte, protect, 0, PINNED, 1, RIGHT_READ | RIGHT_EXECUTE);
    OK(pte, unmap, 0, PINNED, 1);
    codes = fake_self()->codes;
    OK(pte, map, 0, PINNED, page, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    assert_int_equal(fake_self()->codes, codes);
    REFUSED(PERM, pte, protect, 0, PINNED, 1, RIGHT_READ | RIGHT_EXECUTE);
    assert_int_equal(fake_self()->codes, codes);
}

// A hart that is not asked any more fetches anew when it comes back.
static void code_waits_for_one_that_left(void **state)
{
    (void)state;
    fake_on(HART_T);
    run_until(t);
    run_until(g);
    take_away(1); // T is not on its hart
    fake_on(HART_A);
    FETCHES(0, pte, map, 0, PINNED, page, 1, RIGHT_READ | RIGHT_EXECUTE, CAP_NONE);
    fake_on(HART_T);
    word_t codes = fake_self()->codes;
    CALL(slice, yield_to, TO_T);
    assert_int_equal(runs(), t);
    assert_true(fake_self()->codes > codes);
}

#define EACH_WAY(name) \
    cmocka_unit_test_setup_teardown(name, setup, invariants_each), \
    {#name " without ASIDs", name, setup_without_asids, invariants_each, NULL}

ROOM(shootdown)
{
    const struct CMUnitTest tests[] = {
        EACH_WAY(one_that_left_is_asked_once),        EACH_WAY(one_that_sleeps_is_asked_once),
        EACH_WAY(fast_yields_do_not_come_back_unseen), EACH_WAY(calls_come_in_by_the_slow_path),
        EACH_WAY(returns_come_back_by_the_slow_path), EACH_WAY(a_detached_caller_may_die),
        EACH_WAY(one_fence_for_all_bindings),         EACH_WAY(breaking_forgets_too),
        EACH_WAY(destruction_fences_once_a_piece),    EACH_WAY(crowded_spaces_are_asked_always),
        EACH_WAY(hart_ids_are_grouped),               EACH_WAY(harts_move_while_something_is_unmapped),
        EACH_WAY(harts_move_while_something_is_broken), EACH_WAY(something_goes_while_a_hart_moves),
        EACH_WAY(something_goes_while_a_fence_is_on_its_way),
        EACH_WAY(code_is_fetched_anew),               EACH_WAY(code_waits_for_one_that_left),
    };
    return RUN(tests);
}
