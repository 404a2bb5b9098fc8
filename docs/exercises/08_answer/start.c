// SPDX-License-Identifier: BSD-2-Clause
// Exercise 8: answering who asks for frames. Pages of the cache appear; that they go again is YOURS.
#include "answer.h"

// A page of the range was touched and is not there: it gets a frame and is computed. Upcalls are held.
static bool cache_fault(word_t address, word_t need, struct trap_frame *frame)
{
    word_t page = address & ~(PAGE_SIZE - 1ul);
    page_t fresh = vm_find(page).page ? FRAME_NONE : vm_frame(true);

    if (fresh == FRAME_NONE)
        return false;
    if (vm_map(page, fresh, RIGHT_READ | RIGHT_WRITE) != ERR_OK) {
        frame_free(fresh);
        return false;
    }
    cache_compute((page - CACHE_FIRST) / PAGE_SIZE, (word_t *)page);
    return true;
}

/*
 * YOURS. Somebody asks: request->left frames before request->deadline, for request->by. Give pages of the cache:
 * first those that were not used since cache_age, then the others; and what is missing then, as the library would
 * (revoke_answer). This runs between any two instructions of the program.
 */
static void answer(const struct revoke_request *request)
{
    revoke_answer(request);
}

static const struct revoke_ops ops = {.answer = answer};

void cache_begin(void)
{
    vm_handle(CACHE_FIRST, CACHE_SIZE, cache_fault);
    revoke_handle(&ops);
}

// YOURS: all pages of the cache that are there are old now.
void cache_age(void)
{
}
