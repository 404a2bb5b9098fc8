// SPDX-License-Identifier: BSD-2-Clause
// Exercise 1: the program is started as a child, with other frames each time, and the kernel's tables say what it did.
#include "../check.h"

#include "bare.h"

#define LIMIT_US 50000

extern const uint8_t exercise_program[], exercise_program_end[];

static size_t frames_of(env_t env, int kind)
{
    size_t count = 0;

    for (page_t i = 0; i < machine()->ram_count; i++) {
        const volatile struct frame *frame = frame_entry(machine()->ram_first + i);
        count += frame->owner == env && frame->kind == kind;
    }
    return count;
}

static bool ends_in_time(const struct child *child, int *status)
{
    word_t deadline = time_now() + time_from_us(LIMIT_US);

    while (!child_ended(child, status) && time_now() < deadline)
        events_wait(EVENT_BIT(CHILD), time_now() + time_from_us(1000));
    return child_ended(child, status);
}

static void run(size_t frames)
{
    struct child child;
    int status = 0;
    const char *why = child_build(&child, &(struct child_options){
        .program = "bare", .image = exercise_program, .image_size = (size_t)(exercise_program_end - exercise_program),
        .frames = frames, .weight = CHILD_ALONE});

    if (!check(!why, "started with %zu free frames%s%s", frames, why ? ", but " : "", why ? why : ""))
        return;
    size_t before = frames_of(child.env, PAGE_FREE), data = frames_of(child.env, PAGE_DATA);
    why = child_start(&child);
    if (check(!why && ends_in_time(&child, &status), "it comes to an end")) {
        if (check(child_env_state(&child) == ENV_EXITED, "it ends by env_exit, and not by an exception"))
            check_equal((word_t)status, before, "its status is how many frames were its own and free");
        else
            child_report(&child);
        check_equal(frames_of(child.env, PAGE_DATA) - data, BARE_TAKEN, "frames that it has taken (page_alloc)");
        check_equal(frames_of(child.env, PAGE_FREE), before - BARE_TAKEN, "frames that are free afterwards");
    }
    child_reap(&child);
}

int main(void)
{
    run(40);
    run(111);
    return check_end();
}
