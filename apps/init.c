// SPDX-License-Identifier: BSD-2-Clause
/*
 * The first environment. The kernel gives it everything; it keeps little and decides who gets the rest:
 *
 *     console    the UART's registers and interrupt, a few frames, a slice on each hart
 *     session    nearly all frames, the bundle with its contents, all slices but a few. Its program is
 *                the shell, or, with the boot arguments `run APP ARG...`, that program. The boot argument
 *                `greeting=TEXT` is for the shell to show, encoded as the arguments of programs are
 *
 * Then it is the memory service of the session and its children (libos/share/memory.h), until the session ends: the boot
 * argument `share=POLICY` says how it divides frames, `stock=N` how many the session does not get at first. At the end it
 * reports the session's status on the console, and turns the machine off. Nothing else can do that: the kernel lets only
 * the first environment reset the machine.
 */
#include <libos/share/server.h>
#include <rivet.h>
#include <rivet/shell.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONSOLE_FRAMES 64
#define KEPT_SLICES    2 // per hart: one is the console's
#define ARGUMENTS_MAX  64
#define GREETING       "greeting="
#define SHARE          "share="
#define STOCK          "stock="
#define FRAMES_OWN     64 // that no client gets: for init's own stack, heap and tables
#define SLOT_SERVICE   (SLOT_FREE + 0)                 // init itself, RIGHT_CALL
#define SLOTS_CLIENTS  (SLOT_FREE + 1)                 // SHARE_CLIENTS of them
#define STATUS_STOPPED 130 // 128 + SIGINT: Ctrl-C
#define STATUS_NOT_RUN 127 // as shells say that a program could not be started

static struct child console, session;
static bool shell; // the session is one

static _Noreturn void machine_off(bool restart)
{
    console_flush();
    long error = sys_machine_reset(restart).error;
    if (!restart) {
        log_text("init: the machine cannot be switched off, so it restarts.\n");
        error = sys_machine_reset(true).error;
    }
    log_text("init: the machine cannot be reset: ");
    log_text(error_text(error));
    log_text("\n");
    for (;;)
        sys_slice_wait(0, 0);
}

// Before there is a console: say why, and end.
static _Noreturn void give_up(const char *what, const char *why)
{
    log_text(what);
    log_text(why);
    log_text(".\n");
    machine_off(false);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// %XX becomes its byte, in place; what is no such escape stays as it is.
static void percent_decode(char *word)
{
    char *to = word;

    for (; *word; word++) {
        int high = *word == '%' ? hex_digit(word[1]) : -1;
        int low = high >= 0 ? hex_digit(word[2]) : -1;
        if (low >= 0) {
            *to++ = (char)(high << 4 | low);
            word += 2;
        } else {
            *to++ = *word;
        }
    }
    *to = 0;
}

// What stands behind `name` among the boot arguments; NULL: it is not there. Behind `run` they are the program's.
static const char *boot_value(const char *name)
{
    static char words[sizeof(machine()->arguments)];
    char *rest;

    strcpy(words, machine()->arguments);
    for (char *word = strtok_r(words, " ", &rest); word && strcmp(word, "run") != 0; word = strtok_r(NULL, " ", &rest))
        if (strncmp(word, name, strlen(name)) == 0)
            return word + strlen(name);
    return NULL;
}

/*
 * The program and its arguments, percent-decoded: the words behind `run`, or else the shell and its greeting.
 * How many. The words are cut from a copy of the boot arguments.
 */
static int session_arguments(const char *argv[ARGUMENTS_MAX])
{
    static char words[sizeof(machine()->arguments)];
    char *rest;
    int argc = 0;
    bool run = false;
    char *greeting = NULL;

    strcpy(words, machine()->arguments);
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (!run) {
            run = strcmp(word, "run") == 0;
            if (strncmp(word, GREETING, strlen(GREETING)) == 0)
                greeting = word + strlen(GREETING);
            continue;
        }
        if (argc == ARGUMENTS_MAX)
            give_up("init: ", "there are too many arguments");
        percent_decode(word);
        argv[argc++] = word;
    }
    shell = argc == 0;
    if (!shell)
        return argc;
    argv[0] = "shell";
    if (greeting) {
        percent_decode(greeting);
        argv[1] = greeting;
    }
    return greeting ? 2 : 1;
}

static void console_begin(void)
{
    const struct machine_info *info = machine();
    const char *why =
        child_build(&console, &(struct child_options){.program = "console", .frames = CONSOLE_FRAMES});

    if (why)
        give_up("init: the console cannot be started: ", why);
    if (info->console >= info->device_count)
        give_up("init: ", "the machine has no UART for a console");
    const struct device_info *uart = &info->devices[info->console];
    if (sys_page_give(uart->page, 1, console.env).error != ERR_OK ||
        (uart->irq && sys_irq_give(uart->irq, console.env).error != ERR_OK))
        give_up("init: ", "the UART could not be given to the console");
    why = child_start(&console);
    if (!why && sys_cap_mint(SLOT_CONSOLE, console.env, RIGHT_CALL).error != ERR_OK)
        why = "the kernel refused a capability to it";
    if (why)
        give_up("init: the console cannot be started: ", why);
    start_info()->console = console.env;
}

// What the console does not need: the registers and interrupt sources of the other devices.
static void devices_give(env_t to)
{
    const struct machine_info *info = machine();

    for (uint32_t i = 0; i < info->device_count; i++)
        if (i != info->console)
            sys_page_give(info->devices[i].page, 1, to);
    for (word_t source = 1; source < IRQS_MAX; source++)
        if (irq_entry(source)->owner == self())
            sys_irq_give(source, to);
}

// A boot argument that is wrong is said, and then as if it were not there.
static const struct share_ops *policy_chosen(void)
{
    const char *name = boot_value(SHARE);
    const struct share_ops *ops = name ? share_find(name) : &share_proportional;

    if (!ops)
        fprintf(stderr, "init: there is no memory policy '%s'; it is proportional.\n", name);
    return ops ? ops : &share_proportional;
}

static size_t stock_chosen(void)
{
    const char *text = boot_value(STOCK);
    char *end = NULL;
    unsigned long frames = text ? strtoul(text, &end, 10) : 0;

    if (text && (*text < '0' || *text > '9' || *end || frames > machine()->ram_count)) {
        fprintf(stderr, "init: stock=%s is no number of frames that this machine has; it is 0.\n", text);
        return 0;
    }
    return frames;
}

// The session is the first client of the memory service; its children reach it by what it hands on.
static const char *session_admit(void)
{
    memory_start(policy_chosen(), SLOTS_CLIENTS, FRAMES_OWN);
    if (sys_cap_mint(SLOT_SERVICE, self(), RIGHT_CALL).error != ERR_OK ||
        child_grant(&session, SLOT_SERVICE, SLOT_MEMORY, RIGHT_CALL) != ERR_OK ||
        memory_admit(session.env, SHARE_DEFAULT, session.guaranteed) != ERR_OK)
        return "the kernel refused it the memory service";
    return NULL;
}

// True when the session began. The line is its own before it runs: a shell asks for every key at once.
static bool session_begin(int argc, const char *const *argv)
{
    struct child_options options = {
        .program = argv[0],
        .argc = argc,
        .argv = argv,
        .frames = CHILD_FRAMES_ALL,
        .slices = SLICES_MAX - KEPT_SLICES,
        .bundle = true,
        .keep = stock_chosen(),
    };
    const char *why = child_build(&session, &options);

    if (!why)
        why = session_admit();

    if (!why) {
        devices_give(session.env);
        if (shell)
            console_leader(session.env);
        console_foreground(session.env);
        why = child_start(&session);
    }
    if (why)
        fprintf(stderr, "init: %s cannot be started: %s.\n", argv[0], why);
    return !why;
}

static _Noreturn void end(int status)
{
    fflush(stderr);
    console_status((word_t)status);
    if (shell && status != SHELL_POWEROFF && status != SHELL_REBOOT)
        fprintf(stderr, "init: the shell ended with status %d\n", status);
    machine_off(shell && status == SHELL_REBOOT);
}

// Until the session ends. Ctrl-C comes here when the session's program does not ask for it.
static void notice(word_t events)
{
    int status;

    if (child_ended(&session, &status)) {
        child_report(&session);
        end(status);
    }
    static bool stalled;
    if (!child_stalled(&session))
        stalled = false;
    else if (!stalled)
        stalled = fprintf(stderr, "init: the program runs none of those it schedules; they take turns in its slices\n") > 0;
    if (events & EVENT_CONSOLE_INTERRUPT) {
        child_kill(&session);
        end(STATUS_STOPPED);
    }
    if (child_ended(&console, &status))
        give_up("init: ", "the console ended");
    memory_step();
}

int main(void)
{
    const char *argv[ARGUMENTS_MAX];
    int argc = session_arguments(argv);

    console_begin();
    console_open(true);
    if (!session_begin(argc, argv))
        end(STATUS_NOT_RUN);
    pct_serve(memory_serve, EVENT_BIT(CHILD) | EVENT_BIT(GIVEN) | EVENT_CONSOLE_INTERRUPT, notice);
}
