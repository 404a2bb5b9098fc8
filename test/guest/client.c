// SPDX-License-Identifier: BSD-2-Clause
// Clients of the console, and a program that dies badly, for the shell's test: the argument says which.
#include <rivet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_LINES 100000

// Writes as fast as it can and never stops.
static _Noreturn void flood(void)
{
    for (;;)
        (void)console_write(CONSOLE_OUT, "flood\n", 6);
}

// Many lines, for somebody who reads slowly.
static int count(void)
{
    for (int i = 0; i < COUNT_LINES; i++)
        printf("%d\n", i);
    return 0;
}

// Deals with Ctrl-C itself.
static int catch(void)
{
    if (console_open(true) != ERR_OK)
        return 1;
    printf("waiting\n");
    (void)events_wait(EVENT_CONSOLE_INTERRUPT, 0);
    printf("caught\n");
    return 3;
}

// Asks for Ctrl-C and does not care.
static _Noreturn void deaf(void)
{
    (void)console_open(true);
    printf("waiting\n");
    for (;;)
        (void)sys_slice_wait(0, 0);
}

// Says which bytes come, up to a `q`.
static int keys(enum console_mode mode)
{
    uint8_t bytes[CONSOLE_READ_MAX];

    if (mode == CONSOLE_RAW && console_mode(mode) != ERR_OK)
        return 1;
    printf("reading\n");
    for (;;) {
        sysret_t got = console_read(bytes, sizeof(bytes));
        if (got.error != ERR_OK)
            return 1;
        for (size_t i = 0; i < got.value; i++) {
            printf("[%02x]", bytes[i]);
            if (bytes[i] == 'q') {
                printf("\n");
                return 0;
            }
        }
        fflush(stdout);
    }
}

// Faults with its exception slot closed, so that it cannot report it.
static int mute(void)
{
    SAVE_WORD(SAVE_X_HANDLER) = 0;
    register word_t marker __asm__("s11") = 0x5eed;
    __asm__ volatile("sd zero, 8(zero)" : : "r"(marker) : "memory");
    return 0;
}

// Fills so many MiB of heap, far more than a program is given at first, and looks whether all of it is there.
static int eat(size_t mib)
{
    size_t count = mib * (1ul << 20) / sizeof(word_t);
    word_t *words = malloc(count * sizeof(word_t));
    size_t wrong = 0;

    if (words == NULL)
        return 1;
    for (size_t i = 0; i < count; i++)
        words[i] = i * 3;
    for (size_t i = 0; i < count; i++)
        wrong += words[i] != i * 3;
    printf("ate %zu MiB, %zu words are wrong\n", mib, wrong);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (strcmp(what, "flood") == 0)
        flood();
    if (strcmp(what, "count") == 0)
        return count();
    if (strcmp(what, "catch") == 0)
        return catch();
    if (strcmp(what, "deaf") == 0)
        deaf();
    if (strcmp(what, "keys") == 0)
        return keys(CONSOLE_COOKED);
    if (strcmp(what, "raw") == 0)
        return keys(CONSOLE_RAW);
    if (strcmp(what, "mute") == 0)
        return mute();
    if (strcmp(what, "eat") == 0)
        return eat(strtoul(argv[2], NULL, 10));
    fprintf(stderr, "test_client: it knows flood, count, catch, deaf, keys, raw, mute and eat\n");
    return 2;
}
