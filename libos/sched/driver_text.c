// SPDX-License-Identifier: BSD-2-Clause
// What the driver says in words: what a policy did wrong, and who waits. Without printf: it must be possible anywhere.
#include <libos/sched/driver.h>
#include <string.h>

#define LINE_MAX 128

const char *sched_fault_text(enum sched_fault fault)
{
    static const char *const texts[SCHED_FAULTS] = {
        [SCHED_FAULT_NONE] = "did nothing wrong",
        [SCHED_FAULT_BLOCKED] = "picked a task that is blocked",
        [SCHED_FAULT_DEAD] = "picked a task that is gone",
        [SCHED_FAULT_FOREIGN] = "picked something that is no task of its",
        [SCHED_FAULT_RUNNING] = "picked a task that runs already",
        [SCHED_FAULT_HART] = "picked a task for a hart where it may not run",
        [SCHED_FAULT_NOTHING] = "picked nothing, though a task may run",
        [SCHED_FAULT_HELD] = "holds tasks back until a time that has passed",
        [SCHED_FAULT_TURN] = "gave a task a turn without length",
        [SCHED_FAULT_LOOP] = "did not come back from a decision",
        [SCHED_FAULT_CRASH] = "crashed",
    };
    return fault < SCHED_FAULTS ? texts[fault] : "?";
}

static char *text_append(char *end, const char *limit, const char *text)
{
    while (*text && end < limit)
        *end++ = *text++;
    *end = '\0';
    return end;
}

static char *number_append(char *end, const char *limit, uint64_t number)
{
    char digits[24], *digit = digits + sizeof(digits) - 1;

    *digit = '\0';
    do
        *--digit = (char)('0' + number % 10);
    while (number /= 10);
    return text_append(end, limit, digit);
}

static void dump_task(const struct sched_task *task, uint64_t now, void (*line)(const char *text))
{
    char text[LINE_MAX], *end = text;
    const char *limit = text + LINE_MAX - 1;
    uint64_t waited = ((uint64_t)((uint32_t)(now >> 20) - task->driver_word) << 20) / 1000000;

    end = text_append(end, limit, "task ");
    end = number_append(end, limit, task->id);
    end = text_append(end, limit, task->state == SCHED_RUNNING ? " runs on hart " : " is queued, was last on hart ");
    end = number_append(end, limit, task->hart);
    if (task->state == SCHED_QUEUED) {
        end = text_append(end, limit, ", waits for ");
        end = number_append(end, limit, waited);
        end = text_append(end, limit, " ms");
    }
    end = text_append(end, limit, ", key ");
    number_append(end, limit, task->key);
    line(text);
}

void sched_dump(uint64_t now, void (*line)(const char *text))
{
    for (uint32_t id = 0; id < SCHED_TASKS_MAX; id++) {
        const struct sched_task *task = sched_find(id);
        if (task && (task->state == SCHED_QUEUED || task->state == SCHED_RUNNING))
            dump_task(task, now, line);
    }
}
