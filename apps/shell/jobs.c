// SPDX-License-Identifier: BSD-2-Clause
/*
 * Programs started from the shell.
 *
 * The shell is the console's leader: it gives the line to the program in the foreground and takes it back
 * when that has ended. Ctrl-C comes here for a program that did not ask for it, and such a program is
 * stopped.
 */
#include "shell.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOBS_MAX           16
#define NAME_SIZE          32
#define STATUS_INTERRUPTED 130 // 128 + 2, as after Ctrl-C elsewhere
#define STATUS_STOPPED     128 // from here on a status means that something else ended the program

struct job {
    bool used;
    char name[NAME_SIZE]; // as it was typed, or its beginning
    struct child child;
    bool stalled; // and it was said
};

static struct job jobs[JOBS_MAX];

static struct job *job_new(void)
{
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (!jobs[i].used)
            return &jobs[i];
    return NULL;
}

static void status_show(const char *name, int status)
{
    if (status >= STATUS_STOPPED)
        printf("%s: stopped (status %d)\n", name, status);
    else if (status != 0)
        printf("%s: status %d\n", name, status);
}

static void job_end(struct job *job, int status)
{
    if (child_env_state(&job->child) == ENV_FAULTED)
        report_fault(job->name, job->child.env);
    status_show(job->name, status);
    child_reap(&job->child);
    job->used = false;
}

// The program is known and there is room for it; else says what is not so.
static struct job *job_build(const struct words *words, word_t harts, word_t weight)
{
    struct child_options options = {
        .program = words->word[0],
        .argc = words->count,
        .argv = (const char *const *)words->word,
        .harts = harts,
        .weight = weight,
    };
    const char *why = NULL;
    struct bundle_file file;
    const struct bundle *bundle = bundle_own(&why);

    if (bundle != NULL && !bundle_find(bundle, words->word[0], &file, &why)) {
        printf("%s: there is no such command or program; try 'help' or 'ls'.\n", words->word[0]);
        return NULL;
    }
    struct job *job = job_new();
    if (job == NULL)
        why = "too many programs run already";
    else if (bundle != NULL)
        why = child_build(&job->child, &options);
    if (job == NULL || why != NULL) {
        printf("%s: %s.\n", words->word[0], why);
        return NULL;
    }
    job->used = true;
    job->stalled = false;
    snprintf(job->name, sizeof(job->name), "%s", words->word[0]);
    return job;
}

static bool job_start(struct job *job)
{
    const char *why = child_start(&job->child);

    if (why == NULL)
        return true;
    printf("%s: %s.\n", job->name, why);
    child_reap(&job->child);
    job->used = false;
    return false;
}

// Who stalls as a scheduler is named, once.
static void stall_show(struct job *job)
{
    bool before = job->stalled;

    job->stalled = child_stalled(&job->child);
    if (job->stalled && !before)
        printf("%s: it runs none of those it schedules; they take turns in its slices\n", job->name);
}

static int job_wait(struct job *job)
{
    int status;

    while (!child_ended(&job->child, &status)) {
        stall_show(job);
        word_t events = events_wait(EVENT_BIT(CHILD) | EVENT_CONSOLE_INTERRUPT, 0);
        if (events & EVENT_CONSOLE_INTERRUPT) {
            child_kill(&job->child);
            puts("^C");
            return STATUS_INTERRUPTED;
        }
    }
    return status;
}

// Runs a built program in the foreground to its end; false when it could not be started.
static bool job_foreground(struct job *job, int *status)
{
    fflush(stdout);
    (void)events_take(EVENT_CONSOLE_INTERRUPT); // one that came too late for the program before
    (void)console_foreground(job->child.env);
    bool started = job_start(job);
    if (started)
        *status = job_wait(job);
    (void)console_foreground(self());
    return started;
}

// Run a program whose weight is said, or 0.
static void job_run_weighing(const struct words *words, word_t weight)
{
    struct job *job = job_build(words, 0, weight);
    int status;

    if (job == NULL)
        return;
    if (!words->background) {
        if (job_foreground(job, &status))
            job_end(job, status);
    } else if (job_start(job)) {
        printf("%s runs as %" PRIx64 "\n", job->name, job->child.env);
    }
}

void job_run(const struct words *words)
{
    job_run_weighing(words, 0);
}

void job_share(const struct words *words)
{
    struct words command = {.count = words->count - 2, .background = words->background};
    char *end = NULL;
    unsigned long weight = words->count > 2 ? strtoul(words->word[1], &end, 10) : 0;

    if (weight == 0 || weight > SHARE_MOST || *end != '\0') {
        printf("share: how much, and which program? 'share WEIGHT PROGRAM ARGUMENTS', with a weight from 1 to %d;\n"
               "other programs weigh %d.\n", SHARE_MOST, SHARE_DEFAULT);
        return;
    }
    memcpy(command.word, words->word + 2, sizeof(char *) * (size_t)(words->count - 1));
    job_run_weighing(&command, weight);
}

static word_t instructions_now(void)
{
    word_t now;

    __asm__ volatile("rdinstret %0" : "=r"(now));
    return now;
}

// Whether the counter counts: QEMU without -icount shows the host's clock in it. Interrupts may spoil
// some tries.
static bool instructions_are_counted(void)
{
    for (int tries = 0; tries < 4; tries++) {
        word_t before, after;
        __asm__ volatile("rdinstret %0\n .rept 16\n nop\n .endr\n rdinstret %1" : "=r"(before), "=r"(after));
        if (after - before == 17)
            return true;
    }
    return false;
}

/*
 * The counter of instructions is the hart's: it counts the kernel and everybody else there too. So the
 * program runs on the hart this shell is on, and the figure is shown only if the shell is still there at the
 * end.
 */
void job_time(const struct words *words)
{
    struct words command = {.count = words->count - 1};

    memcpy(command.word, words->word + 1, sizeof(char *) * (size_t)words->count);
    if (command.count == 0) {
        printf("time: which program? 'time PROGRAM ARGUMENTS'.\n");
        return;
    }
    word_t hart = sys_env_info(self(), ENV_HART).value;
    struct job *job = job_build(&command, 1ul << hart, 0);
    if (job == NULL)
        return;

    int status;
    word_t began = time_now();
    word_t instructions = instructions_now();
    if (!job_foreground(job, &status))
        return;
    instructions = instructions_now() - instructions;
    word_t us = (time_now() - began) * 1000000 / machine()->timebase_hz;
    job_end(job, status);
    printf("%" PRIu64 ".%06" PRIu64 " s", us / 1000000, us % 1000000);
    if (sys_env_info(self(), ENV_HART).value == hart && instructions_are_counted())
        printf(", %" PRIu64 " instructions", instructions);
    printf("\n");
}

void jobs_notice(void)
{
    int status;

    (void)events_take(EVENT_BIT(CHILD));
    for (size_t i = 0; i < JOBS_MAX; i++) {
        if (!jobs[i].used)
            continue;
        stall_show(&jobs[i]);
        if (!child_ended(&jobs[i].child, &status))
            continue;
        if (status == 0)
            printf("%s: done\n", jobs[i].name);
        job_end(&jobs[i], status);
    }
}

static bool job_is(const struct job *job, const char *which)
{
    char *end;
    unsigned long number = strtoul(which, &end, 16);

    if (*which != '\0' && *end == '\0' && number == job->child.env)
        return true;
    return strcmp(job->name, which) == 0 || strcmp(job->child.label, which) == 0;
}

void job_kill(const char *which)
{
    for (size_t i = 0; i < JOBS_MAX; i++) {
        if (jobs[i].used && job_is(&jobs[i], which)) {
            child_kill(&jobs[i].child);
            return; // jobs_notice says how it ended
        }
    }
    printf("kill: %s is no program that this shell started; 'ps' shows what runs.\n", which);
}

void jobs_kill_all(void)
{
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (jobs[i].used)
            child_kill(&jobs[i].child);
}
