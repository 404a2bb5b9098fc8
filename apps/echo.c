// SPDX-License-Identifier: BSD-2-Clause
// Prints its arguments, a blank between them.
#include <stdio.h>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        printf("%s%s", argv[i], i + 1 < argc ? " " : "");
    printf("\n");
    return 0;
}
