// SPDX-License-Identifier: BSD-2-Clause
/*
 * Taking resources back, between a parent that asks and children that answer or do not. The deadline is 50 us, 50,000
 * instructions under icount. A child that answers keeps its choice; one that ignores the request has lost its first frame
 * with the first abort, and finds in its vector what went, by whom, and where the contents are. The program is its own
 * child: its first argument says which.
 */
#include "guest.h"

#include <rivet/revoke.h>

#define SLOT_CHILD  (SLOT_FREE + 2)
#define DEADLINE_US 50
#define PIECE_MAX   4999 // instructions of one piece (bench/targets.tsv, abort_piece_max)
#define MINE        0xf8 // word of the save area that the library leaves alone: the child's first frame of data
#define GIVEN       8
#define KEPT        4

static word_t instret(void)
{
    word_t count;
    __asm__ volatile("rdinstret %0" : "=r"(count) : : "memory");
    return count;
}

// ---------------------------------------------------------------- the children

static page_t frames[64]; // free ones of ours, a run
static bool answered;

static void frames_find(size_t count)
{
    size_t run = 0;
    for (page_t page = machine()->ram_first; run < count; page++) {
        run = frame_entry(page)->owner == self() && frame_entry(page)->kind == PAGE_FREE ? run + 1 : 0;
        if (run > 0)
            frames[run - 1] = page;
    }
}

static void answer(word_t events)
{
    (void)events;
    for (size_t i = 0; SAVE_WORD(SAVE_REVOKE_LEFT) > 0 && i < GIVEN; i++)
        sys_page_move(frames[GIVEN + i], 1, SAVE_WORD(SAVE_REVOKE_BY)); // the second half: its choice
    answered = true;
}

static _Noreturn void child_answers(void)
{
    frames_find(2 * GIVEN);
    events_handle(EVENT_BIT(REVOKE), answer);
    SAVE_WORD(MINE) = frames[0];
    while (!answered)
        events_wait(EVENT_BIT(REVOKE), 0);
    for (;;)
        events_wait(EVENT_BIT(GIVEN), 0);
}

static void child_data(void)
{
    frames_find(4 * KEPT);
    for (size_t i = 0; i < 4 * KEPT; i++) // all of them, before the library needs one
        while (sys_page_alloc(frames[i]).error == ERR_AGAIN)
            continue;
    for (size_t i = 0; i < 4 * KEPT; i++) {
        word_t window = vm_window_open(1);
        vm_bind(0, window, frames[i], 1, RIGHT_READ | RIGHT_WRITE);
        *(volatile word_t *)window = i + 100; // and stays bound
    }
    for (size_t i = 2 * KEPT; i < 4 * KEPT; i++)
        sys_revoke_guarantee(frames[i], 1);
}

static _Noreturn void child_ignores(void)
{
    upcall_hold();
    child_data();
    SAVE_WORD(MINE) = frames[0];
    for (;;)
        continue;
}

// Its contents are where it wanted them: 0, or the number of the first that is not.
static int losses_check(const volatile struct repossession *vector)
{
    for (uint32_t i = 0; i < 2 * KEPT; i++) {
        const volatile struct loss *loss = &vector->losses[i];
        word_t window = vm_window_open(1);
        if (loss->name != frames[i] || loss->kind != REVOKE_FRAMES || loss->by != SAVE_WORD(SAVE_CREATOR))
            return 1 + (int)i;
        if (loss->saved != (i < KEPT))
            return 20 + (int)i;
        if (i < KEPT && (vm_bind(0, window, loss->backing, 1, RIGHT_READ) != ERR_OK || *(volatile word_t *)window != i + 100))
            return 40 + (int)i;
    }
    return vector->head == 2 * KEPT && vector->missed == 0 ? 0 : 60;
}

static volatile word_t repossessed;
static void note(word_t events) { repossessed += (events & EVENT_BIT(REPOSSESSED)) != 0; }

// Four of eight contents are saved: in guaranteed frames, which stay.
static int child_saves(void)
{
    child_data();
    word_t window = vm_window_open(1);
    page_t page = frames[3 * KEPT];
    sys_revoke_guarantee(page, 0);
    vm_bind(0, window, page, 1, RIGHT_READ);
    for (size_t i = 0; i < 64; i++) // wherever it is bound
        sys_cap_revoke(page);
    sys_page_free(page);
    while (sys_revoke_vector(page).error == ERR_AGAIN)
        continue;
    vm_bind(0, window, page, 1, RIGHT_READ | RIGHT_WRITE);
    struct repossession *vector = (struct repossession *)window;
    for (size_t i = 0; i < KEPT; i++)
        vector->losses[i].backing = (uint32_t)frames[2 * KEPT + i];
    events_handle(EVENT_BIT(REVOKE) | EVENT_BIT(REPOSSESSED), note); // both, or the library would answer
    SAVE_WORD(MINE) = frames[0];
    while (SAVE_WORD(SAVE_LOST) < 2 * KEPT)
        continue; // it runs: the upcall comes all the same
    while (repossessed == 0)
        continue;
    return losses_check(vector);
}

// ---------------------------------------------------------------- the parent

static struct child child;
static word_t window;

static void child_begin(const char *role)
{
    const char *argv[] = {program_argument(0), role};
    const char *why = child_build(&child, &(struct child_options){.program = argv[0], .frames = 128, .argc = 2, .argv = argv, .weight = CHILD_ALONE});
    CHECK_TEXT(why ? why : "built", "built");
    CHECK_EQUAL(sys_cap_mint(SLOT_CHILD, child.env, RIGHT_REVOKE).error, ERR_OK);
    CHECK_EQUAL(sys_env_set(child.env, ENV_GUARANTEED, child.guaranteed + 2 * KEPT).error, ERR_OK);
    why = child_start(&child);
    CHECK_TEXT(why ? why : "started", "started");
    window = vm_window_open(1);
    CHECK_EQUAL(vm_bind(0, window, child.env + 1, 1, RIGHT_READ), ERR_OK);
    while (*(volatile word_t *)(window + MINE) == 0)
        sys_slice_yield();
    events_wait(0, time_now() + time_from_us(500)); // it waits, or runs
}

static void child_close(void)
{
    vm_window_close(window, 1);
    child_kill(&child);
    child_reap(&child);
    CHECK_EQUAL(sys_revoke_abort(SLOT_CHILD, REVOKE_FRAMES, 0, 1).error, ERR_STALE);
    sys_cap_drop(SLOT_CHILD);
}

static word_t ask(size_t count)
{
    // With several harts time is that of the machine underneath, which has other things to do, too.
    word_t deadline = time_now() + time_from_us(machine()->hart_count == 1 ? DEADLINE_US : 1000 * DEADLINE_US);
    CHECK_EQUAL(sys_revoke_request(SLOT_CHILD, REVOKE_FRAMES, count, deadline).error, ERR_OK);
    return deadline;
}

static void answer_test(void)
{
    child_begin("answers");
    page_t first = *(volatile word_t *)(window + MINE);
    word_t deadline = ask(GIVEN);
    while (time_now() < deadline)
        continue;
    CHECK_EQUAL(sys_revoke_abort(SLOT_CHILD, REVOKE_FRAMES, first, 1).error, ERR_STATE); // there is nothing left to take
    for (size_t i = 0; i < 2 * GIVEN; i++)
        CHECK_EQUAL(frame_entry(first + i)->owner, i < GIVEN ? child.env : self());
    CHECK_EQUAL(*(volatile word_t *)(window + SAVE_REVOKE_BY), 0);
    CHECK_EQUAL(*(volatile word_t *)(window + SAVE_LOST), 0);
    child_close();
}

static void ignore_test(void)
{
    child_begin("ignores");
    page_t first = *(volatile word_t *)(window + MINE);
    word_t deadline = ask(4 * KEPT);
    bool early = true;
    while (time_now() + 10 < deadline) // one that is guaranteed: should we be late, nothing is lost
        early &= sys_revoke_abort(SLOT_CHILD, REVOKE_FRAMES, first + 2 * KEPT, 1).error == ERR_EARLY || time_now() >= deadline;
    CHECK(early);
    while (time_now() < deadline)
        continue;
    CHECK_EQUAL(frame_entry(first)->owner, child.env);
    word_t before = instret();
    sysret_t answer = sys_revoke_abort(SLOT_CHILD, REVOKE_FRAMES, first, 4 * KEPT);
    word_t spent = instret() - before;
    if (machine()->hart_count == 1) // with more, others are counted, too
        CHECK(spent <= PIECE_MAX + 30);
    CHECK_EQUAL(frame_entry(first)->owner, self());
    while (answer.error == ERR_AGAIN)
        answer = sys_revoke_abort(SLOT_CHILD, REVOKE_FRAMES, first, 4 * KEPT);
    CHECK_EQUAL(answer.error, ERR_PERM); // the rest is guaranteed
    for (size_t i = 0; i < 4 * KEPT; i++)
        CHECK_EQUAL(frame_entry(first + i)->owner, i < 2 * KEPT ? self() : child.env);
    CHECK_EQUAL(*(volatile word_t *)(window + SAVE_LOST), 2 * KEPT);
    CHECK_EQUAL(sys_revoke_request(SLOT_CHILD, 0, 0, 0).error, ERR_OK);
    child_close();
}

static void save_test(void)
{
    child_begin("saves");
    page_t first = *(volatile word_t *)(window + MINE);
    word_t deadline = ask(2 * KEPT);
    while (time_now() < deadline)
        continue;
    sysret_t answer;
    do
        answer = sys_revoke_abort(SLOT_CHILD, REVOKE_FRAMES, first, 2 * KEPT);
    while (answer.error == ERR_AGAIN);
    CHECK_EQUAL(answer.error, ERR_OK);
    CHECK_EQUAL(answer.value, 2 * KEPT);
    CHECK_EQUAL(child_wait(&child), 0);
    vm_window_close(window, 1);
    child_reap(&child);
    sys_cap_drop(SLOT_CHILD);
}

static size_t frames_ours(void)
{
    size_t count = 0;
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++)
        count += frame_entry(page)->owner == self();
    return count;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "answers") == 0)
        child_answers();
    if (argc == 2 && strcmp(argv[1], "ignores") == 0)
        child_ignores();
    if (argc == 2)
        return child_saves();
    size_t before = frames_ours();
    answer_test();
    ignore_test();
    save_test();
    CHECK_EQUAL(frames_ours(), before);
    return guest_end();
}
