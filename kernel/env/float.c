// SPDX-License-Identifier: BSD-2-Clause
// Floating-point state; see float.h.

#include "float.h"

#include "trap/trap.h"

void float_leave(struct hart *hart, const struct env *leaving)
{
    struct env *env = hart->floats;
    if (env == NULL)
        return;
    hw_float_on();
    float_save(env_save(env, SAVE_FP));
    hw_float_off();
    __atomic_store_n(&env->hart, 0, __ATOMIC_RELEASE); // a fast return to it would find a stranger's registers
    __atomic_store_n(&hart->floats, NULL, __ATOMIC_RELEASE); // last: whoever waits for them may take it now
    if (env != leaving)
        env_wake(env); // its call may have ended meanwhile, and harts passed it over because of them
}

struct hart *float_holder(const struct env *env)
{
    word_t boundary = __atomic_load_n(&env->hart, __ATOMIC_ACQUIRE);
    if (!env->floats || boundary == 0 || boundary == hw_hart())
        return NULL;
    struct hart *hart = hart_at(boundary);
    return __atomic_load_n(&hart->floats, __ATOMIC_ACQUIRE) == env ? hart : NULL;
}

void float_expel(struct hart *hart, const struct env *env)
{
    struct env *stranger = hart->floats;
    if (stranger == NULL || stranger == env)
        return;
    float_leave(hart, env);
}

void float_enter(struct hart *hart, struct env *env)
{
    if (hart->floats == env)
        return;
    float_leave(hart, NULL);
    if (!env->floats)
        return;
    hw_float_on();
    float_load(env_save(env, SAVE_FP));
    hw_float_off();
    hart->floats = env;
}
