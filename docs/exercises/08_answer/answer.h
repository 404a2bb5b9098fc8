// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 8. A program that keeps results which it could compute again: a cache of pages, in a range of addresses of
 * its own. A page of the cache appears when it is touched. When somebody asks this program for frames, pages of the
 * cache are what it can best do without.
 *
 *     cache_begin()     once: from now on the pages of the range appear when they are touched, and requests are
 * answered cache_age()       what was used so far is old now
 *
 * What page i holds is cache_compute(i, words); the check counts how often that is asked.
 */
#ifndef EXERCISE_ANSWER_H
#define EXERCISE_ANSWER_H

#include <libos/vm/frame.h>
#include <libos/vm/revoke.h>
#include <libos/vm/vm.h>

#define CACHE_FIRST 0x3200000000ul // where the range begins; nothing else of the program is there
#define CACHE_PAGES 64
#define CACHE_SIZE  (CACHE_PAGES * PAGE_SIZE)

void cache_compute(size_t page, word_t *words);

void cache_begin(void);
void cache_age(void);

#endif
