// SPDX-License-Identifier: BSD-2-Clause
/*
 * Lottery: each decision draws a ticket, and a task has as many as its weight (Waldspurger, Weihl: "Lottery Scheduling:
 * Flexible Proportional-Share Resource Management", OSDI 1994). Who used only a part of its turn has its tickets made
 * worth more in the same ratio until it runs again (compensation tickets), so that tasks that wait get their share,
 * too.
 *
 * Good for shares among tasks that come and go: nothing has to be kept about anybody, nothing can be gamed by coming
 * and going. Bad for short times: the error of a share grows with the root of the number of turns, and nobody's wait is
 * bounded.
 * Promises: of k turns a task of a share p gets kp on average, with the binomial deviation sqrt(kp(1-p)). The same seed
 * draws the same lots. On several harts, those that are queued draw for each hart; a task cannot use more than one of
 * them.
 * Cost: O(log SCHED_TASKS_MAX), whatever n is: a tree of sums; O(n) when whoever won may not run on the hart.
 */
#include <libos/sched/list.h>
#include <libos/sched/random.h>
#include <libos/sched/virtual.h>

enum { TICKETS, USED }; // words: while it is queued; of its present turn

#define TICKETS_SHIFT    10   // of a weight of 1: to compensate in small steps
#define COMPENSATION_MAX 1000 // a turn that was a thousandth of a quantum counts as that

static uint64_t quantum = SCHED_TURN_NS;
static struct sched_queue queue;
static struct sched_random random_state;
// Place i + 1 has the tickets of the tasks with the (i + 1 & -(i + 1)) ids up to i (a Fenwick tree).
static uint64_t sums[SCHED_TASKS_MAX + 1], total;
static struct sched_task *queued[SCHED_TASKS_MAX]; // by id

static void tickets_add(uint32_t id, uint64_t tickets) // negative ones wrap
{
    total += tickets;
    for (uint32_t place = id + 1; place <= SCHED_TASKS_MAX; place += place & -place)
        sums[place] += tickets;
}

// Whose ticket it is, if all of them lie in the order of ids.
static struct sched_task *winner_find(uint64_t ticket)
{
    uint32_t place = 0;

    for (uint32_t step = SCHED_TASKS_MAX; step; step /= 2)
        if (place + step <= SCHED_TASKS_MAX && sums[place + step] <= ticket) {
            place += step;
            ticket -= sums[place];
        }
    return queued[place];
}

// Draws among those that may run there.
static struct sched_task *winner_draw(uint32_t hart)
{
    uint64_t tickets = 0;

    for (struct sched_task *task = queue.first; task; task = task->next)
        tickets += sched_task_may_run(task, hart) ? task->word[TICKETS] : 0;
    if (tickets == 0)
        return NULL;
    tickets = sched_random_below(&random_state, tickets);
    for (struct sched_task *task = queue.first;; task = task->next) {
        if (!sched_task_may_run(task, hart))
            continue;
        if (tickets < task->word[TICKETS])
            return task;
        tickets -= task->word[TICKETS];
    }
}

static void lottery_start(uint32_t harts, uint64_t seed)
{
    (void)harts;
    random_state.state = seed;
    queue = (struct sched_queue){0};
    total = 0;
    for (size_t i = 0; i <= SCHED_TASKS_MAX; i++)
        sums[i] = 0;
}

static void lottery_admit(struct sched_task *task, uint64_t now)
{
    (void)now;
    task->word[TICKETS] = (uint64_t)task->weight << TICKETS_SHIFT;
    task->word[USED] = 0;
}

static void lottery_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    (void)why;
    (void)now;
    queued[task->id] = task;
    tickets_add(task->id, task->word[TICKETS]);
    sched_list_append(&queue, task);
}

static void lottery_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    uint64_t least = quantum / COMPENSATION_MAX;
    (void)now;

    task->word[USED] += used;
    used = task->word[USED] > quantum ? quantum : task->word[USED] < least ? least : task->word[USED];
    task->word[TICKETS] = ((uint64_t)task->weight << TICKETS_SHIFT) * quantum / used;
}

static struct sched_task *lottery_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    if (total == 0)
        return NULL;
    struct sched_task *task = winner_find(sched_random_below(&random_state, total));
    if (!sched_task_may_run(task, hart))
        task = winner_draw(hart);
    if (!task)
        return NULL;
    tickets_add(task->id, -task->word[TICKETS]);
    sched_list_remove(&queue, task);
    task->word[USED] = 0;
    return task;
}

static uint64_t lottery_turn(const struct sched_task *task, uint64_t now)
{
    (void)task;
    (void)now;
    return quantum;
}

static const struct sched_parameter parameters[] = {
    {"quantum", "how long the winner of a lot runs, in nanoseconds", &quantum, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_lottery = {
    .name = "lottery",
    .text = "shares by chance: each turn draws a ticket, weights are tickets",
    .parameters = parameters,
    .start = lottery_start,
    .admit = lottery_admit,
    .enqueue = lottery_enqueue,
    .charge = lottery_charge,
    .pick = lottery_pick,
    .turn = lottery_turn,
};
