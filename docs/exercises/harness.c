// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs checks of exercises, one after the other, each as a child that has a time limit and can do no harm:
 *
 *     exercise NN.TAG...      programs of the bundle; NN is the exercise's number
 *
 * What a check says goes to standard output. Around it come two lines, `== NN.TAG` before and `== NN.TAG VERDICT`
 * behind: solved, unsolved, late (the limit was over), crashed, or "left N": it ended with the status N, and not by
 * the check's end. tools/exercise reads them. When there is a program NN.TAG.live, it runs behind a check that was
 * solved, and the verdict is its.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES         4000
#define SLICES         16
#define WAIT_US        10000
#define STATUS_FAULTED 139

static const struct exercise {
    unsigned long number, limit_ms;
} exercises[] = {
#define EXERCISE(number, name, kind, limit_ms, boot, title) {number, limit_ms},
#include "exercises.def"
};

static const struct exercise *exercise_find(const char *job)
{
    unsigned long number = strtoul(job, NULL, 10);

    for (size_t i = 0; i < sizeof(exercises) / sizeof(exercises[0]); i++)
        if (exercises[i].number == number)
            return &exercises[i];
    return NULL;
}

// What the child left behind when it was ended: its own children and their spaces are ours now.
static void heirs_destroy(void)
{
    page_t first = machine()->ram_first, end = first + machine()->ram_count;

    for (page_t page = first; page < end; page++)
        if (frame_entry(page)->kind == PAGE_ENV && frame_entry(page)->owner == self()) {
            while (sys_env_destroy(page).error == ERR_AGAIN)
                continue;
            page = first; // what it had created is ours now
        }
    for (page_t page = first; page < end; page++)
        if (frame_entry(page)->kind == PAGE_ROOT && frame_entry(page)->owner == self() &&
            page != SAVE_WORD(SAVE_SPACE))
            while (sys_space_destroy(page).error == ERR_AGAIN)
                continue;
}

static const char *verdict_of(bool ended, int status)
{
    static char text[16];

    if (!ended)
        return "late";
    if (status == CHECK_SOLVED || status == CHECK_UNSOLVED)
        return status == CHECK_SOLVED ? "solved" : "unsolved";
    if (status == STATUS_FAULTED)
        return "crashed";
    snprintf(text, sizeof(text), "left %d", status);
    return text;
}

// NULL: it could not be started.
static const char *program_run(const char *program, const struct exercise *exercise)
{
    struct child child;
    int status = 0;
    const char *why = child_spawn(
        &child, &(struct child_options){.program = program, .frames = FRAMES, .slices = SLICES, .weight = CHILD_ALONE});

    if (why) {
        printf("%s cannot be started: %s.\n", program, why);
        return NULL;
    }
    word_t deadline = time_now() + time_from_us(exercise->limit_ms * 1000);
    while (!child_ended(&child, &status) && time_now() < deadline)
        events_wait(EVENT_BIT(CHILD), time_now() + time_from_us(WAIT_US));
    bool ended = child_ended(&child, &status);
    if (!ended)
        child_kill(&child);
    else if (child_env_state(&child) == ENV_FAULTED)
        child_report(&child);
    child_reap(&child);
    heirs_destroy();
    return verdict_of(ended, status);
}

static void job_run(const char *job, const struct exercise *exercise)
{
    char live[64];
    struct bundle_file file;
    const char *why, *verdict = program_run(job, exercise);

    snprintf(live, sizeof(live), "%s.live", job);
    if (verdict && strcmp(verdict, "solved") == 0 && bundle_find(bundle_own(&why), live, &file, &why))
        verdict = program_run(live, exercise);
    printf("== %s %s\n", job, verdict ? verdict : "not started");
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const struct exercise *exercise = exercise_find(argv[i]);
        if (!exercise) {
            fprintf(stderr, "exercise: there is no exercise with the number of %s.\n", argv[i]);
            return 2;
        }
        printf("== %s\n", argv[i]);
        fflush(stdout);
        job_run(argv[i], exercise);
        fflush(stdout);
    }
    return 0;
}
