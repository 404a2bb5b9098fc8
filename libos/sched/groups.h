// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which tasks belong together, for policies that choose among groups first: a number for each group that has members,
 * small enough to index the policy's own table with. A table whose count is 0 has no groups, whatever else it holds.
 */
#ifndef LIBOS_SCHED_GROUPS_H
#define LIBOS_SCHED_GROUPS_H

#include <libos/sched/sched.h>

struct sched_groups {
    uint32_t count; // indices at and above it have no members
    struct {
        uint32_t group, members; // 0 members: the index is free
    } of[SCHED_TASKS_MAX];
};

static inline bool sched_groups_is(const struct sched_groups *groups, uint32_t index, uint32_t group)
{
    return group && groups->of[index].members && groups->of[index].group == group;
}

// One more member for the task's group; returns the index. A task without a group becomes a group of its own.
static inline uint32_t sched_groups_join(struct sched_groups *groups, uint32_t group)
{
    uint32_t index = 0, free = groups->count;

    for (; index < groups->count && !sched_groups_is(groups, index, group); index++)
        if (!groups->of[index].members)
            free = index;
    if (index == groups->count)
        index = free;
    if (index == groups->count)
        groups->of[groups->count++].members = 0;
    groups->of[index].group = group;
    groups->of[index].members++;
    return index;
}

// One less; returns how many there are still.
static inline uint32_t sched_groups_part(struct sched_groups *groups, uint32_t index)
{
    return --groups->of[index].members;
}

#endif
