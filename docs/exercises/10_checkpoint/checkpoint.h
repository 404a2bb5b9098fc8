// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 10. What was in these pages at that moment, while the program goes on writing to them: a concurrent
 * checkpoint, one of the uses of protection that Appel and Li collected (Virtual memory primitives for user programs,
 * ASPLOS 1991). At the moment itself nothing is copied; a page is, when it is written for the first time afterwards.
 *
 *     checkpoint_begin(first, pages)   the moment. Pages of the heap that are there; `first` is where a page begins
 *     ... the program goes on; it reads and writes them as before ...
 *     checkpoint_page(i)               what page i had in it at the moment: 512 words
 *     checkpoint_end()                 the pages are as if there had been no checkpoint; another one may begin
 *
 * The copies go to checkpoint_room, whose pages are there already. The cost is counted: see the page.
 */
#ifndef EXERCISE_CHECKPOINT_H
#define EXERCISE_CHECKPOINT_H

#include <libos/vm/vm.h>

#define CHECKPOINT_PAGES 128
#define PAGE_WORDS       (PAGE_SIZE / sizeof(word_t))

extern word_t checkpoint_room[CHECKPOINT_PAGES][PAGE_WORDS];

void checkpoint_begin(word_t first, size_t pages);
const word_t *checkpoint_page(size_t index);
void checkpoint_end(void);

#endif
