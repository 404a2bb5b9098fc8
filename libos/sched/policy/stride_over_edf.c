// SPDX-License-Identifier: BSD-2-Clause
/*
 * A hierarchy: groups of tasks share by stride, and within a group the job that is due first runs (edf). A group's
 * pass advances by what its tasks ran, divided by the group's weight; the group with the least pass is next, for a
 * quantum. A task that wakes takes the hart only from one of its own group. (Waldspurger and Weihl: "Stride
 * Scheduling", MIT 1995; as a tree: Goyal, Guo and Vin: "A Hierarchical CPU Scheduler for Multimedia Operating
 * Systems", OSDI 1996.)
 *
 * A group's weight is the greatest of its tasks' weights. Tasks without a group are one group. A group that was asleep
 * starts where the others are: it is owed nothing.
 *
 * Good for: several real-time applications, or users, that must not take each other's share; late ones harm only
 *     themselves.
 * Bad for: deadlines that are not much longer than a quantum times the number of groups.
 * Promises: of two groups that always have something to run, on one hart, neither gets more than a quantum more than
 *     its share beside the other. A group with share s of the hart and tasks that need U < s in sum misses nothing,
 *     when each deadline is at least (groups + 1) * quantum / (s - U).
 * Cost of a decision: O(groups); putting a task back passes those of its group that are due later.
 * Parameters: quantum, in nanoseconds.
 */
#include <libos/sched/groups.h>
#include <libos/sched/list.h>
#include <libos/sched/virtual.h>

#define NO_GROUP UINT32_MAX

enum { GROUP }; // word: its index

static struct group {
    struct sched_queue queue; // by deadline
    uint64_t pass;
    uint32_t weight, runnable;
} groups[SCHED_TASKS_MAX];

static struct sched_groups names;
static uint64_t least, quantum = 5000000; // least: the pass of the group that was picked last

static uint64_t due(const struct sched_task *task)
{
    return task->due ? task->due : SCHED_NEVER;
}

static struct group *group_of(const struct sched_task *task)
{
    return &groups[task->word[GROUP]];
}

static void stride_over_edf_start(uint32_t harts, uint64_t seed)
{
    (void)harts, (void)seed;
    names.count = 0;
    least = 0;
}

static void stride_over_edf_admit(struct sched_task *task, uint64_t now)
{
    (void)now;
    task->word[GROUP] = sched_groups_join(&names, task->group ? task->group : NO_GROUP);
    struct group *group = group_of(task);
    if (names.of[task->word[GROUP]].members == 1) *group = (struct group){0};
    if (task->weight > group->weight) group->weight = task->weight;
}

static void stride_over_edf_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    struct group *group = group_of(task);
    struct sched_task *last = group->queue.last;

    (void)now;
    if (why == SCHED_WOKE && group->runnable++ == 0 && group->pass < least) group->pass = least;
    while (last && due(last) > due(task)) last = last->previous;
    sched_list_insert(&group->queue, task, last ? last->next : group->queue.first);
}

static struct sched_task *stride_over_edf_pick(uint32_t hart, uint64_t now)
{
    struct sched_task *found = NULL;

    (void)now;
    for (uint32_t i = 0; i < names.count; i++) {
        struct sched_task *task = sched_list_first(&groups[i].queue, hart);
        if (task && (!found || groups[i].pass < group_of(found)->pass)) found = task;
    }
    if (!found) return NULL;
    if (group_of(found)->pass > least) least = group_of(found)->pass;
    sched_list_remove(&group_of(found)->queue, found);
    return found;
}

static void stride_over_edf_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    (void)now;
    group_of(task)->pass += sched_virtual(used, group_of(task)->weight);
}

static void stride_over_edf_block(struct sched_task *task, uint64_t now)
{
    (void)now;
    group_of(task)->runnable--;
}

static void stride_over_edf_leave(struct sched_task *task, uint64_t now)
{
    (void)now;
    sched_groups_part(&names, (uint32_t)task->word[GROUP]);
}

static bool stride_over_edf_preempts(const struct sched_task *woken, const struct sched_task *running, uint64_t now)
{
    (void)now;
    return woken->word[GROUP] == running->word[GROUP] && due(woken) < due(running);
}

static bool stride_over_edf_job(struct sched_task *task, uint64_t now)
{
    const struct sched_task *first = sched_list_first(&group_of(task)->queue, task->hart);

    (void)now;
    return first && due(first) < due(task);
}

static const struct sched_parameter stride_over_edf_parameters[] = {
    {"quantum", "how long a group runs before another may, in nanoseconds", &quantum, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_stride_over_edf = {
    .name = "stride_over_edf",
    .text = "groups share by weight (stride), within a group the earliest deadline is first",
    .parameters = stride_over_edf_parameters,
    .start = stride_over_edf_start,
    .admit = stride_over_edf_admit,
    .enqueue = stride_over_edf_enqueue,
    .pick = stride_over_edf_pick,
    .charge = stride_over_edf_charge,
    .block = stride_over_edf_block,
    .leave = stride_over_edf_leave,
    .quantum = &quantum,
    .preempts = stride_over_edf_preempts,
    .job = stride_over_edf_job,
};
