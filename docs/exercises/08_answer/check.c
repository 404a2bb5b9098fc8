// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 8: a copy of this program has the cache, this one asks for frames. Twice while the copy waits, and then
 * again and again while it reads its cache. The deadline of the first request is the one that the exokernel paper
 * gives as an example: 50 microseconds, which are as many thousand instructions here.
 */
#include "../check.h"

#include "answer.h"

#include <stdlib.h>

#define SLOT_VICTIM SLOT_FREE
#define READY       (1ul << 40)
#define GO_ON       (1ul << 41)
#define HOT         16 // pages that are used behind cache_age
#define FIRST       20 // frames of the first request
#define MORE        60 // ... of the second, which are more than the cache has then
#define EACH        4  // ... of each that comes while the copy works
#define TIMES       10
#define QUICK_US    50
#define LONG_US     5000
#define PATIENCE_US 200000
#define PRECIOUS    (20 * PAGE_SIZE)
#define WORDS       (PAGE_SIZE / sizeof(word_t))

static size_t computed[CACHE_PAGES];

static word_t word_of(size_t page, size_t word)
{
    return (page + 1) * 1000003 + word;
}

void cache_compute(size_t page, word_t *words)
{
    for (size_t i = 0; i < WORDS; i++)
        words[i] = word_of(page, i);
    computed[page]++;
}

static word_t soon(word_t us)
{
    return time_now() + time_from_us(us);
}

// The copy

static size_t wrong; // words

static void look(size_t page)
{
    const volatile word_t *words = (const volatile word_t *)(CACHE_FIRST + page * PAGE_SIZE);

    for (size_t i = 0; i < WORDS; i += 50)
        wrong += words[i] != word_of(page, i);
}

// The pages that are used behind cache_age: some among the first, some among the last.
static size_t hot_page(size_t i)
{
    return i * 5 % CACHE_PAGES;
}

// How often pages were computed in all.
static size_t computed_all(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < CACHE_PAGES; i++)
        sum += computed[i];
    return sum;
}

static void look_hot(void)
{
    for (size_t i = 0; i < HOT; i++)
        look(hot_page(i));
}

static bool pause(word_t us)
{
    sys_env_notify(SLOT_PARENT, READY);
    return events_wait(GO_ON, soon(us)) == GO_ON;
}

static unsigned char *precious_make(void)
{
    unsigned char *precious = malloc(PRECIOUS);

    for (size_t i = 0; i < PRECIOUS; i += 64)
        precious[i] = (unsigned char)(i >> 6);
    return precious;
}

static void precious_check(const unsigned char *precious)
{
    size_t lost = 0;

    for (size_t i = 0; i < PRECIOUS; i += 64)
        lost += precious[i] != (unsigned char)(i >> 6);
    check_equal(lost, 0, "bytes of other memory that were lost");
}

// Until it is told to end, while it is asked again and again.
static void work(void)
{
    for (size_t i = 0; !events_take(GO_ON); i++) {
        look(i * 7 % CACHE_PAGES);
        if (i == 0)
            sys_env_notify(SLOT_PARENT, READY);
    }
    check_equal(wrong, 0, "words of the cache that were wrong");
}

static int copy(void)
{
    const unsigned char *precious = precious_make();

    cache_begin();
    for (size_t i = 0; i < CACHE_PAGES; i++)
        look(i);
    check_equal(computed_all(), CACHE_PAGES, "pages that were computed when each was touched");
    cache_age();
    look_hot();
    if (!pause(PATIENCE_US))
        return CHECK_UNSOLVED;
    look_hot();
    check_equal(computed_all(), CACHE_PAGES,
                "pages computed, when those that were used last are used again after the first request");
    for (size_t i = 0; i < CACHE_PAGES; i++)
        look(i);
    check_equal(computed_all() - CACHE_PAGES, FIRST, "pages that have to be computed again when all are used");
    pause(PATIENCE_US);
    work();
    precious_check(precious);
    return check_end();
}

// Who asks

static size_t frames_came(int kind)
{
    size_t count = 0;

    for (page_t i = 0; i < machine()->ram_count; i++) {
        const volatile struct frame *frame = frame_entry(machine()->ram_first + i);
        count += frame->owner == self() && frame->kind == kind;
    }
    return count;
}

/*
 * Asks, and lets time pass until the deadline. True: everything came. Then the request does not stand any more, and
 * withdrawing it is refused.
 */
static bool ask_for(size_t count, word_t deadline)
{
    sys_revoke_request(SLOT_VICTIM, REVOKE_FRAMES, count, deadline);
    while (time_now() < deadline)
        sys_slice_yield();
    return sys_revoke_request(SLOT_VICTIM, REVOKE_FRAMES, 0, 0).error == ERR_STATE;
}

static void request(size_t count, word_t us, const char *what)
{
    size_t free = frames_came(PAGE_FREE), data = frames_came(PAGE_DATA);

    check(ask_for(count, soon(us)), "%s: %zu frames came within %lu us", what, count, (unsigned long)us);
    check_equal(frames_came(PAGE_FREE) - free, count, "  free frames that came");
    check_equal(frames_came(PAGE_DATA) - data, 0, "  frames that came with what was in them");
}

static bool wait_ready(void)
{
    return check(events_wait(READY, soon(PATIENCE_US)) == READY, "the copy goes on");
}

static void ask(void)
{
    bool answered = true;

    if (!wait_ready())
        return;
    request(FIRST, QUICK_US, "a request for a part of the cache");
    sys_env_notify(SLOT_VICTIM, GO_ON);
    if (!wait_ready())
        return;
    request(MORE + FIRST, LONG_US, "a request for more than the cache");
    sys_env_notify(SLOT_VICTIM, GO_ON);
    if (!wait_ready())
        return;
    for (size_t i = 0; i < TIMES && answered; i++) {
        events_wait(0, soon(137 + 91 * i)); // the copy works
        answered = ask_for(EACH, soon(LONG_US));
    }
    check(answered, "%d requests for %d frames each, while it reads its cache", TIMES, EACH);
}

int main(void)
{
    struct child child;
    const char *why = NULL;
    int status = 0;
    env_t env = vm_duplicate(&child, &(struct child_options){.frames = 400, .slices = 4}, &why);

    if (env == 0 && !why)
        return copy();
    if (!check(env != 0, "a copy of this program has the cache%s%s", env ? "" : ": ", env ? "" : why))
        return check_end();
    sys_cap_mint(SLOT_VICTIM, env, RIGHT_REVOKE | RIGHT_NOTIFY);
    ask();
    sys_env_notify(SLOT_VICTIM, GO_ON);
    for (word_t until = soon(PATIENCE_US); !child_ended(&child, &status) && time_now() < until;)
        events_wait(EVENT_BIT(CHILD), soon(1000));
    check(child_ended(&child, &status) && status == CHECK_SOLVED, "the copy found nothing wrong");
    child_kill(&child);
    child_reap(&child);
    return check_end();
}
