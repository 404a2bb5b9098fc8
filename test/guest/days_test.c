// SPDX-License-Identifier: BSD-2-Clause
// The recorded day of test/sched/days.h under threads, or, with the argument envs, under a scheduler environment: whom
// each policy picks is what it picks on the host.
#include "guest.h"
#include <stdlib.h>
#include <test/sched/day_clock.h>
#include <test/sched/days.h>

#define SLOTS      (SLOT_FREE + 8)  // of the scheduler, for each environment
#define SLOT_PEERS (SLOT_FREE + 32) // to notify each
#define WAKE       (1ul << 40)
#define STACK      4096

static const char day[] = DAY;
static volatile size_t place;
static char picks[sizeof(day)];
static size_t picked;
static uint32_t first_id; // threads count from 0, what is on a board from 1

// Whom the day leaves runnable at its end is picked again, to end: that is not recorded.
static void pick_note(enum sched_note note, const struct sched_task *task, uint32_t hart, enum sched_end end, uint64_t now)
{
    (void)hart, (void)end, (void)now;
    if (note == SCHED_NOTE_RUN && day[place] && task->id != THREAD_FIRST)
        picks[picked++] = (char)('a' + task->id - first_id);
}

struct place {
    void (*wake)(word_t number);
    void (*yield)(void);
    void (*block)(word_t number);
};

// Less than the policy hears of, so that the day is short.
static void work(const struct place *in, char digit)
{
    time_pass_us(DAY_WORK(digit) / 10000);
    day_work(DAY_WORK(digit));
    if (day_is_over())
        in->yield();
}

static void live(const struct place *in, word_t number)
{
    while (day[place]) {
        char what = day[place];
        place = place + 1;
        if (what >= 'a' && what < 'a' + DAY_TASKS)
            in->wake((word_t)(what - 'a'));
        else if (what >= '1' && what <= '9')
            work(in, what);
        else if (what == '.')
            in->yield();
        else if (number != DAY_TASKS - 1)
            in->block(number);
    }
}

static struct thread *threads[DAY_TASKS];

static void thread_wakes(word_t number)
{
    if (thread_task(threads[number])->state == SCHED_BLOCKED)
        thread_unpark(threads[number]);
}

static void thread_blocks(word_t number)
{
    (void)number;
    thread_park();
}

static const struct place in_threads = {thread_wakes, thread_yield, thread_blocks};

static word_t thread_lives(word_t number)
{
    live(&in_threads, number);
    for (word_t other = 0; other < DAY_TASKS; other++)
        thread_wakes(other);
    return 0;
}

static void day_of_threads(const struct sched_ops *ops)
{
    const struct sched_hooks hooks = {.note = pick_note};
    word_t start = time_now() + time_from_us(50000);

    thread_policy_watched(day_ops(ops), 1, &hooks);
    for (uint32_t id = 0; id < DAY_TASKS; id++) {
        const struct thread_options options = {.weight = DAY_WEIGHT(id), .priority = DAY_PRIORITY(id), .start = start,
                                               .group = DAY_GROUP(id), .period = DAY_PERIOD(id),
                                               .deadline = DAY_PERIOD(id), .budget = DAY_BUDGET(id), .due = DAY_DUE(id),
                                               .remaining = day_remaining(ops, DAY_PERIOD(id))};
        threads[id] = thread_create_with(thread_lives, id, &options);
        CHECK(threads[id] != NULL);
    }
    for (uint32_t id = 0; id < DAY_TASKS; id++)
        thread_join(threads[id]);
}

static struct scheduled workers[DAY_TASKS];
static word_t saves; // their save areas
static char stacks[DAY_TASKS][STACK] __attribute__((aligned(16)));

static void worker_wakes(word_t number)
{
    if (workers[number].task.state == SCHED_BLOCKED)
        sys_env_notify(SLOT_PEERS + number, WAKE);
}

static void worker_yields(void) { sys_slice_yield(); }

static void worker_blocks(word_t number)
{
    sys_slice_wait(WAKE, 0);
    *(volatile word_t *)(saves + number * PAGE_SIZE + SAVE_PENDING) = 0; // nobody else sets events of a worker's
}

static const struct place in_envs = {worker_wakes, worker_yields, worker_blocks};

static void worker_lives(word_t number)
{
    live(&in_envs, number);
    for (word_t other = 0; other < DAY_TASKS; other++)
        worker_wakes(other);
    sys_env_exit(0);
}

static void worker_make(uint32_t id, const struct sched_ops *ops)
{
    memset(stacks[id], 1, STACK); // it is there
    workers[id] = (struct scheduled){.task = {.weight = DAY_WEIGHT(id), .priority = DAY_PRIORITY(id), .period = DAY_PERIOD(id),
                                              .group = DAY_GROUP(id), .deadline = DAY_PERIOD(id), .budget = DAY_BUDGET(id),
                                              .due = DAY_DUE(id), .remaining = day_remaining(ops, DAY_PERIOD(id))}};
    workers[id].env = worker_create(worker_lives, id, (word_t)stacks[id] + STACK);
    CHECK(workers[id].env != 0);
    CHECK_EQUAL(vm_bind(0, saves + id * PAGE_SIZE, workers[id].env + 1, 1, RIGHT_READ | RIGHT_WRITE), ERR_OK);
    CHECK_EQUAL(sys_cap_mint(SLOT_PEERS + id, workers[id].env, RIGHT_NOTIFY).error, ERR_OK);
}

static void day_of_envs(const struct sched_ops *ops)
{
    const struct sched_hooks hooks = {.note = pick_note};

    first_id = 1;
    saves = vm_window_open(DAY_TASKS);
    CHECK(saves != 0);
    CHECK(scheduler_begin(day_ops(ops), 1, &hooks, SLOTS) == NULL);
    for (uint32_t id = 0; id < DAY_TASKS; id++)
        worker_make(id, ops);
    for (uint32_t id = 0; id < DAY_TASKS; id++) {
        for (uint32_t other = 0; other < DAY_TASKS; other++)
            CHECK_EQUAL(sys_cap_grant(SLOT_PEERS + other, workers[id].env, SLOT_PEERS + other, RIGHT_NOTIFY).error, ERR_OK);
        CHECK(scheduler_add(&workers[id], workers[id].env) == NULL);
    }
    CHECK(!scheduler_run(time_now() + time_from_us(10000000)));
    for (uint32_t id = 0; id < DAY_TASKS; id++)
        worker_destroy(workers[id].env);
}

// One policy a program: threads have one until it ends.
int main(int argc, char **argv)
{
    const char *recorded = NULL;
    const struct sched_ops *ops = NULL;

    if (argc != 3)
        return 2;
#define PICKS(name, letters)          \
    if (strcmp(argv[2], #name) == 0)  \
        recorded = letters, ops = &sched_##name;
#include <test/sched/days.h>
#undef PICKS
    if (!ops)
        return 2;
    if (strcmp(argv[1], "threads") == 0)
        day_of_threads(ops);
    else
        day_of_envs(ops);
    CHECK(sched_misuse() == NULL);
    CHECK_TEXT(picks, recorded);
    return guest_end();
}
