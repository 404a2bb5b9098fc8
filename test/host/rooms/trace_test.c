// SPDX-License-Identifier: BSD-2-Clause
// trace: whose a ring is, that it wraps, that records are what happened, and that nobody writes into it afterwards.

#include "rooms_test.h"

#include "trace/trace.h"

static page_t ring[2];

static const struct trace_head *head(void) { return page_memory(ring[0]); }
static const struct trace_record *record(word_t number)
{
    word_t place = 1 + number % trace_capacity(head()->pages);
    return (const struct trace_record *)page_memory(ring[place / TRACE_PER_PAGE]) + place % TRACE_PER_PAGE;
}

// Records of one kind from a number on; the last of them in *last.
static word_t count_of(enum trace_kind kind, word_t from, const struct trace_record **last)
{
    word_t count = 0;
    for (word_t i = from; i < head()->head; i++)
        if ((record(i)->what & 255) == kind) {
            count++;
            *last = record(i);
        }
    return count;
}

static void ring_make(word_t hart, word_t pages)
{
    trace_allow();
    fake_on(HART_A);
    for (word_t i = 0; i < pages; i++) {
        ring[i] = frames_for(family.a, 1);
        assert_int_equal(ALL(trace, bind, hart, ring[i]), i + 1);
    }
}

static void a_ring_has_one_owner(void **state)
{
    (void)state;
    page_t mine = frames_for(family.a, 2), others = frames_for(family.b, 1);
    fake_on(HART_A);
    REFUSED(STATE, trace, bind, HART_A, mine); // not on such a boot
    trace_allow();
    REFUSED(RANGE, trace, bind, hart_count, mine);
    REFUSED(NOENT, trace, bind, HART_A, NOBODY);
    REFUSED(NOENT, trace, bind, HART_A, KERNELS);
    REFUSED(PERM, trace, bind, HART_A, others);
    REFUSED(STATE, trace, bind, HART_A, 0);
    ALL(page, alloc, mine + 1);
    REFUSED(BUSY, trace, bind, HART_A, mine + 1);
    ring_make(HART_A, 1);
    OK(pte, map, 0, PINNED, ring[0], 1, RIGHT_READ, CAP_NONE);
    REFUSED(BUSY, trace, bind, HART_A, 0); // it is mapped
    OK(pte, unmap, 0, PINNED, 1);
    fake_on(HART_B);
    REFUSED(PERM, trace, bind, HART_A, others);
    REFUSED(PERM, trace, bind, HART_A, 0);
    fake_on(HART_A);
    assert_int_equal(OK(trace, bind, HART_A, 0), 0);
    REFUSED(AGAIN, trace, bind, HART_A, ring[0]); // its hart may be late
    fake_on(HART_B);
    ALL(trace, bind, HART_A, others);
}

static void a_ring_has_so_many_pages(void **state)
{
    (void)state;
    trace_allow();
    page_t frames = frames_for(family.a, TRACE_PAGES_MAX + 1);
    fake_on(HART_A);
    for (word_t i = 0; i < TRACE_PAGES_MAX; i++)
        ALL(trace, bind, HART_B, frames + i);
    REFUSED(FULL, trace, bind, HART_B, frames + TRACE_PAGES_MAX);
    for (word_t i = TRACE_PAGES_MAX; i > 0; i--)
        assert_int_equal(OK(trace, bind, HART_B, 0), i - 1);
    assert_int_equal(hart_number(HART_B)->traced, 0);
}

static void what_happens_is_recorded(void **state)
{
    (void)state;
    const struct trace_record *last = NULL;
    ring_make(HART_B, 1);
    fake_on(HART_INIT);
    OK(cap, mint, 1, family.b, RIGHT_NOTIFY);
    word_t from = head()->head;
    fake.time += 33;
    fake_on(HART_B);
    CALL(slice, wait, 1ul << 40, 0);
    assert_int_equal(count_of(TRACE_BLOCK, from, &last), 1);
    assert_int_equal(last->env, family.b);
    assert_int_equal(count_of(TRACE_LEAVE, from, &last), 1);
    assert_int_equal(last->time, fake.time);
    assert_int_equal(count_of(TRACE_RUN, from, &last), 0);
    fake_on(HART_INIT);
    OK(env, notify, 1, 1ul << 40); // on another hart: that one's ring would have it
    assert_int_equal(count_of(TRACE_POST, from, &last), 0);
    harts_cross();
    assert_int_equal(count_of(TRACE_RUN, from, &last), 1);
    assert_int_equal(last->env, family.b);
    assert_int_equal(last->what >> 8, hart_number(HART_B)->position);
}

static void traps_and_calls_are_watched(void **state)
{
    (void)state;
    const struct trace_record *last = NULL;
    ring_make(HART_A, 1);
    fake_on(HART_A);
    word_t from = head()->head;
    trace_watch(fake_env(), 13);
    assert_int_equal(count_of(TRACE_TRAP, from, &last), 1);
    assert_int_equal(last->what >> 8, 13);
    trace_watch(fake_env(), CAUSE_TIMER);
    assert_int_equal(count_of(TRACE_TRAP, from, &last), 2);
    assert_int_equal(last->what >> 8, 128 + 5);
}

// The oldest are overwritten, the head counts on; and it begins anew with another page.
static void a_ring_goes_round(void **state)
{
    (void)state;
    ring_make(HART_A, 2);
    word_t capacity = trace_capacity(2);
    for (word_t i = 0; i < capacity + 10; i++)
        trace_write(hart_number(HART_A), TRACE_TRAP, i + 1, 5);
    assert_int_equal(head()->head, capacity + 10);
    assert_int_equal(head()->pages, 2);
    for (word_t i = 10; i < capacity + 10; i++)
        assert_int_equal(record(i)->env, i + 1);
    OK(trace, bind, HART_A, 0);
    assert_int_equal(head()->head, 0);
    assert_int_equal(head()->pages, 1);
    trace_write(hart_number(HART_A), TRACE_TRAP, 77, 5);
    assert_int_equal(record(0)->env, 77);
}

static void a_ring_ends_with_its_owner(void **state)
{
    (void)state;
    ring_make(HART_B, 2);
    fake_on(HART_INIT);
    ALL(env, destroy, family.a);
    assert_int_equal(hart_number(HART_B)->traced, 0);
    harts_cross();
    assert_int_equal(page_frame(ring[0])->kind, PAGE_FREE);
    assert_int_equal(page_frame(ring[1])->owner, fake.init);
    ALL(page, alloc, ring[0]);
    fake_on(HART_B);
    CALL(slice, yield, 0); // nothing of it is written there
    for (word_t i = 0; i < PAGE_SIZE / 8; i++)
        assert_int_equal(((word_t *)page_memory(ring[0]))[i], 0);
}

ROOM(trace)
{
    const struct CMUnitTest tests[] = {
        TEST(a_ring_has_one_owner),        TEST(a_ring_has_so_many_pages), TEST(what_happens_is_recorded),
        TEST(traps_and_calls_are_watched), TEST(a_ring_goes_round),        TEST(a_ring_ends_with_its_owner),
    };
    return RUN(tests);
}
