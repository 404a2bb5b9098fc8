// SPDX-License-Identifier: BSD-2-Clause
//
// Any bytes as a workload file. What the parser refuses has an error with a line of the file; what it accepts can be played: each
// task's script goes on without end or until it exits, and never asks for what there is not. The shipped files are the seeds.
#include <bench/sched/script.h>

#include <stdlib.h>
#include <string.h>

#define STEPS 60 // of each of the first tasks
#define TASKS 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct workload workload;
static struct script script;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void play(uint32_t id)
{
    struct sched_task task = {0};
    struct action action;
    uint64_t now = 0, last = 0;

    script_describe(&script, id, &task);
    must(task.id == id && task.weight > 0 && task.harts != 0 && strlen(script_class(&script, id)) > 0);
    for (int i = 0; i < STEPS; i++) {
        script_next(&script, id, now, &action);
        must(i > 0 || action.kind == SCRIPT_RELEASE || action.kind == SCRIPT_EXIT);
        if (action.kind == SCRIPT_EXIT)
            return;
        must((action.kind != SCRIPT_LOCK && action.kind != SCRIPT_UNLOCK) || action.number < script.locks);
        must(action.kind != SCRIPT_BARRIER || (action.number < script.barriers && action.count > 0));
        must(action.kind != SCRIPT_RELEASE || action.at >= last || action.at >> 62);
        last = action.kind == SCRIPT_RELEASE ? action.at : last;
        now = now > last ? now : last;
        now += action.kind == SCRIPT_COMPUTE ? action.length % (1ul << 40) : 1000;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size ? size : 1);

    memcpy(text, data, size);
    if (!workload_parse(&workload, "f", text, size)) {
        must(strncmp(workload.error, "f:", 2) == 0 && workload.error[strlen(workload.error) - 1] == '.');
    } else {
        for (uint32_t i = 0; i < workload.loads_count; i++)
            if (script_begin(&script, &workload, workload.loads[i], 1, i % 2 ? 3 : 1))
                for (uint32_t id = 0; id < script.tasks && id < TASKS; id++)
                    play(id);
            else
                must(script.error != NULL);
    }
    free(text);
    return 0;
}
