// SPDX-License-Identifier: BSD-2-Clause
/*
 * A program outside of Rivet's tree: ordinary C, and below it the machine. It greets, says which environment it is and how
 * many frames are its own, and touches memory that did not exist before: its library maps it, without the kernel's
 * knowing why.
 */
#include <rivet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    size_t before = frame_count_free();
    const size_t size = 1 << 20;
    char *memory = malloc(size);

    if (!memory) {
        fprintf(stderr, "greet: there is no memory\n");
        return 1;
    }
    memset(memory, 1, size);
    printf("Hello, %s, from environment %lx\n", argc > 1 ? argv[1] : "whoever you are", (unsigned long)self());
    printf("%zu frames were mine; %zu KiB more are mapped now\n", before, (before - frame_count_free()) * 4);
    free(memory);
    return argc > 1 ? 0 : 2;
}
