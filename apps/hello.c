// SPDX-License-Identifier: BSD-2-Clause
// An ordinary C program.
#include <stdio.h>

int main(void)
{
    printf("Hello from Rivet\n");
    return 0;
}
