// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the policies that go by urgency promise (the headers of libos/sched/policy/): whoever is most urgent runs,
 * whoever waits for a lock lends its urgency, nobody starves under MLFQ, and the first that came is the first that
 * goes. SEED=N replays.
 */
#include "events.h"
#include "lead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define EVENTS 20000
#define DAYS   10

static uint64_t parameter(const struct sched_ops *ops, const char *name)
{
    for (const struct sched_parameter *one = ops->parameters; one->name; one++)
        if (strcmp(one->name, name) == 0)
            return *one->value;
    fail_msg("%s has no parameter %s", ops->name, name);
    return 0;
}

// Priority

static int64_t own(const struct sched_task *task)
{
    return task->priority;
}

// With what is lent to it through locks: as much as it takes, one lock after the other.
static int64_t lent(const struct sched_task *task)
{
    int64_t most = task->priority;

    for (uint32_t id = 0; id < EVENTS_TASKS_MAX; id++) {
        const struct sched_task *one = &events_tasks[id];
        if (one->state == SCHED_GONE || one == task)
            continue;
        const struct sched_task *owner = events_owner(one);
        while (owner && owner != task)
            owner = events_owner(owner);
        if (owner && one->priority > most)
            most = one->priority;
    }
    return most;
}

static int64_t (*urgency)(const struct sched_task *task);

// No task that is queued is more urgent than one that runs, and none is queued beside an idle hart.
static void check_urgency(const struct events *events, uint64_t now)
{
    for (uint32_t id = 0; id < events->tasks; id++) {
        const struct sched_task *task = &events_tasks[id];
        if (task->state != SCHED_QUEUED)
            continue;
        for (uint32_t hart = 0; hart < events->harts; hart++) {
            const struct sched_task *running = sched_running(hart);
            if (!running)
                fail_msg("%s, SEED=%lu: hart %u idles at %lu ns", events->ops->name, (unsigned long)events->seed, hart,
                         (unsigned long)now);
            if (urgency(task) > urgency(running))
                fail_msg("%s, SEED=%lu: task %u waits for task %u, which is less urgent, at %lu ns", events->ops->name,
                         (unsigned long)events->seed, task->id, running->id, (unsigned long)now);
        }
    }
}

static void urgent_days(const struct sched_ops *ops, int64_t (*how)(const struct sched_task *task))
{
    uint64_t seed = lead_seed(ops->name), blocked = 0;

    urgency = how;
    for (uint32_t i = 0; i < DAYS; i++) {
        struct events events = {.ops = ops, .harts = 1 + i % 4, .seed = seed + i, .tasks = 3 + i * 2, .count = EVENTS,
                                .everywhere = true, .locks = true, .check = check_urgency};
        events_run(&events);
        blocked += events.blocked;
    }
    assert_true(blocked > DAYS * 100);
}

static void test_prio(void **state)
{
    (void)state;
    urgent_days(&sched_prio, own);
}

static void test_prio_inherit(void **state)
{
    (void)state;
    urgent_days(&sched_prio_inherit, lent);
}

// Equals take turns: nobody gets more than a quantum more than another, though an urgent one interrupts them all the
// time; and whoever was interrupted goes on first, so there are no more changes than quanta.
static void equals_test(const struct sched_ops *ops)
{
    struct lead_task tasks[4] = {lead_ready(1), lead_ready(1), lead_ready(1), lead_sleeper(100 * US, 700 * US)};
    struct lead lead = {.ops = ops, .harts = 1, .until = 1000 * MS, .tasks = tasks, .count = 4};
    uint64_t quantum = parameter(ops, "quantum"), ran[4] = {0}, changes = 0;
    uint32_t last = 3;

    tasks[3].task.priority = 1;
    lead_run(&lead);
    for (size_t i = 0; i < lead.spans_count; i++) {
        uint32_t task = lead.spans[i].task;
        ran[task] += lead.spans[i].to - lead.spans[i].from;
        for (int j = 0; j < 3; j++)
            assert_true(ran[j] <= ran[(j + 1) % 3] + quantum);
        changes += task < 3 && task != last;
        last = task < 3 ? task : last;
    }
    assert_true(changes <= lead.until / quantum + 1);
    assert_int_equal(tasks[3].wait_most, 0);
    assert_true(tasks[3].done > 1000);
    lead_forget(&lead);
}

static void test_equals(void **state)
{
    (void)state;
    equals_test(&sched_prio);
    equals_test(&sched_prio_inherit);
}

/*
 * Mars Pathfinder: a low task takes a lock, a high one wants it, a medium one has work without end. With inheritance,
 * the high one waits for the low one's critical section and no longer; without it, for the medium one.
 */
static struct lead_task low, medium, high;

static void pathfinder(const struct sched_ops *ops)
{
    struct lead_task tasks[3] = {lead_periodic(1000 * MS, 10 * MS), lead_periodic(1000 * MS, 400 * MS),
                                 lead_periodic(1000 * MS, 5 * MS)};
    struct lead lead = {.ops = ops, .harts = 1, .until = 10000 * MS, .tasks = tasks, .count = 3};

    for (int i = 0; i < 3; i++)
        tasks[i].task.priority = i;
    tasks[0].lock = tasks[2].lock = 1;
    tasks[0].lock_after = 1 * MS;
    tasks[0].lock_for = 4 * MS;
    tasks[2].lock_after = 1 * MS;
    tasks[2].lock_for = 1 * MS;
    tasks[1].offset = 3 * MS; // both come while the low one has the lock
    tasks[2].offset = 2 * MS;
    lead_run(&lead);
    low = tasks[0];
    medium = tasks[1];
    high = tasks[2];
    assert_true(high.done >= 9 && low.done >= 9 && medium.done >= 9);
    lead_forget(&lead);
}

static void test_inversion(void **state)
{
    (void)state;
    pathfinder(&sched_prio);
    assert_true(high.response_most > 400 * MS); // the inversion is real
    pathfinder(&sched_prio_inherit);
    assert_true(high.response_most <= (5 + 4) * MS); // its own work, and the critical section of the low one
}

// No starvation

// The longest that a task which always had work was queued.
static uint64_t gap_most(const struct lead *lead, uint32_t task)
{
    uint64_t last = 0, most = 0;

    for (size_t i = 0; i < lead->spans_count; i++) {
        if (lead->spans[i].task != task)
            continue;
        most = lead->spans[i].from - last > most ? lead->spans[i].from - last : most;
        last = lead->spans[i].to;
    }
    return lead->until - last > most ? lead->until - last : most;
}

// Sleepers that stay on top and want more than there is, above tasks that compute.
static void test_mlfq(void **state)
{
    uint64_t seed = lead_seed("mlfq"), quantum = parameter(&sched_mlfq, "quantum"), worst = 0;
    struct lead_task tasks[12];
    (void)state;

    for (uint64_t set = seed; set < seed + 20; set++) {
        struct lead lead = {.ops = &sched_mlfq, .harts = 1, .seed = set, .until = 8000 * MS, .tasks = tasks};
        uint64_t chance = set;
        lead.count = (uint32_t)lead_between(&chance, 4, 12);
        uint32_t hogs = (uint32_t)lead_between(&chance, 1, lead.count / 2);
        for (uint32_t i = 0; i < lead.count; i++)
            tasks[i] = i < hogs ? lead_ready(1)
                                : lead_sleeper(lead_between(&chance, quantum / 2, quantum - 1), quantum);
        lead_run(&lead);
        uint64_t bound = parameter(&sched_mlfq, "aging") + (quantum << 5) + lead.count * quantum;
        for (uint32_t i = 0; i < hogs; i++) {
            uint64_t gap = gap_most(&lead, i);
            worst = gap > worst ? gap : worst;
            if (gap > bound)
                fail_msg("SEED=%lu: task %u of %u was queued for %lu ms", (unsigned long)set, i, lead.count,
                         (unsigned long)(gap / MS));
        }
        lead_forget(&lead);
    }
    assert_true(worst > parameter(&sched_mlfq, "aging")); // without aging they would have waited for longer
}

// Who computes sinks below who mostly waits, and who waits again comes up again.
static void test_mlfq_levels(void **state)
{
    struct lead_task tasks[3] = {lead_ready(1), lead_ready(1), lead_sleeper(1 * MS, 20 * MS)};
    struct lead lead = {.ops = &sched_mlfq, .harts = 1, .until = 10000 * MS, .tasks = tasks, .count = 3};
    (void)state;

    lead_run(&lead);
    assert_true(tasks[2].done >= 450);
    assert_true(tasks[2].wait < tasks[2].wakes * 100 * US); // on average; it waits when the others are on top
    lead_forget(&lead);
}

static void test_fifo(void **state)
{
    struct lead_task tasks[5];
    struct lead lead = {.ops = &sched_fifo, .harts = 1, .until = 1000 * MS, .tasks = tasks, .count = 5};
    (void)state;

    for (uint32_t i = 0; i < 5; i++) { // they come in the order 4 ... 0
        tasks[i] = lead_periodic(1000 * MS, (20 + 20 * i) * MS);
        tasks[i].offset = (5 - i) * MS;
    }
    lead_run(&lead);
    assert_int_equal(lead.spans_count, 5);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(lead.spans[i].task, 4 - i);
    lead_forget(&lead);
}

static void test_round_robin(void **state)
{
    uint64_t quantum = parameter(&sched_round_robin, "quantum");
    struct lead_task tasks[6];
    struct lead lead = {.ops = &sched_round_robin, .harts = 1, .seed = 1, .until = 3000 * MS, .tasks = tasks,
                        .count = 6};
    (void)state;

    for (uint32_t i = 0; i < 6; i++)
        tasks[i] = i < 3 ? lead_ready(1) : lead_random(1 * MS, 30 * MS, 40 * MS);
    lead_run(&lead);
    for (uint32_t i = 0; i < 6; i++)
        assert_true(i < 3 ? gap_most(&lead, i) <= 5 * quantum : tasks[i].wait_most <= 5 * quantum);
    lead_forget(&lead);
}

// An argument: only the tests of such names.
int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prio),
        cmocka_unit_test(test_prio_inherit),
        cmocka_unit_test(test_equals),
        cmocka_unit_test(test_inversion),
        cmocka_unit_test(test_mlfq),
        cmocka_unit_test(test_mlfq_levels),
        cmocka_unit_test(test_fifo),
        cmocka_unit_test(test_round_robin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
