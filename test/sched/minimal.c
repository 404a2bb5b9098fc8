// SPDX-License-Identifier: BSD-2-Clause
// The least that is a policy: the two mandatory members. Everything else is what sched.h says NULL means.
#include <libos/sched/sched.h>

static struct sched_task *minimal_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return sched_queue_first(hart);
}

const struct sched_ops sched_minimal = {.name = "minimal", .pick = minimal_pick};
