// SPDX-License-Identifier: BSD-2-Clause
/*
 * Groups of tasks, for policies in which tasks that belong together are treated as one: gangs, parts of a hierarchy.
 * A group is there as long as it has members, so there are never more than tasks, and a table of them is never full.
 *
 * A member's word SCHED_GROUP_WORD is the table's. `runnable`, `tasks` and the words of a group are the policy's: 0
 * and empty when the first member joins.
 */
#ifndef LIBOS_SCHED_GROUP_H
#define LIBOS_SCHED_GROUP_H

#include <libos/sched/list.h>

#define SCHED_GROUP_WORD (SCHED_WORDS - 2)

struct sched_group {
    uint64_t number;
    uint32_t members;
    uint32_t runnable;
    struct sched_queue tasks;
    uint64_t word[2];
};

struct sched_groups {
    uint32_t count; // those behind have no members
    struct sched_group of[SCHED_TASKS_MAX];
};

static inline void sched_groups_clear(struct sched_groups *groups)
{
    groups->count = 0;
}

static inline struct sched_group *sched_group_of(const struct sched_task *member)
{
    return (struct sched_group *)member->word[SCHED_GROUP_WORD];
}

// The task becomes a member of the group with this number, which is made if there is none. O(groups).
static inline struct sched_group *sched_group_join(struct sched_groups *groups, struct sched_task *task,
                                                   uint64_t number)
{
    struct sched_group *end = &groups->of[groups->count], *free = end, *group = groups->of;

    for (; group < end && !(group->members && group->number == number); group++)
        if (!group->members)
            free = group;
    if (group == end) {
        groups->count += free == end;
        group = free;
        *group = (struct sched_group){.number = number};
    }
    group->members++;
    task->word[SCHED_GROUP_WORD] = (uint64_t)group;
    return group;
}

static inline void sched_group_leave(const struct sched_task *member)
{
    sched_group_of(member)->members--;
}

#endif
