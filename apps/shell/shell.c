// SPDX-License-Identifier: BSD-2-Clause
/*
 * The shell: reads a line, runs a built-in command or a program of the bundle, and reads the next one.
 *
 * It is the console's leader. While it reads, the line is raw and the line editor sees every key; while a
 * program is in the foreground, the line is that program's. Resetting the machine is the first environment's
 * right alone, so the shell asks for it by its exit status (rivet/shell.h).
 */
#include "shell.h"

#include <libos/console/line.h>
#include <rivet/shell.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROMPT "rivet> "

struct command {
    const char *name;
    const char *arguments; // for the help
    const char *text;
    void (*run)(const struct words *words);
};

static void run_help(const struct words *words);

static void run_ls(const struct words *words)
{
    const char *why = NULL;
    const struct bundle *bundle = bundle_own(&why);
    struct bundle_file file;
    size_t position = 0;
    int more = bundle == NULL ? -1 : 1;

    (void)words;
    while (more == 1 && (more = bundle_next(bundle, &position, &file, &why)) == 1)
        printf("%8zu  %s\n", file.size, file.name);
    if (more < 0)
        printf("ls: %s.\n", why);
}

static void run_ps(const struct words *words)
{
    (void)words;
    tables_ps();
}

static void run_mem(const struct words *words)
{
    (void)words;
    tables_mem();
}

static void run_slices(const struct words *words)
{
    (void)words;
    tables_slices();
}

static void run_kill(const struct words *words)
{
    if (words->count != 2)
        printf("kill: which program? 'kill NAME' or 'kill ID', as 'ps' shows them.\n");
    else
        job_kill(words->word[1]);
}

static _Noreturn void shell_leave(enum shell_status status)
{
    jobs_kill_all();
    exit(status);
}

static void run_reboot(const struct words *words)
{
    (void)words;
    shell_leave(SHELL_REBOOT);
}

static void run_poweroff(const struct words *words)
{
    (void)words;
    shell_leave(SHELL_POWEROFF);
}

static const struct command commands[] = {
    {"help", "", "this list", run_help},
    {"ls", "", "the programs and files this machine was booted with", run_ls},
    {"ps", "", "environments: state, hart, frames owned, time used", run_ps},
    {"mem", "", "who owns how many frames of which kind, and its share", run_mem},
    {"slices", "", "who owns each hart's time", run_slices},
    {"kill", "NAME|ID", "stop a program started here", run_kill},
    {"share", "WEIGHT PROGRAM", "run a program with another weight than 100, when memory is divided", job_share},
    {"time", "PROGRAM ...", "run a program, say how long it took", job_time},
    {"reboot", "", "restart the machine", run_reboot},
    {"poweroff", "", "switch it off; also 'exit', and Ctrl-D", run_poweroff},
    {"exit", "", NULL, run_poweroff},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void run_help(const struct words *words)
{
    (void)words;
    for (size_t i = 0; i < COMMANDS; i++)
        if (commands[i].text != NULL)
            printf("  %-8s %-14s %s\n", commands[i].name, commands[i].arguments, commands[i].text);
    printf("Anything else is a program: 'PROGRAM ARGUMENTS', with '&' at the end in the background.\n"
           "Ctrl-C stops the program in the foreground, Ctrl-\\ also one that does not listen.\n");
}

static void shell_do(char *text)
{
    struct words words;
    const char *why = words_split(&words, text);

    if (why != NULL) {
        printf("%s\n", why);
        return;
    }
    if (words.count == 0)
        return;
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, words.word[0]) == 0) {
            commands[i].run(&words);
            return;
        }
    }
    job_run(&words);
}

// One byte at a time: what was typed ahead of a program is that program's to read.
static int shell_get(void *context)
{
    uint8_t byte;

    (void)context;
    fflush(stdout);
    return console_read(&byte, 1).error == ERR_OK ? byte : -1;
}

static void shell_put(void *context, const char *bytes, size_t count)
{
    (void)context;
    fwrite(bytes, 1, count, stdout);
}

// With an argument: what to say before the first prompt, as how to leave this machine.
int main(int argc, char **argv)
{
    static struct line line = {.terminal = {.get = shell_get, .put = shell_put}};

    if (console_open(true) != ERR_OK) {
        printf("shell: the console does not answer.\n");
        return EXIT_FAILURE;
    }
    if (argc > 1)
        printf("%s\n", argv[1]);
    for (;;) {
        jobs_notice();
        (void)console_mode(CONSOLE_RAW);
        enum line_end end = line_read(&line, PROMPT);
        if (end == LINE_NO_MORE)
            shell_leave(SHELL_POWEROFF);
        if (end == LINE_ENTERED)
            shell_do(line.text);
    }
}
