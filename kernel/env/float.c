// SPDX-License-Identifier: BSD-2-Clause
// Floating-point state; see float.h.

#include "float.h"

#include "trap/trap.h"

void float_leave(struct hart *hart)
{
    struct env *env = hart->floats;
    if (env == NULL)
        return;
    hw_float_on();
    float_save(env_save(env, SAVE_FP));
    hw_float_off();
    hart->floats = NULL;
    env->hart = 0; // a fast return to it would find a stranger's registers
}

void float_enter(struct hart *hart, struct env *env)
{
    if (hart->floats == env)
        return;
    float_leave(hart);
    if (!env->floats)
        return;
    hw_float_on();
    float_load(env_save(env, SAVE_FP));
    hw_float_off();
    hart->floats = env;
}
