// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a hart's ring of events says is what the programs did: whoever calls or is interrupted is whom the last switch named, and
 * a partner's yields, waits and calls are all there.
 */
#include "guest.h"

#include <libos/trace/rings.h>
#include <stdlib.h>

#define YIELDS 40
#define WAITS  7
#define PAGES  32

static struct trace_record records[HARTS_MAX * PAGES * TRACE_PER_PAGE];
static word_t record_hart[HARTS_MAX * PAGES * TRACE_PER_PAGE];
static word_t record_count;

static int partner(void)
{
    for (int i = 0; i < YIELDS; i++)
        sys_slice_yield();
    for (int i = 0; i < WAITS; i++)
        (void)sys_slice_wait(0, time_now() + time_from_us(200));
    return 0;
}

static word_t count_of(env_t env, enum trace_kind kind, word_t argument)
{
    word_t count = 0;
    for (word_t i = 0; i < record_count; i++)
        count += records[i].env == env && records[i].what == (kind | argument << 8);
    return count;
}

static word_t count_kind(env_t env, enum trace_kind kind)
{
    word_t count = 0;
    for (word_t i = 0; i < record_count; i++)
        count += records[i].env == env && (records[i].what & 255) == kind;
    return count;
}

static bool is_own(enum trace_kind kind)
{
    return kind == TRACE_CALL || kind == TRACE_RETURN || kind == TRACE_TRAP || kind == TRACE_LEAVE || kind == TRACE_BLOCK ||
           kind == TRACE_DONATE;
}

// Nothing happens to an environment on a hart that the last RUN there did not name.
static void switches_check(void)
{
    env_t runs[HARTS_MAX] = {0};
    word_t wrong = 0, previous[HARTS_MAX] = {0};
    for (word_t i = 0; i < record_count; i++) {
        word_t hart = record_hart[i];
        enum trace_kind kind = records[i].what & 255;
        CHECK(records[i].time >= previous[hart]);
        previous[hart] = records[i].time;
        if (kind == TRACE_RUN)
            runs[hart] = records[i].env;
        else if (is_own(kind) && runs[hart] != 0 && runs[hart] != records[i].env)
            wrong++;
    }
    CHECK_EQUAL(wrong, 0);
}

static void records_take(struct rings *rings)
{
    rings_stop(rings);
    while (record_count < sizeof(records) / sizeof(records[0]) && rings_next(rings, &records[record_count], &record_hart[record_count]))
        record_count++;
    CHECK_EQUAL(rings->lost, 0);
}

static void partner_check(void)
{
    struct rings rings;
    struct child child;
    const char *argv[] = {"test_events", "partner"};
    const char *why = child_build(&child, &(struct child_options){.program = "test_events", .argc = 2, .argv = argv});
    CHECK(why == NULL);
    why = rings_open(&rings, PAGES);
    if (why != NULL)
        fprintf(stderr, "%s\n", why);
    CHECK(why == NULL);
    if (why != NULL)
        return;
    CHECK(child_start(&child) == NULL);
    int status = child_wait(&child);
    records_take(&rings);
    rings_close(&rings);
    CHECK_EQUAL(status, 0);

    switches_check();
    CHECK_EQUAL(count_of(child.env, TRACE_CALL, (CALL_slice_yield - CALL_BASE) & 255), YIELDS);
    CHECK_EQUAL(count_of(child.env, TRACE_CALL, (CALL_slice_wait - CALL_BASE) & 255), WAITS + count_of(child.env, TRACE_RETURN, ERR_PENDING));
    CHECK_EQUAL(count_of(child.env, TRACE_CALL, (CALL_env_exit - CALL_BASE) & 255), 1);
    // It is on a hart as often as it leaves one: for each yield and wait, for calls to others, at the end of slices.
    word_t runs = count_kind(child.env, TRACE_RUN), leaves = count_kind(child.env, TRACE_LEAVE);
    CHECK(leaves >= YIELDS + WAITS + 1);
    CHECK(runs >= leaves);
    CHECK_EQUAL(count_kind(child.env, TRACE_BLOCK), WAITS);
    CHECK(count_of(self(), TRACE_POST, EVENT_CHILD) >= 1);
    child_reap(&child);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "partner") == 0)
        return partner();
    partner_check();
    return guest_end();
}
