// SPDX-License-Identifier: BSD-2-Clause
// Never ends and never yields, so that there is something to stop. With the argument `dots` it prints
// one each second.
#include <rivet.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    bool dots = argc > 1 && strcmp(argv[1], "dots") == 0;

    if (argc > 1 && !dots) {
        fprintf(stderr, "spin: the only argument is `dots`\n");
        return 2;
    }
    for (word_t next = time_now();;) {
        if (!dots || time_now() < next)
            continue;
        putchar('.');
        fflush(stdout);
        next += machine()->timebase_hz;
    }
}
