// SPDX-License-Identifier: BSD-2-Clause
// Alarms: early interrupts inside a slice; see slice.h.

#include "slice.h"

#include "board/board.h"
#include "kernel.h"
#include "pct/pct.h"

bool alarm_ring(struct env *env)
{
    word_t when = __atomic_load_n(&env->alarm, __ATOMIC_RELAXED);
    if (when == 0 || hw_time() < when)
        return false;
    // Several harts may find at once that it is due; and it may be set anew, by its owner alone.
    if (!__atomic_compare_exchange_n(&env->alarm, &when, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return false;
    __atomic_fetch_or(env_save(env, SAVE_PENDING), EVENT_BIT(ALARM), __ATOMIC_SEQ_CST);
    return true;
}

// A caller goes on through C when it is returned to, and has its upcall there.
void alarm_ring_chain(struct env *env)
{
    alarm_ring(env);
    word_t caller = pct_caller(env); // once: other harts end calls
    for (int depth = 0; caller != 0 && depth < CHAIN_MAX; depth++) {
        struct env *waiter = env_at(caller);
        if (alarm_ring(waiter))
            pct_return_slowly(env);
        env = waiter;
        caller = pct_caller(waiter);
    }
}

sysret_t sys_slice_alarm(word_t time)
{
    struct env *self = env_self();
    word_t before = self->alarm;
    self->alarm = time;
    env_gate_choose(self); // it may have been entered: from now on callers see to the timer
    slice_arm(hart_self(), self, self->grace);
    if (board_concerns(self))
        board_ready(self); // while it serves, this is a time that its entry does not show
    return done(before);
}
