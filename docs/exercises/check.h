// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the checks of the exercises share. A check says one line for each thing that it looks at: `yes`, or `NO` with
 * what was expected and what was seen. It goes on after a NO, unless what follows would make no sense; it returns
 * check_end() from main. Whoever ends otherwise, by exit or by a crash, has not solved anything: the harness wants
 * one of these two statuses.
 */
#ifndef EXERCISES_CHECK_H
#define EXERCISES_CHECK_H

#include <rivet.h>

#define CHECK_SOLVED   64
#define CHECK_UNSOLVED 65

// Whether it holds; `what` is a sentence about what should be, as for printf.
bool check(bool holds, const char *what, ...) __attribute__((format(printf, 2, 3)));
bool check_equal(word_t seen, word_t expected, const char *what, ...) __attribute__((format(printf, 3, 4)));
bool check_at_most(word_t seen, word_t most, const char *what, ...) __attribute__((format(printf, 3, 4)));

// A line that only tells something.
void check_note(const char *what, ...) __attribute__((format(printf, 1, 2)));

// What main returns. A check that has looked at nothing has failed.
int check_end(void);

static inline word_t instructions_now(void)
{
    word_t count;
    __asm__ volatile("rdinstret %0" : "=r"(count));
    return count;
}

#endif
