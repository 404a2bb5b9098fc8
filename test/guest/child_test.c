// SPDX-License-Identifier: BSD-2-Clause
/*
 * Programs started by this one: what they print, their status, arguments as they were given, kill,
 * crash, calls and notifications between parent and child; and after each, every frame and slice is
 * back. The program is its own child: its first argument then says what to do.
 */
#include "guest.h"
#include <stdlib.h>

#define SLOT_SERVER (SLOT_FREE + 1)

static int child_arguments(int argc, char **argv)
{
    return argc == 5 && strcmp(argv[2], "") == 0 && strcmp(argv[3], "a b") == 0 && strlen(argv[4]) == 1500
               ? 0
               : 1;
}

static void serve(env_t caller, word_t message[MESSAGE_WORDS])
{
    for (int i = 1; i < MESSAGE_WORDS; i++)
        message[i] = message[i] * 2 + (word_t)i;
    message[0] = caller;
}

static _Noreturn void child_serve(void)
{
    sys_env_notify(SLOT_PARENT, 1ul << 45); // ready
    pct_serve(serve, 0, NULL);
}

static int child_main(int argc, char **argv)
{
    if (strcmp(argv[1], "arguments") == 0)
        return child_arguments(argc, argv);
    if (strcmp(argv[1], "serve") == 0)
        child_serve();
    if (strcmp(argv[1], "status") == 0)
        return 77;
    if (strcmp(argv[1], "closed") == 0) { // a fault that finds the slot closed
        SAVE_WORD(SAVE_X_HANDLER) = 0;
        __asm__ volatile("sd zero, 0(zero)");
    }
    for (;;) // spin
        continue;
}

static size_t slices_ours(void)
{
    size_t count = 0;
    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            count += slice_entry(hart, position)->env == self();
    return count;
}

static const char *argument_long(void)
{
    static char text[1501];
    memset(text, 'x', 1500);
    return text;
}

#define SPAWN(child, ...)                                                                                    \
    ({                                                                                                       \
        const char *argv_[] = {program_argument(0), __VA_ARGS__};                                            \
        const char *why_ =                                                                                   \
            child_spawn(child, &(struct child_options){.program = argv_[0],                                  \
                                                       .frames = 64,                                         \
                                                       .argc = sizeof(argv_) / sizeof(argv_[0]),             \
                                                       .argv = argv_});                                      \
        CHECK_TEXT(why_ ? why_ : "started", "started");                                                      \
    })

static void status_test(void)
{
    struct child child;

    SPAWN(&child, "status");
    CHECK_EQUAL(child_wait(&child), 77);
    child_reap(&child);
    SPAWN(&child, "arguments", "", "a b", argument_long());
    CHECK_EQUAL(child_wait(&child), 0);
    child_reap(&child);
    SPAWN(&child, "closed");
    CHECK_EQUAL(child_wait(&child), 139);
    CHECK_EQUAL(child_env_state(&child), ENV_FAULTED);
    child_reap(&child);
}

static void kill_test(void)
{
    struct child child;
    int status = 0;

    SPAWN(&child, "spin");
    for (int i = 0; i < 5; i++) {
        sys_slice_yield();
        CHECK(!child_ended(&child, &status));
    }
    CHECK_EQUAL(events_wait(1ul << 44, time_now() + time_from_us(50000)), 0);
    child_kill(&child);
    CHECK(child_ended(&child, &status));
    CHECK_EQUAL(status, 137);
    child_reap(&child);
}

static void call_test(void)
{
    struct child child;
    word_t message[MESSAGE_WORDS] = {0, 10, 20, 30, 40, 50, 60, 70};

    SPAWN(&child, "serve");
    CHECK_EQUAL(events_wait(1ul << 45, time_now() + time_from_us(5000000)), 1ul << 45);
    CHECK_EQUAL(sys_cap_mint(SLOT_SERVER, child.env, RIGHT_CALL).error, ERR_OK);
    CHECK_EQUAL(pct_call_patient(SLOT_SERVER, 0, message), ERR_OK);
    CHECK_EQUAL(message[0], self());
    for (int i = 1; i < MESSAGE_WORDS; i++)
        CHECK_EQUAL(message[i], (word_t)i * 10 * 2 + (word_t)i);
    for (int i = 0; i < 20000; i++)
        CHECK_EQUAL(pct_call_patient(SLOT_SERVER, 0, message), ERR_OK);
    CHECK_EQUAL(child_env_state(&child), ENV_ACCEPTING);
    child_kill(&child);
    CHECK(pct_call(SLOT_SERVER, 0, message) != ERR_OK);
    child_reap(&child);
    CHECK_EQUAL(pct_call(SLOT_SERVER, 0, message), ERR_STALE);
    sys_cap_drop(SLOT_SERVER);
}

static void refusal_test(void)
{
    static char text[2100];
    struct child child;
    const char *argv[] = {program_argument(0), memset(text, 'y', sizeof(text) - 1)};

    CHECK_TEXT(child_build(&child, &(struct child_options){.program = "nothing"}),
               "there is no such file in the bundle");
    CHECK_TEXT(child_build(&child, &(struct child_options){.program = argv[0], .argc = 2, .argv = argv}),
               "the arguments are longer than 2048 bytes together");
    CHECK_TEXT(child_build(&child, &(struct child_options){.program = argv[0], .frames = 1ul << 40}),
               "there are not enough free frames");
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return child_main(argc, argv);

    struct child child;
    SPAWN(&child, "status"); // tables for windows are made once and stay
    child_wait(&child);
    child_reap(&child);

    size_t frames = frame_count_free(), slices = slices_ours();
    void (*const tests[])(void) = {status_test, kill_test, call_test, refusal_test};
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        tests[i]();
        CHECK_EQUAL(frame_count_free(), frames);
        CHECK_EQUAL(slices_ours(), slices);
    }
    return guest_end();
}
