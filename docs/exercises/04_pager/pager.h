// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 4. A pager as libos/vm/pager.h describes it: it has the contents of pages that are away. Many pages are
 * the same word from the beginning to the end (zeros, most of all), and need no page to be remembered. All others are
 * kept in the store, which is small, and when it is full a page that was written has to stay where it is.
 */
#ifndef EXERCISE_PAGER_H
#define EXERCISE_PAGER_H

#include <libos/vm/pager.h>
#include <rivet/layout.h>
#include <rivet/types.h>

#define PAGER_PAGES 64 // a region of this pager has at most so many
#define STORE_PAGES 8
#define PAGE_WORDS  (PAGE_SIZE / sizeof(word_t))

extern word_t store[STORE_PAGES][PAGE_WORDS]; // the check's, which looks at nothing in it

extern const struct pager_ops pager_yours;

#endif
