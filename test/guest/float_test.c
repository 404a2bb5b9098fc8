// SPDX-License-Identifier: BSD-2-Clause
/*
 * Floating point without asking for it: the first instruction turns it on, and values live across slices
 * in which the kernel runs somebody else, and across a switch of threads that compute with other values.
 */
#include "guest.h"
#include <math.h>
#include <stdio.h>

static word_t thread_sum(word_t argument)
{
    double sum = 0;

    for (int i = 1; i <= 20000; i++) {
        sum += sqrt((double)i) * (double)argument;
        if (i % 1000 == 0)
            thread_yield();
    }
    return (word_t)sum;
}

int main(void)
{
    volatile double two = 2;
    char text[32];

    CHECK(sqrt(two) > 1.41421 && sqrt(two) < 1.41422);
    snprintf(text, sizeof(text), "%.6f", sqrt(two));
    CHECK_TEXT(text, "1.414214");

    double kept = two / 3;
    for (int i = 0; i < 10; i++) {
        sys_slice_yield();
        time_pass_us(15000); // longer than a slice
    }
    CHECK(kept == two / 3);

    struct thread *one = thread_create(thread_sum, 1), *three = thread_create(thread_sum, 3);
    CHECK(one && three);
    CHECK(kept == two / 3);
    word_t sum = thread_join(one), triple = thread_join(three);
    CHECK(sum == 1885688); // 2/3 n^1.5 + ..., computed elsewhere
    CHECK(triple / 3 == sum);
    CHECK(kept == two / 3);
    return guest_end();
}
