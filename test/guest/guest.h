// SPDX-License-Identifier: BSD-2-Clause
/*
 * Checks for programs that test the system from inside. A failed check is said on the error output and
 * remembered; the program goes on, and its status says whether all held.
 */
#ifndef GUEST_H
#define GUEST_H

#include <rivet.h>
#include <stdio.h>
#include <string.h>

static int guest_failures;

#define CHECK(what)                                                                                          \
    do {                                                                                                     \
        if (!(what)) {                                                                                       \
            guest_failures++;                                                                                \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE_NAME__, __LINE__, #what);                          \
        }                                                                                                    \
    } while (0)

#define CHECK_EQUAL(is, should)                                                                              \
    do {                                                                                                     \
        word_t is_ = (word_t)(is), should_ = (word_t)(should);                                               \
        if (is_ != should_) {                                                                                \
            guest_failures++;                                                                                \
            fprintf(stderr, "%s:%d: %s is %ld (0x%lx), not %ld\n", __FILE_NAME__, __LINE__, #is, (long)is_,  \
                    (long)is_, (long)should_);                                                               \
        }                                                                                                    \
    } while (0)

#define CHECK_TEXT(is, should)                                                                               \
    do {                                                                                                     \
        if (strcmp(is, should) != 0) {                                                                       \
            guest_failures++;                                                                                \
            fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE_NAME__, __LINE__, #is, is, should);  \
        }                                                                                                    \
    } while (0)

// What main returns.
static inline int guest_end(void)
{
    return guest_failures == 0 ? 0 : 1;
}

// Let time pass without giving the hart up.
static inline void time_pass_us(word_t us)
{
    for (word_t end = time_now() + time_from_us(us); time_now() < end;)
        continue;
}

#endif
