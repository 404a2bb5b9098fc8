// SPDX-License-Identifier: BSD-2-Clause
// Environments that share the program's space; see scheduler.h.
#include <libos/loader/internal.h>
#include <libos/scheduler/scheduler.h>

env_t worker_create(void (*entry)(word_t argument), word_t argument, word_t stack_top)
{
    struct child child = {.space = SAVE_WORD(SAVE_SPACE)};

    if (env_make(&child))
        return 0;
    sys_env_set(child.env, ENV_PC, (word_t)entry);
    sys_env_set(child.env, ENV_SP, stack_top);
    sys_env_set(child.env, ENV_ARG, argument);
    return child.env;
}

void worker_destroy(env_t env)
{
    while (sys_env_destroy(env).error == ERR_AGAIN)
        continue;
}
