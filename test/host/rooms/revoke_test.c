// SPDX-License-Identifier: BSD-2-Clause
// revoke: a request, its answers, its end; and what an abort takes when there is none.

#include "rooms_test.h"

#include "irq/irq.h"
#include "page/page.h"
#include "pte/pte.h"
#include "revoke/revoke.h"
#include "slice/slice.h"

#define SLOT 3    // init's capability to A
#define SLOT_B 4  // ... to B
#define SOON (fake.time + 500)
#define SOURCE 10

static struct env *a(void) { return env_named(family.a); }
static word_t word(env_t env, word_t offset) { return *env_save(env_named(env), offset); }

// Init may ask A and B.
static int asked_each(void **state)
{
    family_each(state);
    OK(cap, mint, SLOT, family.a, RIGHT_REVOKE);
    OK(cap, mint, SLOT_B, family.b, RIGHT_REVOKE);
    return 0;
}
#define ASKED(name) cmocka_unit_test_setup_teardown(name, asked_each, invariants_each)

// The deadline of a request that stands comes and goes.
static void deadline_pass(void)
{
    fake_on(HART_INIT);
    time_pass(600);
}

static void ask(enum revoke_kind kind, word_t count)
{
    fake_on(HART_INIT);
    OK(revoke, request, SLOT, kind, count, SOON);
}

// B, too, may ask A: by a capability in its slot 5.
static void let_b_ask(void)
{
    OK(cap, copy, SLOT, 20, RIGHT_REVOKE);
    fake_on(HART_B);
    OK(cap, open, 5, fake.init);
    fake_on(HART_INIT);
    OK(cap, grant, 20, family.b, 5, RIGHT_REVOKE);
}

// One frame of data that A owns, with this in its first word.
static page_t data_of_a(word_t content)
{
    page_t page = frames_for(family.a, 1);
    fake_on(HART_A);
    ALL(page, alloc, page);
    *(word_t *)page_memory(page) = content;
    return page;
}

static void a_request_is_an_event_with_words(void **state)
{
    (void)state;
    word_t deadline = SOON;
    OK(revoke, request, SLOT, REVOKE_FRAMES, 3, deadline);
    assert_true(word(family.a, SAVE_PENDING) & EVENT_BIT(REVOKE));
    assert_int_equal(word(family.a, SAVE_REVOKE_BY), fake.init);
    assert_int_equal(word(family.a, SAVE_REVOKE_KIND), REVOKE_FRAMES);
    assert_int_equal(word(family.a, SAVE_REVOKE_LEFT), 3);
    assert_int_equal(word(family.a, SAVE_REVOKE_DEADLINE), deadline);
    REFUSED(BUSY, revoke, request, SLOT, REVOKE_SLICES, 1, SOON);
    OK(revoke, request, SLOT, 0, 0, 0);
    assert_int_equal(word(family.a, SAVE_REVOKE_BY), 0);
    assert_int_equal(word(family.a, SAVE_REVOKE_LEFT), 0);
}

static void requests_are_refused(void **state)
{
    (void)state;
    REFUSED(RANGE, revoke, request, CAPS_MAX, REVOKE_FRAMES, 1, SOON);
    REFUSED(STALE, revoke, request, SLOT + 9, REVOKE_FRAMES, 1, SOON);
    OK(cap, mint, SLOT + 9, family.a, RIGHT_YIELD);
    REFUSED(PERM, revoke, request, SLOT + 9, REVOKE_FRAMES, 1, SOON);
    REFUSED(RANGE, revoke, request, SLOT, REVOKE_KINDS, 1, SOON);
    REFUSED(DEADLINE, revoke, request, SLOT, REVOKE_FRAMES, 1, fake.time);
    REFUSED(STATE, revoke, request, SLOT, REVOKE_FRAMES, 0, 0); // nothing to withdraw
    OK(cap, mint, SLOT + 1 + 9, fake.init, RIGHT_REVOKE);
    REFUSED(STATE, revoke, request, SLOT + 1 + 9, REVOKE_FRAMES, 1, SOON);
}

static void what_is_given_counts_down(void **state)
{
    (void)state;
    page_t data = data_of_a(1), given = data_of_a(2);
    page_t free = frames_for(family.a, 2);
    fake_on(HART_A);
    REFUSED(CLOSED, page, move, free, 1, fake.init);
    ask(REVOKE_FRAMES, 3);
    fake_on(HART_A);
    REFUSED(CLOSED, page, move, free, 4, fake.init); // more than was asked for
    REFUSED(CLOSED, page, move, free, 1, family.b);  // somebody else
    assert_int_equal(OK(page, move, free, 2, fake.init), 2);
    assert_int_equal(word(family.a, SAVE_REVOKE_LEFT), 1);
    OK(page, give, given, 1, fake.init);
    assert_int_equal(page_frame(given)->owner, fake.init);
    assert_int_equal(word(family.a, SAVE_REVOKE_LEFT), 0);
    assert_int_equal(word(family.a, SAVE_REVOKE_BY), 0);
    REFUSED(CLOSED, page, give, data, 1, fake.init); // it is over
    deadline_pass();
    REFUSED(STATE, revoke, abort, SLOT, REVOKE_FRAMES, data, 1);
    assert_int_equal(page_frame(data)->owner, family.a);

    ask(REVOKE_TABLES, 1); // the frames of tables are answered as free frames
    fake_on(HART_A);
    OK(page, free, data);
    OK(page, move, data, 1, fake.init);
    assert_int_equal(word(family.a, SAVE_REVOKE_BY), 0);
}

static void slices_and_sources_are_given_to_whoever_asked(void **state)
{
    (void)state;
    OK(irq, give, SOURCE, family.a);
    fake_on(HART_B); // B asks A
    fake_on(HART_INIT);
    let_b_ask();
    fake_on(HART_A);
    REFUSED(PERM, slice, give, HART_A, 3, family.b);
    fake_on(HART_B);
    OK(revoke, request, 5, REVOKE_SLICES, 1, SOON);
    fake_on(HART_A);
    REFUSED(PERM, irq, give, SOURCE, family.b);
    OK(slice, give, HART_A, 3, family.b);
    REFUSED(PERM, slice, give, HART_A, 4, family.b);
    fake_on(HART_B);
    OK(revoke, request, 5, REVOKE_IRQS, 1, SOON);
    fake_on(HART_A);
    OK(irq, give, SOURCE, family.b);
    assert_int_equal(word(family.a, SAVE_REVOKE_BY), 0);
    assert_int_equal(fake_sources[SOURCE].owner, family.b);
    assert_int_equal(fake_vectors[HART_A][3].env, family.b);
}

static void aborts_are_refused(void **state)
{
    (void)state;
    page_t data = data_of_a(1), guaranteed = data_of_a(2);
    page_t ours = frames_for(fake.init, 1);
    a()->guaranteed_max = 2;
    OK(revoke, guarantee, guaranteed, 1);
    page_t open = frames_for(family.a, 3); // a level-1 table that holds another, and one to come
    OK(pte, table, 0, NOWHERE, 1, open, 0);
    OK(pte, table, 0, NOWHERE, 0, open + 1, open + 2);
    fake_on(HART_INIT);
    REFUSED(RANGE, revoke, abort, CAPS_MAX, REVOKE_FRAMES, data, 1);
    REFUSED(STALE, revoke, abort, SLOT + 9, REVOKE_FRAMES, data, 1);
    OK(cap, mint, SLOT + 9, family.a, RIGHT_NOTIFY);
    REFUSED(PERM, revoke, abort, SLOT + 9, REVOKE_FRAMES, data, 1);
    REFUSED(STATE, revoke, abort, SLOT, REVOKE_FRAMES, data, 1); // nothing was asked
    ask(REVOKE_FRAMES, 2);
    REFUSED(EARLY, revoke, abort, SLOT, REVOKE_FRAMES, data, 1);
    fake.time += 499;
    REFUSED(EARLY, revoke, abort, SLOT, REVOKE_FRAMES, data, 1);
    fake.time += 1;
    REFUSED(RANGE, revoke, abort, SLOT, REVOKE_KINDS, data, 1);
    REFUSED(RANGE, revoke, abort, SLOT, REVOKE_FRAMES, data, 0);
    REFUSED(RANGE, revoke, abort, SLOT, REVOKE_FRAMES, data, REVOKE_COUNT_MAX + 1);
    REFUSED(RANGE, revoke, abort, SLOT, REVOKE_FRAMES, data, 3); // more than was asked for
    REFUSED(STATE, revoke, abort, SLOT, REVOKE_SLICES, 0, 1);    // something else was
    REFUSED(STATE, revoke, abort, SLOT_B, REVOKE_FRAMES, data, 1);
    REFUSED(NOENT, revoke, abort, SLOT, REVOKE_FRAMES, NOBODY, 1);
    REFUSED(NOENT, revoke, abort, SLOT, REVOKE_FRAMES, KERNELS, 1);
    REFUSED(PERM, revoke, abort, SLOT, REVOKE_FRAMES, guaranteed, 1);
    REFUSED(KIND, revoke, abort, SLOT, REVOKE_FRAMES, open, 1); // a table
    page_t others = frames_for(family.b, 1);
    REFUSED(PERM, revoke, abort, SLOT, REVOKE_FRAMES, others, 1);
    assert_int_equal(OK(revoke, abort, SLOT, REVOKE_FRAMES, ours, 1), 1); // one's own is taken already
    assert_int_equal(word(family.a, SAVE_REVOKE_LEFT), 2);
    OK(revoke, request, SLOT, REVOKE_FRAMES, 0, 0);

    ask(REVOKE_TABLES, 1);
    deadline_pass();
    REFUSED(RANGE, revoke, abort, SLOT, REVOKE_TABLES, open, 2);
    REFUSED(NOENT, revoke, abort, SLOT, REVOKE_TABLES, NOBODY, 1);
    REFUSED(PERM, revoke, abort, SLOT, REVOKE_TABLES, ours, 1);
    REFUSED(KIND, revoke, abort, SLOT, REVOKE_TABLES, data, 1);
    REFUSED(BUSY, revoke, abort, SLOT, REVOKE_TABLES, open, 1);      // level 1, not empty
    REFUSED(RANGE, revoke, abort, SLOT, REVOKE_TABLES, open + 1, 1); // two frames, one was asked for
    fake_on(HART_A);
    OK(revoke, guarantee, open, 1);
    fake_on(HART_INIT);
    REFUSED(PERM, revoke, abort, SLOT, REVOKE_TABLES, open, 1);
    OK(revoke, request, SLOT, REVOKE_TABLES, 0, 0);

    ask(REVOKE_SLICES, 1);
    deadline_pass();
    REFUSED(NOENT, revoke, abort, SLOT, REVOKE_SLICES, REVOKE_SLICE(4, 0), 1);
    REFUSED(NOENT, revoke, abort, SLOT, REVOKE_SLICES, REVOKE_SLICE(0, SLICES_MAX), 1);
    REFUSED(PERM, revoke, abort, SLOT, REVOKE_SLICES, REVOKE_SLICE(HART_B, 0), 1);
    OK(revoke, request, SLOT, REVOKE_SLICES, 0, 0);
    ask(REVOKE_IRQS, 1);
    deadline_pass();
    REFUSED(NOENT, revoke, abort, SLOT, REVOKE_IRQS, 0, 1);
    REFUSED(PERM, revoke, abort, SLOT, REVOKE_IRQS, SOURCE, 1);
}

static void frames_are_taken_past_the_deadline(void **state)
{
    (void)state;
    page_t data = data_of_a(0x5ec4e7);
    page_t free = frames_for(family.a, 1);
    fake_on(HART_A);
    OK(pte, map, 0, PINNED, data, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    uint64_t epoch = page_frame(data)->epoch;
    ask(REVOKE_FRAMES, 2);
    deadline_pass();
    assert_true(reaches(HART_A, PINNED, 13, data));
    assert_int_equal(OK(revoke, abort, SLOT, REVOKE_FRAMES, data, 1), 1);
    assert_false(reaches(HART_A, PINNED, 13, data));
    assert_int_equal(page_frame(data)->owner, fake.init);
    assert_int_equal(page_frame(data)->kind, PAGE_FREE);
    assert_true(page_frame(data)->epoch > epoch);
    assert_int_equal(word(family.a, SAVE_LOST), 1);
    assert_int_equal(word(family.a, SAVE_REVOKE_LEFT), 1);
    assert_true(word(family.a, SAVE_PENDING) & EVENT_BIT(REPOSSESSED));
    ALL(page, alloc, data);
    assert_int_equal(*(word_t *)page_memory(data), 0);
    assert_int_equal(OK(revoke, abort, SLOT, REVOKE_FRAMES, free, 1), 1);
    assert_int_equal(page_frame(free)->owner, fake.init);
    assert_int_equal(word(family.a, SAVE_REVOKE_BY), 0);
}

// The same call goes on where it stopped, and a run stops in front of what cannot be taken.
static void a_run_is_taken_in_pieces(void **state)
{
    (void)state;
    page_t first = frames_for(family.a, 64);
    fake_on(HART_A);
    for (word_t i = 0; i < 64; i++)
        ALL(page, alloc, first + i);
    a()->guaranteed_max = 1;
    OK(revoke, guarantee, first + 60, 1);
    ask(REVOKE_FRAMES, 64);
    deadline_pass();
    sysret_t answer;
    word_t before = 0, pieces = 0;
    while ((answer = CALL(revoke, abort, SLOT, REVOKE_FRAMES, first, 64)).error == ERR_AGAIN) {
        assert_true(answer.value > before || pieces == 0);
        before = answer.value;
        pieces++;
        refusal_note(CALL_revoke_abort, ERR_AGAIN);
    }
    assert_true(pieces > 2);
    assert_int_equal(answer.error, ERR_PERM); // the guaranteed one
    assert_int_equal(before, 60);
    for (word_t i = 0; i < 64; i++)
        assert_int_equal(page_frame(first + i)->owner, i < 60 ? fake.init : family.a);
    assert_int_equal(word(family.a, SAVE_LOST), 60);
    assert_int_equal(word(family.a, SAVE_REVOKE_LEFT), 4);
    assert_int_equal(OK(revoke, abort, SLOT, REVOKE_FRAMES, first + 61, 3), 3);
}

// However many are taken in a piece, harts that may reach them are told once.
static void a_piece_has_one_remote_fence(void **state)
{
    (void)state;
    page_t first = frames_for(family.a, 8);
    fake_on(HART_A);
    for (word_t i = 0; i < 8; i++) {
        ALL(page, alloc, first + i);
        OK(pte, map, 0, PINNED + 2 * i * PAGE_SIZE, first + i, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
        for (page_t found = 0; found != first + i;)
            fake_touch(PINNED + 2 * i * PAGE_SIZE, 15, &found);
    }
    ask(REVOKE_FRAMES, 8);
    deadline_pass();
    assert_int_equal(OK(revoke, abort, SLOT, REVOKE_FRAMES, first, 8), 8);
    assert_int_equal(fences(), 1);
    for (word_t i = 0; i < 8; i++)
        assert_false(reaches(HART_A, PINNED + 2 * i * PAGE_SIZE, 13, first + i));
}

static void contents_are_saved_where_the_vector_says(void **state)
{
    (void)state;
    page_t vector = frames_for(family.a, 1);
    fake_on(HART_A);
    ALL(revoke, vector, vector);
    struct repossession *ring = page_memory(vector);
    page_t data[6], backing = data_of_a(0), freed = frames_for(family.a, 1);
    page_t ours = data_make();
    for (word_t i = 0; i < 6; i++)
        data[i] = data_of_a(100 + i);
    fake_on(HART_INIT);
    page_t strange = data_make();
    *(word_t *)page_memory(strange) = 7;
    (void)ours;
    ring->losses[0].backing = (uint32_t)backing;
    ring->losses[1].backing = (uint32_t)strange; // init's
    ring->losses[2].backing = (uint32_t)data[2]; // the one that is taken
    ring->losses[3].backing = (uint32_t)freed;
    ring->losses[4].backing = ~0u;
    ask(REVOKE_FRAMES, 6);
    deadline_pass();
    for (word_t i = 0; i < 6; i++)
        ALL(revoke, abort, SLOT, REVOKE_FRAMES, data[i], 1);
    assert_int_equal(ring->head, 6);
    assert_int_equal(ring->missed, 0);
    for (word_t i = 0; i < 6; i++) {
        assert_int_equal(ring->losses[i].name, data[i]);
        assert_int_equal(ring->losses[i].kind, REVOKE_FRAMES);
        assert_int_equal(ring->losses[i].saved, i == 0);
        assert_int_equal(ring->losses[i].count, 1);
        assert_int_equal(ring->losses[i].by, fake.init);
    }
    assert_int_equal(*(word_t *)page_memory(backing), 100);
    assert_int_equal(*(word_t *)page_memory(strange), 7);
}

// Its owner writes nonsense into the vector; the kernel counts by itself and stays in its page.
static void a_vector_is_not_believed(void **state)
{
    (void)state;
    page_t vector = frames_for(family.a, 1), beside = vector;
    fake_on(HART_A);
    ALL(revoke, vector, vector);
    struct repossession *ring = page_memory(vector);
    page_t first = frames_for(family.a, 8);
    (void)beside;
    ask(REVOKE_FRAMES, 8);
    deadline_pass();
    ring->head = 77777;
    ring->tail = 1; // ahead of the head: no room, as far as anybody can tell
    ALL(revoke, abort, SLOT, REVOKE_FRAMES, first, 1);
    assert_int_equal(ring->missed, 1);
    ring->tail = 0;
    ALL(revoke, abort, SLOT, REVOKE_FRAMES, first + 1, 1);
    assert_int_equal(ring->head, 1);
    assert_int_equal(ring->losses[0].name, first + 1);
    assert_int_equal(word(family.a, SAVE_LOST), 2);
    a()->vector_head = LOSSES_MAX; // a full ring
    ALL(revoke, abort, SLOT, REVOKE_FRAMES, first + 2, 1);
    assert_int_equal(ring->missed, 2);
    ring->tail = 1;
    ALL(revoke, abort, SLOT, REVOKE_FRAMES, first + 3, 1);
    assert_int_equal(ring->losses[0].name, first + 3);
    assert_int_equal(ring->head, LOSSES_MAX + 1);
}

static void vectors_come_and_go(void **state)
{
    (void)state;
    page_t vector = frames_for(family.a, 1), data = data_of_a(1), others = frames_for(family.b, 1);
    fake_on(HART_A);
    REFUSED(STATE, revoke, vector, 0);
    REFUSED(NOENT, revoke, vector, NOBODY);
    REFUSED(NOENT, revoke, vector, KERNELS);
    REFUSED(PERM, revoke, vector, others);
    REFUSED(BUSY, revoke, vector, data);
    fake_on(HART_INIT);
    space_t space;
    ALL(env, destroy, child_make(&space)); // its frames wait for every hart, and so do all others
    REFUSED(AGAIN, revoke, vector, frames_for(fake.init, 1));
    harts_cross();
    fake_on(HART_A);
    ALL(revoke, vector, vector);
    REFUSED(STATE, revoke, vector, data);
    assert_int_equal(page_frame(vector)->kind, PAGE_RING);
    OK(pte, map, 0, PINNED, vector, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    REFUSED(BUSY, revoke, vector, 0);
    REFUSED(KIND, page, free, vector);
    OK(pte, unmap, 0, PINNED, 1);
    OK(revoke, vector, 0);
    assert_int_equal(page_frame(vector)->kind, PAGE_FREE);
}

static void guarantees_are_counted(void **state)
{
    (void)state;
    page_t data[3] = {data_of_a(1), data_of_a(2), data_of_a(3)};
    page_t others = frames_for(family.b, 1);
    fake_on(HART_A);
    REFUSED(FULL, revoke, guarantee, data[0], 1);
    a()->guaranteed_max = 2; // as env_set does before the start
    REFUSED(NOENT, revoke, guarantee, NOBODY, 1);
    REFUSED(NOENT, revoke, guarantee, KERNELS, 1);
    REFUSED(PERM, revoke, guarantee, others, 1);
    REFUSED(RANGE, revoke, guarantee, data[0], 2);
    OK(revoke, guarantee, data[0], 1);
    OK(revoke, guarantee, data[0], 1); // once
    OK(revoke, guarantee, data[1], 1);
    REFUSED(FULL, revoke, guarantee, data[2], 1);
    OK(page, free, data[0]); // the mark stays
    assert_true(page_frame(data[0])->flags & PAGE_GUARANTEED);
    ALL(page, alloc, data[0]);
    assert_true(page_frame(data[0])->flags & PAGE_GUARANTEED);
    OK(revoke, guarantee, data[1], 0);
    OK(revoke, guarantee, data[1], 0);
    OK(revoke, guarantee, data[2], 1);
    fake_on(HART_INIT);
    REFUSED(KIND, revoke, guarantee, FAKE_UART, 1);
    OK(page, open, family.a, 2);
    fake_on(HART_A);
    OK(page, give, data[0], 1, fake.init); // and goes with the owner
    assert_false(page_frame(data[0])->flags & PAGE_GUARANTEED);
    assert_int_equal(a()->guaranteed, 1);
    OK(page, free, data[2]);
    OK(page, move, data[2], 1, fake.init);
    assert_int_equal(a()->guaranteed, 0);
}

static void a_child_has_the_quota_its_creator_fixed(void **state)
{
    (void)state;
    space_t space;
    env_t child = child_make(&space);
    page_t page = frames_for(fake.init, 1);
    OK(page, move, page, 1, child);
    OK(env, set, child, ENV_GUARANTEED, 1);
    OK(revoke, guarantee, page, 1); // for a child that has not run
    assert_int_equal(env_named(child)->guaranteed, 1);
    REFUSED(RANGE, env, set, child, ENV_GUARANTEED, 0); // one is marked
    OK(env, set, child, ENV_GUARANTEED, 1);
    OK(env, set, child, ENV_PC, 0x20000);
    OK(env, start, child);
    REFUSED(STATE, env, set, child, ENV_GUARANTEED, 5);
    REFUSED(PERM, revoke, guarantee, page, 0);
    ALL(env, destroy, child);
    assert_false(page_frame(page)->flags & PAGE_GUARANTEED);
    assert_int_equal(page_frame(page)->owner, fake.init);
}

// Bound a hundred times, it goes in pieces, and meanwhile nobody binds it again or ends its dying.
static void many_bindings_go_first(void **state)
{
    (void)state;
    page_t data = data_of_a(1);
    for (word_t i = 0; i < 100; i++)
        OK(pte, map, 0, PINNED + i * PAGE_SIZE, data, 1, RIGHT_READ, CAP_NONE);
    ask(REVOKE_FRAMES, 1);
    deadline_pass();
    sysret_t answer = CALL(revoke, abort, SLOT, REVOKE_FRAMES, data, 1);
    assert_int_equal(answer.error, ERR_AGAIN);
    refusal_note(CALL_revoke_abort, ERR_AGAIN);
    assert_int_equal(answer.value, 0);
    fake_on(HART_A);
    REFUSED(DYING, pte, map, 0, PINNED + 200 * PAGE_SIZE, data, 1, RIGHT_READ, CAP_NONE);
    REFUSED(DYING, page, free, data);
    ALL(cap, revoke, data); // breaks them, too, but does not free the frame for new ones
    REFUSED(DYING, pte, map, 0, PINNED + 200 * PAGE_SIZE, data, 1, RIGHT_READ, CAP_NONE);
    fake_on(HART_INIT);
    ALL(revoke, abort, SLOT, REVOKE_FRAMES, data, 1);
    assert_int_equal(page_frame(data)->owner, fake.init);
}

// Withdrawn half-way, the frame is its owner's as before, once the owner ended its revocation.
static void an_abort_can_be_left_half_way(void **state)
{
    (void)state;
    page_t data = data_of_a(1);
    for (word_t i = 0; i < 100; i++)
        OK(pte, map, 0, PINNED + i * PAGE_SIZE, data, 1, RIGHT_READ, CAP_NONE);
    ask(REVOKE_FRAMES, 1);
    deadline_pass();
    assert_int_equal(CALL(revoke, abort, SLOT, REVOKE_FRAMES, data, 1).error, ERR_AGAIN);
    OK(revoke, request, SLOT, 0, 0, 0);
    fake_on(HART_A);
    ALL(cap, revoke, data);
    OK(pte, map, 0, PINNED + 200 * PAGE_SIZE, data, 1, RIGHT_READ, CAP_NONE);
    assert_int_equal(page_frame(data)->owner, family.a);
    assert_int_equal(word(family.a, SAVE_LOST), 0);
}

// The same when whoever asked is no more.
static void an_abort_ends_with_its_requester(void **state)
{
    (void)state;
    let_b_ask();
    page_t data = data_of_a(1);
    for (word_t i = 0; i < 100; i++)
        OK(pte, map, 0, PINNED + i * PAGE_SIZE, data, 1, RIGHT_READ, CAP_NONE);
    fake_on(HART_B);
    OK(revoke, request, 5, REVOKE_FRAMES, 1, SOON);
    time_pass(600);
    assert_int_equal(CALL(revoke, abort, 5, REVOKE_FRAMES, data, 1).error, ERR_AGAIN);
    fake_on(HART_INIT);
    ALL(env, stop, family.b);
    fake_on(HART_A);
    ALL(cap, revoke, data);
    OK(pte, map, 0, PINNED, data, 1, RIGHT_READ, CAP_NONE);
    assert_int_equal(a()->revoke_page, 0);
}

static word_t table_of_a(word_t address)
{
    const struct space *space = a()->space;
    return physical((void *)((word_t)pte_walk(space, address).slot & ~(word_t)(PAGE_SIZE - 1))) >> PAGE_SHIFT;
}

static void a_pinned_table_goes_with_its_bindings(void **state)
{
    (void)state;
    fake_on(HART_INIT);
    page_t data = data_of_a(1), frames = frames_for(family.a, 2); // a table of A's own
    OK(pte, table, 0, NOWHERE, 1, frames_for(family.a, 1), 0);
    OK(pte, table, 0, NOWHERE, 0, frames, frames + 1);
    for (word_t i = 0; i < 300; i++)
        OK(pte, map, 0, NOWHERE + i * PAGE_SIZE, data, 1, RIGHT_READ, CAP_NONE);
    OK(pte, map, 0, PINNED, frames, 1, RIGHT_READ, CAP_NONE); // and it is looked at
    assert_int_equal(table_of_a(NOWHERE), frames);
    ask(REVOKE_TABLES, 2);
    deadline_pass();
    assert_int_equal(ALL(revoke, abort, SLOT, REVOKE_TABLES, frames, 1), 2);
    assert_false(reaches(HART_A, NOWHERE, 13, data));
    assert_false(reaches(HART_A, PINNED, 13, frames));
    assert_int_equal(page_frame(data)->bindings, 0);
    for (word_t i = 0; i < 2; i++) {
        assert_int_equal(page_frame(frames + i)->owner, fake.init);
        assert_int_equal(page_frame(frames + i)->kind, PAGE_FREE);
    }
    assert_int_equal(word(family.a, SAVE_LOST), 1);
    assert_int_equal(word(family.a, SAVE_REVOKE_BY), 0);
    fake_on(HART_A);
    REFUSED(NOTABLE, pte, map, 0, NOWHERE, data, 1, RIGHT_READ, CAP_NONE);
}

// A table's twin may be somebody else's: a child's that had not run yet. It is free again, and stays so.
static void a_strange_twin_stays_its_owners(void **state)
{
    (void)state;
    page_t data = data_of_a(1), frames = frames_for(family.a, 8);
    fake_on(HART_A);
    space_t space = ALL(space, create, frames, frames + 1);
    env_t child = ALL(env, create, frames + 2, frames + 4, space);
    OK(page, move, frames + 5, 1, child);
    OK(pte, table, 0, NOWHERE, 1, frames + 6, 0);
    OK(pte, table, 0, NOWHERE, 0, frames + 7, frames + 5);
    OK(pte, map, 0, NOWHERE, data, 1, RIGHT_READ, CAP_NONE);
    ask(REVOKE_TABLES, 1);
    deadline_pass();
    assert_int_equal(ALL(revoke, abort, SLOT, REVOKE_TABLES, frames + 7, 1), 1);
    assert_int_equal(page_frame(frames + 7)->owner, fake.init);
    assert_int_equal(page_frame(frames + 5)->owner, child);
    assert_int_equal(page_frame(frames + 5)->kind, PAGE_FREE);
    assert_int_equal(page_frame(data)->bindings, 0);
}

// Empty, and looked at by its owner: those bindings go, too.
static void an_upper_table_goes_when_it_is_empty(void **state)
{
    (void)state;
    page_t frames = frames_for(family.a, 4), data = data_of_a(1);
    fake_on(HART_A);
    OK(pte, table, 0, NOWHERE, 1, frames, frames + 1);
    OK(pte, table, 0, NOWHERE, 0, frames + 2, frames + 3);
    for (word_t i = 0; i < 20; i++)
        OK(pte, map, 0, PINNED + i * PAGE_SIZE, frames, 1, RIGHT_READ, CAP_NONE);
    ask(REVOKE_TABLES, 2);
    deadline_pass();
    REFUSED(BUSY, revoke, abort, SLOT, REVOKE_TABLES, frames, 1);
    assert_true(reaches(HART_A, PINNED, 13, frames));
    fake_on(HART_A);
    ALL(pte, untable, 0, NOWHERE, 0);
    a()->guaranteed_max = 1;
    OK(revoke, guarantee, frames + 1, 1);
    fake_on(HART_INIT);
    REFUSED(PERM, revoke, abort, SLOT, REVOKE_TABLES, frames, 1); // its twin
    fake_on(HART_A);
    OK(revoke, guarantee, frames + 1, 0);
    fake_on(HART_INIT);
    assert_int_equal(ALL(revoke, abort, SLOT, REVOKE_TABLES, frames, 1), 2);
    assert_false(reaches(HART_A, PINNED, 13, frames));
    assert_int_equal(page_frame(frames + 1)->owner, fake.init);
    fake_on(HART_A);
    REFUSED(NOTABLE, pte, table, 0, NOWHERE, 0, frames + 2, frames + 3);
    assert_int_equal(page_frame(data)->owner, family.a);
}

static void a_joined_run_goes_whole(void **state)
{
    (void)state;
    family_setup_with((struct fake_options){.harts = 4, .frames = 3072, .asid_bits = 16});
    OK(cap, mint, SLOT, family.a, RIGHT_REVOKE);
    while (fake.next % SUPER_PAGES != 0)
        fake_fresh();
    page_t run = fake_fresh_run(SUPER_PAGES), vector = frames_for(family.a, 1), tables = frames_for(family.a, 2);
    OK(page, move, run, PAGE_BATCH, family.a);
    OK(page, move, run + PAGE_BATCH, PAGE_BATCH, family.a);
    fake_on(HART_A);
    ALL(revoke, vector, vector);
    a()->guaranteed_max = SUPER_PAGES;
    OK(revoke, guarantee, run + 7, 1);
    ALL(page, join, run);
    assert_int_equal(a()->guaranteed, 0); // a part has no mark of its own
    REFUSED(KIND, revoke, guarantee, run + 7, 1);
    OK(revoke, guarantee, run, 1);
    assert_int_equal(a()->guaranteed, SUPER_PAGES);
    OK(pte, table, 0, 0xc0000000, 1, tables, tables + 1);
    OK(pte, map, 0, 0xc0000000, run, SUPER_PAGES, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    ask(REVOKE_FRAMES, SUPER_PAGES + 1);
    deadline_pass();
    REFUSED(PERM, revoke, abort, SLOT, REVOKE_FRAMES, run, SUPER_PAGES);
    fake_on(HART_A);
    OK(revoke, guarantee, run, 0);
    fake_on(HART_INIT);
    REFUSED(KIND, revoke, abort, SLOT, REVOKE_FRAMES, run, SUPER_PAGES - 1);
    REFUSED(KIND, revoke, abort, SLOT, REVOKE_FRAMES, run + 1, 1);
    assert_true(reaches(HART_A, 0xc0000000 + 5 * PAGE_SIZE, 13, run + 5));
    assert_int_equal(ALL(revoke, abort, SLOT, REVOKE_FRAMES, run, SUPER_PAGES), SUPER_PAGES);
    assert_false(reaches(HART_A, 0xc0000000 + 5 * PAGE_SIZE, 13, run + 5));
    for (word_t i = 0; i < SUPER_PAGES; i++) {
        assert_int_equal(page_frame(run + i)->owner, fake.init);
        assert_int_equal(page_frame(run + i)->kind, PAGE_FREE);
    }
    const struct repossession *ring = page_memory(vector);
    assert_int_equal(ring->head, 1);
    assert_int_equal(ring->losses[0].name, run);
    assert_int_equal(ring->losses[0].count, SUPER_PAGES);
    assert_int_equal(word(family.a, SAVE_REVOKE_LEFT), 1);
    ALL(page, join, run); // as good as new
    OK(page, split, run);
}

static void a_cached_table_goes_and_its_dirty_bits_stay(void **state)
{
    (void)state;
    page_t data = data_of_a(1), stlb = frames_for(family.a, 1), table = frames_for(family.a, 2);
    fake_on(HART_A);
    OK(pte, table, 0, NOWHERE, 1, table, 0);
    OK(pte, table, 0, NOWHERE, 0, table + 1, 0);
    ALL(stlb, bind, 0, stlb, 0);
    OK(stlb, enter, 0, NOWHERE, data, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    for (page_t found = 0; found != data;) // one or two faults fill the leaf
        fake_touch(NOWHERE, 15, &found);
    ask(REVOKE_TABLES, 1);
    deadline_pass();
    assert_int_equal(ALL(revoke, abort, SLOT, REVOKE_TABLES, table + 1, 1), 1);
    assert_int_equal(page_frame(table + 1)->owner, fake.init);
    assert_int_equal(page_frame(data)->bindings, 1); // the STLB binds it still
    assert_true(((struct stlb_entry *)page_memory(stlb))[0].pte & PTE_D);
    assert_false(reaches(HART_A, NOWHERE, 13, data));
    ask(REVOKE_TABLES, 1);
    deadline_pass();
    assert_int_equal(ALL(revoke, abort, SLOT, REVOKE_TABLES, table, 1), 1); // level 1, empty now
    assert_int_equal(page_frame(table)->owner, fake.init);
}

// What an abort left out of the tree, the owner of the space ends.
static void a_table_half_taken_comes_back(void **state)
{
    (void)state;
    page_t data = data_of_a(1), frames = frames_for(family.a, 3);
    fake_on(HART_A);
    OK(pte, table, 0, NOWHERE, 1, frames, 0);
    OK(pte, table, 0, NOWHERE, 0, frames + 1, frames + 2);
    for (word_t i = 0; i < 512; i++)
        OK(pte, map, 0, NOWHERE + i * PAGE_SIZE, data, 1, RIGHT_READ, CAP_NONE);
    ask(REVOKE_TABLES, 2);
    deadline_pass();
    assert_int_equal(CALL(revoke, abort, SLOT, REVOKE_TABLES, frames + 1, 1).error, ERR_AGAIN);
    assert_false(reaches(HART_A, NOWHERE, 13, data));
    invariants();
    OK(revoke, request, SLOT, 0, 0, 0);
    fake_on(HART_A);
    assert_int_equal(CALL(pte, untable, 0, NOWHERE, 0).error, ERR_AGAIN);
    ALL(pte, untable, 0, NOWHERE, 1);
    for (word_t i = 1; i < 3; i++) {
        assert_int_equal(page_frame(frames + i)->owner, family.a);
        assert_int_equal(page_frame(frames + i)->kind, PAGE_FREE);
    }
    assert_int_equal(page_frame(data)->bindings, 0);
}

static void slices_and_sources_are_taken(void **state)
{
    (void)state;
    OK(irq, give, SOURCE, family.a);
    fake_on(HART_A);
    OK(irq, bind, SOURCE, 1ul << 40);
    plic_raise(SOURCE);
    harts_cross();
    ask(REVOKE_IRQS, 1);
    deadline_pass();
    assert_int_equal(OK(revoke, abort, SLOT, REVOKE_IRQS, SOURCE, 1), 1);
    assert_int_equal(fake_sources[SOURCE].owner, fake.init);
    assert_false(plic_claimed(SOURCE));
    ask(REVOKE_SLICES, SLICES_MAX);
    deadline_pass();
    for (word_t i = 0; i < SLICES_MAX; i++)
        assert_int_equal(OK(revoke, abort, SLOT, REVOKE_SLICES, REVOKE_SLICE(HART_A, i), 1), 1);
    assert_int_equal(a()->slice_harts, 0);
    assert_int_equal(word(family.a, SAVE_LOST), 1 + SLICES_MAX);
    assert_int_equal(word(family.a, SAVE_REVOKE_BY), 0);
}

// Whoever asked is gone: the request is over, and a namesake of its cannot go on.
static void a_request_ends_with_its_requester(void **state)
{
    (void)state;
    let_b_ask();
    page_t data = data_of_a(1);
    fake_on(HART_B);
    OK(revoke, request, 5, REVOKE_FRAMES, 1, SOON);
    fake_on(HART_INIT);
    REFUSED(BUSY, revoke, request, SLOT, REVOKE_FRAMES, 1, SOON);
    ALL(env, stop, family.b);
    ask(REVOKE_FRAMES, 1); // in its place
    OK(revoke, request, SLOT, 0, 0, 0);
    ALL(env, destroy, family.b);
    fake_on(HART_A);
    REFUSED(NOENT, page, give, data, 1, family.b);
    fake_on(HART_INIT);
    assert_int_equal(page_frame(data)->owner, family.a);
}

static void a_victim_may_die_half_way(void **state)
{
    (void)state;
    page_t vector = frames_for(family.a, 1);
    fake_on(HART_A);
    ALL(revoke, vector, vector);
    page_t data = data_of_a(1);
    for (word_t i = 0; i < 100; i++)
        OK(pte, map, 0, PINNED + i * PAGE_SIZE, data, 1, RIGHT_READ, CAP_NONE);
    ask(REVOKE_FRAMES, 2);
    deadline_pass();
    assert_int_equal(CALL(revoke, abort, SLOT, REVOKE_FRAMES, data, 1).error, ERR_AGAIN);
    CALL(env, destroy, family.a);
    harts_cross();
    CALL(env, destroy, family.a);
    REFUSED(STALE, revoke, abort, SLOT, REVOKE_FRAMES, data, 1);
    ALL(env, destroy, family.a);
    assert_int_equal(page_frame(data)->owner, fake.init);
    assert_int_equal(page_frame(data)->kind, PAGE_FREE);
    assert_int_equal(page_frame(vector)->owner, fake.init);
    assert_int_equal(page_frame(vector)->kind, PAGE_FREE);
}

// Asked, it runs at once on the time of who asked; the answer comes when that one's turn comes again.
static void a_request_gives_time(void **state)
{
    (void)state;
    fake_on(HART_A);
    *env_save(fake_env(), SAVE_S_BEGIN) = 0x5000;
    CALL(slice, wait, EVENT_BIT(REVOKE), 0);
    assert_int_equal(fake_self()->mode, FAKE_SLEEPS);
    fake_on(HART_INIT);
    CALL(revoke, request, SLOT, REVOKE_FRAMES, 1, SOON);
    assert_false(fake.returned);
    assert_int_equal(fake_env()->self, family.a);
    assert_int_equal(fake_self()->regs[REG_PC], 0x5000);
    assert_int_equal(fake_self()->regs[REG_A1], EVENT_BIT(REVOKE));
    CALL(slice, yield);
    time_pass(200000);
    assert_int_equal(fake_env()->self, fake.init);
    assert_int_equal(env_named(fake.init)->result_error, ERR_OK);
    assert_true(env_named(fake.init)->result_value != 0); // the victim ran at once
}

ROOM(revoke)
{
    const struct CMUnitTest tests[] = {
        ASKED(a_request_is_an_event_with_words),
        ASKED(requests_are_refused),
        ASKED(what_is_given_counts_down),
        ASKED(slices_and_sources_are_given_to_whoever_asked),
        ASKED(aborts_are_refused),
        ASKED(frames_are_taken_past_the_deadline),
        ASKED(a_run_is_taken_in_pieces),
        ASKED(a_piece_has_one_remote_fence),
        ASKED(contents_are_saved_where_the_vector_says),
        ASKED(a_vector_is_not_believed),
        ASKED(vectors_come_and_go),
        ASKED(guarantees_are_counted),
        ASKED(a_child_has_the_quota_its_creator_fixed),
        ASKED(many_bindings_go_first),
        ASKED(an_abort_can_be_left_half_way),
        ASKED(an_abort_ends_with_its_requester),
        ASKED(a_pinned_table_goes_with_its_bindings),
        ASKED(a_strange_twin_stays_its_owners),
        ASKED(an_upper_table_goes_when_it_is_empty),
        ASKED(a_joined_run_goes_whole),
        ASKED(a_cached_table_goes_and_its_dirty_bits_stay),
        ASKED(a_table_half_taken_comes_back),
        ASKED(slices_and_sources_are_taken),
        ASKED(a_request_ends_with_its_requester),
        ASKED(a_victim_may_die_half_way),
        ASKED(a_request_gives_time),
    };
    return RUN(tests);
}
