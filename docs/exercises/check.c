// SPDX-License-Identifier: BSD-2-Clause
// The lines of a check, and what its status is; see check.h.
#include "check.h"

#include <stdarg.h>
#include <stdio.h>

static int looked, failed;

static bool line(bool holds, const char *what, va_list arguments)
{
    looked++;
    failed += !holds;
    printf("  %s  ", holds ? "yes" : "NO ");
    vprintf(what, arguments);
    return holds;
}

bool check(bool holds, const char *what, ...)
{
    va_list arguments;

    va_start(arguments, what);
    line(holds, what, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
    return holds;
}

bool check_equal(word_t seen, word_t expected, const char *what, ...)
{
    va_list arguments;
    bool holds = seen == expected;

    va_start(arguments, what);
    line(holds, what, arguments);
    va_end(arguments);
    printf(holds ? ": %ld\n" : ": %ld seen, %ld expected\n", (long)seen, (long)expected);
    fflush(stdout);
    return holds;
}

bool check_at_most(word_t seen, word_t most, const char *what, ...)
{
    va_list arguments;
    bool holds = seen <= most;

    va_start(arguments, what);
    line(holds, what, arguments);
    va_end(arguments);
    printf(": %lu seen, at most %lu expected\n", (unsigned long)seen, (unsigned long)most);
    fflush(stdout);
    return holds;
}

void check_note(const char *what, ...)
{
    va_list arguments;

    printf("       ");
    va_start(arguments, what);
    vprintf(what, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
}

int check_end(void)
{
    fflush(stdout);
    return looked > 0 && failed == 0 ? CHECK_SOLVED : CHECK_UNSOLVED;
}
