// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 10: is each page what it was, whatever was written since; and what do the moment, the first store to a
 * page and the second one cost? Every instruction counts, the kernel's, the library's and yours.
 */
#include "../check.h"

#include "checkpoint.h"

#include <stdlib.h>

#define WRITTEN    40    // pages that are written behind the moment
#define BEGIN_MOST 5000  // instructions, for all pages
#define FIRST_MOST 1900  // for the first store to a page: copying it in words takes some 1,200 of them
#define END_MOST   5000

word_t checkpoint_room[CHECKPOINT_PAGES][PAGE_WORDS];

static volatile word_t *words; // of the pages, by number
static word_t begin_cost, first_cost, second_cost, end_cost;

static word_t word_of(size_t page, size_t word, word_t round)
{
    return round << 40 | page << 20 | word;
}

static void fill(word_t round)
{
    for (size_t page = 0; page < CHECKPOINT_PAGES; page++)
        for (size_t word = 0; word < PAGE_WORDS; word++)
            words[page * PAGE_WORDS + word] = word_of(page, word, round);
}

static size_t page_chosen(size_t number)
{
    return number * 37 % CHECKPOINT_PAGES;
}

static word_t store_cost(size_t page, size_t word, word_t value)
{
    word_t begin = instructions_now();

    words[page * PAGE_WORDS + word] = value;
    return instructions_now() - begin;
}

// Words that are not what they were at the moment.
static size_t wrong_words(word_t round)
{
    size_t wrong = 0;

    for (size_t page = 0; page < CHECKPOINT_PAGES; page++) {
        const word_t *was = checkpoint_page(page);
        for (size_t word = 0; word < PAGE_WORDS; word++)
            wrong += was[word] != word_of(page, word, round);
    }
    return wrong;
}

// ... and those that the program does not find as it left them.
static size_t lost_words(word_t round)
{
    size_t wrong = 0;

    for (size_t i = 0; i < CHECKPOINT_PAGES; i++)
        wrong += words[page_chosen(i) * PAGE_WORDS + 7] !=
                 (i < WRITTEN ? ~word_of(page_chosen(i), 7, round) : word_of(page_chosen(i), 7, round));
    return wrong;
}

static word_t least(word_t one, word_t other)
{
    return one < other ? one : other;
}

static void round_check(word_t round)
{
    fill(round);
    word_t begin = instructions_now();
    checkpoint_begin((word_t)words, CHECKPOINT_PAGES);
    begin_cost = least(begin_cost, instructions_now() - begin);
    for (size_t i = 0; i < WRITTEN; i++) {
        first_cost = least(first_cost, store_cost(page_chosen(i), 7, ~word_of(page_chosen(i), 7, round)));
        second_cost = least(second_cost, store_cost(page_chosen(i), 8, 0));
    }
    check_equal(wrong_words(round), 0, "checkpoint %lu: words that are not what they were, with %d of %d pages written",
                (unsigned long)round, WRITTEN, CHECKPOINT_PAGES);
    check_equal(lost_words(round), 0, "words that the program does not find as it wrote them");
    begin = instructions_now();
    checkpoint_end();
    end_cost = least(end_cost, instructions_now() - begin);
}

int main(void)
{
    char *memory = malloc((CHECKPOINT_PAGES + 2) * PAGE_SIZE);

    if (!check(memory, "there is memory"))
        return check_end();
    for (size_t i = 0; i < CHECKPOINT_PAGES; i++)
        checkpoint_room[i][0] = 1;
    words = (word_t *)(((word_t)memory + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ul));
    begin_cost = first_cost = second_cost = end_cost = ~0ul;
    for (word_t round = 1; round <= 3; round++)
        round_check(round);
    check_at_most(begin_cost, BEGIN_MOST, "instructions of checkpoint_begin for %d pages", CHECKPOINT_PAGES);
    check_at_most(first_cost, FIRST_MOST, "instructions of the first store to a page");
    check_at_most(second_cost, 10, "instructions of the second one");
    check_at_most(end_cost, END_MOST, "instructions of checkpoint_end");
    volatile word_t *beside = words + CHECKPOINT_PAGES * PAGE_WORDS; // its heap goes on
    beside[5] = 1;
    check(beside[5] == 1, "memory beside it appears as it always did");
    return check_end();
}
