// SPDX-License-Identifier: BSD-2-Clause
/*
 * The replacement policies of libos/vm on recorded reference strings, whose faults are known: from the literature, and
 * from the plainest possible models of the same policies, which look at the whole past (or future) of the string.
 */
#include <libos/vm/replace.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define PAGES 32
#define LONG  600

struct page {
    struct replace_page replace; // first
    bool resident;
    bool used;
};

static struct page pages[PAGES];
static struct replace_set set;
static size_t asked; // how often a policy asked whether a page was used

static bool page_used(struct replace_set *of, struct replace_page *replace)
{
    struct page *page = (struct page *)replace;
    bool used = page->used;

    assert_ptr_equal(of, &set);
    asked++;
    page->used = false;
    return used;
}

// When the page of string[at] is touched again, counted from 1; REPLACE_NEVER when it is not.
static uint64_t next_use(const char *string, size_t at)
{
    const char *next = strchr(string + at + 1, string[at]);
    return next ? (uint64_t)(next - string) + 1 : REPLACE_NEVER;
}

static size_t ring_length(void)
{
    size_t length = 0;
    for (struct replace_page *page = REPLACE_FIRST(&set); page; page = replace_next(&set, page))
        length++;
    return length;
}

/*
 * Faults of a string of references (one character is one page) with so many frames. There is a tick at every
 * reference, and the policy is told when each page is needed next. `resident` receives who is there at the end.
 */
static size_t faults_of(const struct replace_ops *ops, size_t frames, const char *string, bool resident[PAGES])
{
    size_t faults = 0, there = 0;

    memset(pages, 0, sizeof(pages));
    replace_begin(&set, ops, page_used);
    for (size_t i = 0; string[i]; i++) {
        struct page *page = &pages[string[i] % PAGES];
        page->replace.told = next_use(string, i);
        if (!page->resident) {
            faults++;
            if (there == frames) {
                struct page *victim = (struct page *)ops->pick(&set);
                assert_non_null(victim);
                assert_true(victim->resident);
                victim->resident = victim->used = false;
                replace_remove(&set, &victim->replace);
                there--;
            }
            page->resident = true;
            replace_add(&set, &page->replace);
            there++;
        }
        assert_int_equal(ring_length(), there);
        page->used = true;
        if (ops->tick)
            ops->tick(&set);
    }
    for (size_t i = 0; resident && i < PAGES; i++)
        resident[i] = pages[i].resident;
    return faults;
}

// The same by a model: evict the page whose last use (or next one, or arrival) is the most extreme.
enum model { MODEL_FIFO, MODEL_LRU, MODEL_MRU, MODEL_OPTIMAL };

static size_t faults_model(enum model model, size_t frames, const char *string)
{
    bool there[PAGES] = {false};
    uint64_t came[PAGES] = {0}, last[PAGES] = {0}, next[PAGES] = {0};
    size_t faults = 0, count = 0;

    for (size_t i = 0; string[i]; i++) {
        size_t page = string[i] % PAGES;
        if (!there[page]) {
            faults++;
            if (count == frames) {
                size_t victim = PAGES;
                for (size_t p = 0; p < PAGES; p++) {
                    if (!there[p])
                        continue;
                    uint64_t a = model == MODEL_FIFO  ? ~came[p]
                                 : model == MODEL_LRU ? ~last[p]
                                 : model == MODEL_MRU ? last[p]
                                                      : next[p];
                    uint64_t b = victim == PAGES      ? 0
                                 : model == MODEL_FIFO ? ~came[victim]
                                 : model == MODEL_LRU  ? ~last[victim]
                                 : model == MODEL_MRU  ? last[victim]
                                                       : next[victim];
                    if (victim == PAGES || a > b || (a == b && came[p] < came[victim]))
                        victim = p;
                }
                there[victim] = false;
                count--;
            }
            there[page] = true;
            came[page] = i + 1;
            count++;
        }
        last[page] = i + 1;
        next[page] = next_use(string, i);
    }
    return faults;
}

static void random_string(char *string, size_t length, unsigned range)
{
    for (size_t i = 0; i < length; i++)
        string[i] = (char)('@' + (size_t)random() % range); // '@' is page 0
    string[length] = 0;
}

static void test_table(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct replace_ops *const *ops = replace_table; *ops; ops++, count++) {
        assert_ptr_equal(replace_find((*ops)->name), *ops);
        assert_non_null((*ops)->pick);
        assert_true(count == 0 || strcmp(ops[-1]->name, (*ops)->name) < 0);
    }
    assert_true(count >= 5);
    assert_ptr_equal(replace_find("clock"), &replace_clock);
    assert_null(replace_find("cloc"));
    assert_null(replace_find(""));
}

// Belady, Nelson and Shedler's string: with first in, first out, a fourth frame makes it worse.
static void test_anomaly(void **state)
{
    (void)state;
    static const char string[] = "123412512345";
    assert_int_equal(faults_of(&replace_fifo, 3, string, NULL), 9);
    assert_int_equal(faults_of(&replace_fifo, 4, string, NULL), 10);
    assert_int_equal(faults_of(&replace_lru, 3, string, NULL), 10);
    assert_int_equal(faults_of(&replace_lru, 4, string, NULL), 8);
    assert_int_equal(faults_of(&replace_told, 3, string, NULL), 7);
    assert_int_equal(faults_of(&replace_told, 4, string, NULL), 6);
}

// The strings of the textbooks of Silberschatz and of Stallings, three frames.
static void test_textbooks(void **state)
{
    (void)state;
    static const char silberschatz[] = "70120304230321201701", stallings[] = "232152453252";
    assert_int_equal(faults_of(&replace_fifo, 3, silberschatz, NULL), 15);
    assert_int_equal(faults_of(&replace_lru, 3, silberschatz, NULL), 12);
    assert_int_equal(faults_of(&replace_told, 3, silberschatz, NULL), 9);
    assert_int_equal(faults_of(&replace_fifo, 3, stallings, NULL), 9);
    assert_int_equal(faults_of(&replace_lru, 3, stallings, NULL), 7);
    assert_int_equal(faults_of(&replace_clock, 3, stallings, NULL), 8);
    assert_int_equal(faults_of(&replace_told, 3, stallings, NULL), 6);
}

// Round and round through ten pages with five frames.
static void test_scan(void **state)
{
    (void)state;
    char string[101];
    for (size_t i = 0; i < 100; i++)
        string[i] = (char)('@' + i % 10);
    string[100] = 0;
    assert_int_equal(faults_of(&replace_lru, 5, string, NULL), 100); // never a hit
    assert_int_equal(faults_of(&replace_fifo, 5, string, NULL), 100);
    assert_int_equal(faults_of(&replace_clock, 5, string, NULL), 100);
    size_t best = faults_of(&replace_told, 5, string, NULL);
    assert_int_equal(faults_of(&replace_mru, 5, string, NULL), best); // nothing is better here
    assert_true(best < 65);
    // With room for all of them everybody is alike.
    for (const struct replace_ops *const *ops = replace_table; *ops; ops++)
        assert_int_equal(faults_of(*ops, 10, string, NULL), 10);
}

static void test_models(void **state)
{
    (void)state;
    static const struct {
        const struct replace_ops *ops;
        enum model model;
    } pairs[] = {{&replace_fifo, MODEL_FIFO}, {&replace_lru, MODEL_LRU}, {&replace_mru, MODEL_MRU},
                 {&replace_told, MODEL_OPTIMAL}};
    char string[LONG + 1];

    for (unsigned seed = 1; seed <= 40; seed++) {
        srandom(seed);
        random_string(string, LONG, 12);
        for (size_t frames = 1; frames <= 12; frames++)
            for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
                assert_int_equal(faults_of(pairs[i].ops, frames, string, NULL),
                                 faults_model(pairs[i].model, frames, string));
    }
}

// What a stack algorithm promises (Mattson and others 1970): more frames hold at least what fewer held.
static void test_stack_property(void **state)
{
    (void)state;
    char string[LONG + 1];

    for (unsigned seed = 1; seed <= 40; seed++) {
        srandom(seed);
        random_string(string, 1 + (size_t)random() % LONG, 12);
        bool few[PAGES], more[PAGES];
        faults_of(&replace_lru, 1, string, few);
        for (size_t frames = 2; frames <= 12; frames++) {
            faults_of(&replace_lru, frames, string, more);
            for (size_t i = 0; i < PAGES; i++)
                assert_true(!few[i] || more[i]);
            memcpy(few, more, sizeof(few));
        }
    }
}

// Nobody does better than the one who knows the future, and nobody ever fails to choose.
static void test_optimum(void **state)
{
    (void)state;
    char string[LONG + 1];

    srandom(7);
    random_string(string, LONG, 20);
    for (size_t frames = 1; frames <= 20; frames++) {
        size_t least = faults_of(&replace_told, frames, string, NULL);
        for (const struct replace_ops *const *ops = replace_table; *ops; ops++)
            assert_true(faults_of(*ops, frames, string, NULL) >= least);
    }
}

// A held page is picked by nobody; when all are held, nobody is.
static void test_held(void **state)
{
    (void)state;
    for (const struct replace_ops *const *ops = replace_table; *ops; ops++) {
        memset(pages, 0, sizeof(pages));
        replace_begin(&set, *ops, page_used);
        assert_null((*ops)->pick(&set)); // an empty set
        for (size_t i = 0; i < 4; i++) {
            pages[i].used = true;
            replace_add(&set, &pages[i].replace);
        }
        for (size_t held = 0; held < 4; held++) {
            struct replace_page *page = (*ops)->pick(&set);
            assert_non_null(page);
            assert_false(page->held);
            page->held = true;
        }
        assert_null((*ops)->pick(&set));
        for (size_t i = 4; i-- > 0;)
            replace_remove(&set, &pages[i].replace);
        assert_int_equal(ring_length(), 0);
    }
}

// The policies that ask nothing ask nothing; the clock asks once about each page that its hand passes.
static void test_asked(void **state)
{
    (void)state;
    asked = 0;
    faults_of(&replace_fifo, 3, "123412512345", NULL);
    faults_of(&replace_told, 3, "123412512345", NULL);
    assert_int_equal(asked, 0);
    faults_of(&replace_clock, 3, "1231231231234", NULL); // one round of all, and the first again
    assert_int_equal(asked, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),   cmocka_unit_test(test_anomaly), cmocka_unit_test(test_textbooks),
        cmocka_unit_test(test_scan),    cmocka_unit_test(test_models),  cmocka_unit_test(test_stack_property),
        cmocka_unit_test(test_optimum), cmocka_unit_test(test_held),    cmocka_unit_test(test_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
