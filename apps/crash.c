// SPDX-License-Identifier: BSD-2-Clause
// Crashes in the way its argument says, so that crash reports can be looked at.
#include <stdio.h>
#include <string.h>

static volatile int zero;

__attribute__((noinline)) static void crash_null(void)
{
    *(volatile int *)(long)zero = 1;
}

__attribute__((noinline)) static void crash_break(void)
{
    __asm__ volatile("ebreak");
}

__attribute__((noinline)) static void crash_illegal(void)
{
    __asm__ volatile("unimp");
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winfinite-recursion"
__attribute__((noinline)) static int crash_stack(int depth)
{
    volatile char page[1024];

    page[0] = (char)depth;
    return crash_stack(depth + 1) + page[0];
}
#pragma GCC diagnostic pop

__attribute__((noinline)) static void crash_jump(void)
{
    void (*volatile nowhere)(void) = (void (*)(void))0x123450;
    nowhere();
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "null";

    if (strcmp(how, "null") == 0)
        crash_null();
    else if (strcmp(how, "break") == 0)
        crash_break();
    else if (strcmp(how, "illegal") == 0)
        crash_illegal();
    else if (strcmp(how, "stack") == 0)
        zero = crash_stack(0);
    else if (strcmp(how, "jump") == 0)
        crash_jump();
    fprintf(stderr, "crash: it knows null, break, illegal, stack and jump\n");
    return 2;
}
