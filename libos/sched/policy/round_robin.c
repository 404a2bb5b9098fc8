// SPDX-License-Identifier: BSD-2-Clause
/*
 * Round robin: who became runnable last runs last, for a quantum at most. Usage, weight and priority do not matter.
 *
 * Good for tasks that are all alike; bad for whoever must answer soon, because it waits for everybody else's turn.
 * Promises: of n tasks that may run none waits for longer than n - 1 quanta. Several harts take from one queue.
 * Cost: O(1); a hart passes over the tasks in front that may not run on it.
 */
#include <libos/sched/sched.h>

static uint64_t quantum = SCHED_TURN_NS;

static struct sched_task *round_robin_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return sched_queue_first(hart);
}

static const struct sched_parameter parameters[] = {
    {"quantum", "how long a turn is at most, in nanoseconds", &quantum, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_round_robin = {
    .name = "round_robin",
    .text = "each in its turn, in the order in which they became runnable",
    .parameters = parameters,
    .pick = round_robin_pick,
    .quantum = &quantum,
};
