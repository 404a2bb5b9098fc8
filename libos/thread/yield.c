// SPDX-License-Identifier: BSD-2-Clause
/*
 * The short way from one thread to the next: a yield under a policy that only picks (sched/driver_state.h). switch.S calls the
 * policy between these two: so neither has anything to keep over a call, and to save.
 */
#include <libos/sched/driver_state.h>
#include <libos/thread/internal.h>

typedef struct sched_task *(*pick_t)(uint32_t hart, uint64_t now);

pick_t thread_yield_begin(uint64_t now);
struct trap_frame *thread_yield_end(struct sched_task *picked);

pick_t thread_yield_begin(uint64_t now)
{
    return sched_yield_begin(now);
}

struct trap_frame *thread_yield_end(struct sched_task *picked)
{
    return __builtin_expect(sched_yield_end(picked), 1) ? thread_of(picked)->frame : thread_yield_rest(picked);
}
