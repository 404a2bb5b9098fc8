// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 4: the pager is asked directly first, as a region asks it. Then a region of 64 pages lives on 8 frames, and
 * on what the pager keeps.
 */
#include "../check.h"

#include "pager.h"

#include <string.h>

#define FRAMES 8

word_t store[STORE_PAGES][PAGE_WORDS];

static struct pager *pager;
static word_t page[PAGE_WORDS];

static void page_make(word_t first, word_t rest)
{
    for (size_t i = 0; i < PAGE_WORDS; i++)
        page[i] = rest;
    page[PAGE_WORDS / 2] = first;
}

static long out(size_t index, word_t odd, word_t rest)
{
    page_make(odd, rest);
    return pager->ops->out(pager, index, page);
}

// What comes in, into a page that is full of something else, or into one of zeros.
static bool comes(size_t index, word_t odd, word_t rest, bool clear)
{
    static word_t wanted[PAGE_WORDS];

    page_make(odd, rest);
    memcpy(wanted, page, sizeof(wanted));
    memset(page, clear ? 0 : 0x5a, sizeof(page));
    return pager->ops->in(pager, index, page, clear) == ERR_OK && memcmp(page, wanted, sizeof(page)) == 0;
}

static void open_anew(void)
{
    const char *why = "";

    pager = pager_yours.open(NULL, PAGER_PAGES, &why);
    if (!pager) {
        check(false, "it opens: %s", why);
        return;
    }
    pager->ops = &pager_yours;
}

static void uniform_check(void)
{
    bool right = true;

    check(comes(5, 0, 0, false) && comes(6, 0, 0, true), "a page that never went out comes as zeros");
    for (size_t i = 0; i < PAGER_PAGES; i++)
        right &= out(i, i * 1000, i * 1000) == ERR_OK;
    check(right, "%d pages of which each is the same word throughout go out", PAGER_PAGES);
    for (size_t i = 0; i < PAGER_PAGES; i++)
        right &= comes(i, i * 1000, i * 1000, i % 2);
    check(right, "... and come in");
}

static void store_check(void)
{
    bool right = true;

    for (size_t i = 0; i < STORE_PAGES; i++)
        right &= out(i, i + 1, 0) == ERR_OK;
    check(right, "%d pages that are not the same word throughout go out", STORE_PAGES);
    check_equal((word_t)out(20, 1, 0), ERR_BUSY, "one more is refused: its answer");
    check(comes(20, 20000, 20000, false), "the page that was refused is with the pager what it was before");
    for (size_t i = 0; i < STORE_PAGES; i++)
        right &= comes(i, i + 1, 0, i % 2);
    check(right, "the others come in");
    for (word_t again = 0; again < 100; again++)
        right &= out(3, again, again + 1) == ERR_OK;
    check(right && comes(3, 99, 100, false), "a page that goes out a hundred times has one place");
    check(out(4, 7, 7) == ERR_OK && out(20, 1, 0) == ERR_OK && comes(20, 1, 0, true),
          "a page that is the same word throughout now gives its place to others");
    pager->ops->forget(pager, 5);
    pager->ops->forget(pager, 30); // one that has none
    check(out(21, 1, 2) == ERR_OK && comes(21, 1, 2, false), "so does one that is forgotten");
    check_equal((word_t)out(22, 1, 2), ERR_BUSY, "then it is full again: the answer");
    check(comes(3, 99, 100, true) && comes(6, 7, 0, false) && comes(4, 7, 7, true),
          "and the others have what they had");
    open_anew();
    check(comes(3, 0, 0, false) && out(22, 1, 2) == ERR_OK, "opened anew it knows nothing, and has room");
    open_anew();
}

static volatile word_t *word_of(struct region *region, size_t index, size_t word)
{
    return (word_t *)region_base(region) + index * PAGE_WORDS + word;
}

static void region_check(void)
{
    const char *why = "";
    word_t wrong = 0;
    struct region *region = region_create(
        &(struct region_options){
            .pages = PAGER_PAGES, .pager = &pager_yours, .policy = &replace_lru, .limit = FRAMES},
        &why);

    if (!check(region, "a region of %d pages on %d frames%s%s", PAGER_PAGES, FRAMES, region ? "" : ": ",
               region ? "" : why))
        return;
    for (size_t i = 0; i < PAGER_PAGES; i++)
        for (size_t word = 0; word < PAGE_WORDS; word++)
            *word_of(region, i, word) = i + 1;
    check_at_most(region_counts(region).resident, FRAMES, "pages that are there, when each was filled with one word");
    for (size_t i = 0; i < STORE_PAGES; i++)
        *word_of(region, i * 7, 100) = ~i;
    for (size_t i = 0; i < PAGER_PAGES; i++)
        for (size_t word = 0; word < PAGE_WORDS; word += 100)
            wrong += *word_of(region, i, word) != (word == 100 && i % 7 == 0 && i / 7 < STORE_PAGES ? ~(i / 7) : i + 1);
    check_equal(wrong, 0, "words that are wrong, with %d pages in the store", STORE_PAGES);
    check_at_most(region_counts(region).resident, FRAMES, "pages that are there");
    check_note("%zu pages came in, %zu went out", region_counts(region).faults, region_counts(region).written);
    region_destroy(region);
}

int main(void)
{
    open_anew();
    if (pager) {
        uniform_check();
        store_check();
        region_check();
    }
    return check_end();
}
