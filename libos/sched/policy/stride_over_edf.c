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
#include <libos/sched/group.h>
#include <libos/sched/virtual.h>

enum { PASS, WEIGHT }; // words of a group, which has its queued tasks by deadline

static struct sched_groups groups;
static uint64_t least, quantum = 5000000; // least: the pass of the group that was picked last

static void stride_over_edf_start(uint32_t harts, uint64_t seed)
{
    (void)harts, (void)seed;
    sched_groups_clear(&groups);
    least = 0;
}

static void stride_over_edf_admit(struct sched_task *task, uint64_t now)
{
    struct sched_group *group = sched_group_join(&groups, task, task->group);

    (void)now;
    if (task->weight > group->word[WEIGHT]) group->word[WEIGHT] = task->weight;
}

static void stride_over_edf_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    struct sched_group *group = sched_group_of(task);
    struct sched_task *last = group->tasks.last;

    (void)now;
    if (why == SCHED_WOKE && group->runnable++ == 0 && group->word[PASS] < least) group->word[PASS] = least;
    while (last && sched_task_due(last) > sched_task_due(task)) last = last->previous;
    sched_list_insert(&group->tasks, task, last ? last->next : group->tasks.first);
}

static struct sched_task *stride_over_edf_pick(uint32_t hart, uint64_t now)
{
    struct sched_group *best = NULL;
    struct sched_task *first = NULL;

    (void)now;
    for (struct sched_group *group = groups.of; group < groups.of + groups.count; group++) {
        struct sched_task *task = sched_list_first(&group->tasks, hart);
        if (!task || (best && group->word[PASS] >= best->word[PASS])) continue;
        best = group;
        first = task;
    }
    if (!best) return NULL;
    if (best->word[PASS] > least) least = best->word[PASS];
    sched_list_remove(&best->tasks, first);
    return first;
}

static void stride_over_edf_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    struct sched_group *group = sched_group_of(task);

    (void)now;
    group->word[PASS] += sched_virtual(used, (uint32_t)group->word[WEIGHT]);
}

static void stride_over_edf_block(struct sched_task *task, uint64_t now)
{
    (void)now;
    sched_group_of(task)->runnable--;
}

static void stride_over_edf_leave(struct sched_task *task, uint64_t now)
{
    (void)now;
    sched_group_leave(task);
}

static bool stride_over_edf_preempts(const struct sched_task *woken, const struct sched_task *running, uint64_t now)
{
    (void)now;
    return sched_group_of(woken) == sched_group_of(running) && sched_task_due(woken) < sched_task_due(running);
}

static bool stride_over_edf_job(struct sched_task *task, uint64_t now)
{
    const struct sched_task *first = sched_list_first(&sched_group_of(task)->tasks, task->hart);

    (void)now;
    return first && sched_task_due(first) < sched_task_due(task);
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
