// SPDX-License-Identifier: BSD-2-Clause
/*
 * Round robin: who became runnable last runs last. Usage, weight and priority do not matter.
 *
 * Good for tasks that are all alike; bad for whoever must answer soon, because it waits for everybody else's turn.
 * Promises: of n tasks that may run none waits for longer than n - 1 turns.
 */
#include <libos/sched/sched.h>

static struct sched_task *round_robin_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return sched_queue_first(hart);
}

const struct sched_ops sched_round_robin = {
    .name = "round_robin",
    .text = "each in its turn, in the order in which they became runnable",
    .pick = round_robin_pick,
};
