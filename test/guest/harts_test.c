// SPDX-License-Identifier: BSD-2-Clause
/*
 * A scheduler environment on all harts: who runs where and beside whom, wake-ups from hart to hart, locks and barriers,
 * harts with nothing to do, and policies that break rules. Everything waits for something to happen and for no time, so
 * the host may be slow.
 */
#include "guest.h"
#include <stdlib.h>

#define WORKERS    8
#define SLOTS      (SLOT_FREE + 32) // of the scheduler
#define SLOT_PEERS (SLOT_FREE + 8)  // to notify workers
#define STACK      4096
#define WAKE       (1ul << 40)
#define ROUNDS     200
#define LONG_US    60000000ul // nothing takes so long, unless it never ends

static struct scheduled workers[WORKERS];
static char stacks[WORKERS][STACK] __attribute__((aligned(16)));
static uint32_t harts;
static volatile word_t counts[WORKERS], total, inside, done;
static word_t saves; // workers' save areas
static uint64_t ran_on[WORKERS]; // harts, by the driver's numbers
static struct scheduled_mutex mutex;
static struct scheduled_barrier barrier;

static void noted(enum sched_note note, const struct sched_task *task, uint32_t hart, enum sched_end end, uint64_t now)
{
    (void)end, (void)now;
    if (note == SCHED_NOTE_RUN)
        ran_on[(const struct scheduled *)task - workers] |= 1ul << hart;
}

static void begin(const struct sched_ops *ops)
{
    static const struct sched_hooks hooks = {.note = noted};

    total = inside = done = 0;
    memset(ran_on, 0, sizeof(ran_on));
    CHECK(scheduler_begin_on(harts, ops, 1, &hooks, SLOTS) == NULL);
}

static void add(word_t number, void (*entry)(word_t), int32_t priority, uint64_t on)
{
    memset(stacks[number], 1, STACK); // it is there
    counts[number] = 0;
    workers[number] = (struct scheduled){.task = {.priority = priority, .harts = on}};
    env_t env = worker_create(entry, number, (word_t)stacks[number] + STACK);
    CHECK(env != 0);
    CHECK(scheduler_add(&workers[number], env) == NULL);
}

static void all_end(size_t count)
{
    CHECK(!scheduler_run(time_now() + time_from_us(LONG_US)));
    for (size_t i = 0; i < count; i++)
        worker_destroy(workers[i].env);
}

static word_t add_to(volatile word_t *sum, word_t count)
{
    return __atomic_add_fetch(sum, count, __ATOMIC_SEQ_CST);
}

// Nobody goes on before all are there; under a policy that takes no hart away, they are so at the same time.
static void meet(word_t number)
{
    add_to(&total, 1);
    while (total < harts)
        continue;
    sys_env_exit(number);
}

static void beside_test(void)
{
    begin(&sched_fifo);
    for (word_t i = 0; i < harts; i++)
        add(i, meet, 0, 0);
    all_end(harts);
    CHECK_EQUAL(total, harts);
    CHECK(sched_misuse() == NULL);
}

static void yield_often(word_t number)
{
    for (word_t i = 0; i < ROUNDS; i++) {
        sys_slice_yield();
        counts[number]++;
    }
    sys_env_exit(0);
}

// More than there are harts, and each only where it may be.
static void affinity_test(const struct sched_ops *ops)
{
    begin(ops);
    for (word_t i = 0; i < WORKERS; i++)
        add(i, yield_often, 0, 1ul << i % harts);
    all_end(WORKERS);
    for (word_t i = 0; i < WORKERS; i++) {
        CHECK_EQUAL(counts[i], ROUNDS);
        CHECK_EQUAL(ran_on[i], 1ul << i % harts);
    }
    CHECK(sched_misuse() == NULL);
}

static void worker_wait(word_t number)
{
    sys_slice_wait(WAKE, 0);
    *(volatile word_t *)(saves + number * PAGE_SIZE + SAVE_PENDING) = 0; // nobody else sets events of a worker's
}

// Each wakes the next one and waits for the one before: on all harts, one after the other.
static void pass_on(word_t number)
{
    for (word_t i = 0; i < ROUNDS; i++) {
        if (number != 0)
            worker_wait(number);
        counts[number]++;
        sys_env_notify(SLOT_PEERS + (number + 1) % harts, WAKE);
        if (number == 0)
            worker_wait(number);
    }
    sys_env_exit(0);
}

static void peers_grant(void)
{
    for (uint32_t i = 0; i < harts; i++)
        for (uint32_t other = 0; other < harts; other++)
            CHECK_EQUAL(sys_cap_grant(SLOT_PEERS + other, workers[i].env, SLOT_PEERS + other, RIGHT_NOTIFY).error, ERR_OK);
}

static void wake_test(void)
{
    begin(&sched_round_robin);
    for (uint32_t i = 0; i < harts; i++) {
        memset(stacks[i], 1, STACK);
        counts[i] = 0;
        workers[i] = (struct scheduled){.task = {.harts = 1ul << i}};
        workers[i].env = worker_create(pass_on, i, (word_t)stacks[i] + STACK);
        CHECK_EQUAL(vm_bind(0, saves + i * PAGE_SIZE, workers[i].env + 1, 1, RIGHT_READ | RIGHT_WRITE), ERR_OK);
        CHECK_EQUAL(sys_cap_mint(SLOT_PEERS + i, workers[i].env, RIGHT_NOTIFY).error, ERR_OK);
    }
    peers_grant();
    for (uint32_t i = harts; i-- > 0;)
        CHECK(scheduler_add(&workers[i], workers[i].env) == NULL);
    CHECK(!scheduler_run(time_now() + time_from_us(LONG_US)));
    for (uint32_t i = 0; i < harts; i++) {
        CHECK_EQUAL(counts[i], ROUNDS);
        CHECK_EQUAL(ran_on[i], 1ul << i);
        sys_pte_unmap(0, saves + i * PAGE_SIZE, 1);
        worker_destroy(workers[i].env);
        sys_cap_drop(SLOT_PEERS + i);
    }
}

static void compute(word_t number)
{
    while (!done)
        counts[number]++;
    sys_env_exit(0);
}

#define SOON 4 // times, one after the other

// Until it was woken soon enough again and again: long before the hart's slice ended, which brings the scheduler's
// orders, too.
static void sleep_often(word_t number)
{
    while (counts[number] < SOON) {
        word_t until = time_now() + time_from_us(1000);
        sys_slice_wait(0, until);
        counts[number] = time_now() - until < machine()->slice_ticks / 2 ? counts[number] + 1 : 0;
    }
    done = 1;
    sys_env_exit(0);
}

// It sleeps, and has the last hart from who computes there when it wakes: nobody's turn ends by itself under this
// policy.
static void preempt_test(void)
{
    static uint64_t for_ever = ~0ul;
    struct sched_ops ops = sched_prio;

    ops.quantum = &for_ever;
    ops.turn = NULL;
    begin(&ops);
    add(0, compute, 1, 1ul << (harts - 1));
    add(1, sleep_often, 2, 1ul << (harts - 1));
    all_end(2);
    CHECK_EQUAL(counts[1], SOON);
    CHECK_EQUAL(ran_on[1], 1ul << (harts - 1));
    CHECK(sched_statistics()->preemptions > 0);
}

// Nobody else may be between lock and unlock, wherever he runs.
static void lock_often(word_t number)
{
    for (word_t i = 0; i < ROUNDS; i++) {
        scheduled_lock(&workers[number], &mutex);
        if (add_to(&inside, 1) != 1)
            done = 1;
        total = total + 1;
        if (i % 8 == 0)
            sys_slice_yield();
        add_to(&inside, ~0ul);
        scheduled_unlock(&workers[number], &mutex);
    }
    sys_env_exit(0);
}

static void lock_test(const struct sched_ops *ops)
{
    begin(ops);
    mutex = (struct scheduled_mutex){0};
    for (word_t i = 0; i < WORKERS; i++)
        add(i, lock_often, (int32_t)(i % 3), 0);
    all_end(WORKERS);
    CHECK_EQUAL(total, WORKERS * ROUNDS);
    CHECK(!done);
    CHECK(mutex.word == 0 && mutex.waiters == NULL);
    CHECK(sched_misuse() == NULL);
}

// In no round is anybody further than one step before the others.
static void meet_often(word_t number)
{
    for (word_t i = 0; i < ROUNDS; i++) {
        counts[number] = i;
        for (word_t other = 0; other < WORKERS; other++)
            if (counts[other] + 1 < i)
                done = 1;
        scheduled_meet(&workers[number], &barrier);
        scheduled_job(&workers[number], 0, 0);
    }
    add_to(&total, 1);
    sys_env_exit(0);
}

static void barrier_test(void)
{
    begin(&sched_eevdf);
    barrier = (struct scheduled_barrier){.count = WORKERS};
    for (word_t i = 0; i < WORKERS; i++)
        add(i, meet_often, 0, 0);
    all_end(WORKERS);
    CHECK_EQUAL(total, WORKERS);
    CHECK(!done);
}

// At the ends of turns.
static word_t used_by_others(void)
{
    word_t used = 0;

    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            if (slice_entry(hart, position)->env != self())
                used += slice_entry(hart, position)->used;
    return used;
}

// Until nothing is used elsewhere for several turns: they may have to finish what was to be done at first.
static void compute_and_look(word_t number)
{
    word_t before;

    do {
        before = used_by_others();
        for (word_t until = time_now() + 4 * machine()->slice_ticks; time_now() < until;)
            counts[number]++;
    } while (used_by_others() != before);
    sys_env_exit(0);
}

// While one child runs on the scheduler's own hart, nobody uses time on the others: they sleep.
static void idle_test(void)
{
    begin(&sched_round_robin);
    add(0, compute_and_look, 0, 1);
    all_end(1);
    CHECK(counts[0] > 0);
}

// Taken off while it computes, wherever that is; and many come and go, so that places on the board are used again.
static void remove_test(void)
{
    begin(&sched_round_robin);
    for (word_t i = 0; i < harts; i++)
        add(i, compute, 0, 1ul << i);
    while (!counts[harts - 1])
        scheduler_run(time_now() + time_from_us(1000));
    scheduler_remove(&workers[harts - 1]);
    word_t had = counts[harts - 1];
    done = 1;
    all_end(harts);
    CHECK_EQUAL(counts[harts - 1], had);
    for (word_t i = 0; i < 50; i++) {
        done = 1;
        add(0, compute, 0, 1ul << i % harts);
        all_end(1);
        CHECK_EQUAL(ran_on[0], 1ul << i % harts);
        ran_on[0] = 0;
    }
}

static unsigned decisions;
static struct sched_task **volatile nowhere = NULL;

static struct sched_task *loop_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    for (volatile bool for_ever = ++decisions > 50; for_ever;)
        continue;
    return sched_queue_first(hart);
}

static struct sched_task *crash_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return ++decisions > 50 ? *nowhere : sched_queue_first(hart);
}

static struct sched_task *lazy_pick(uint32_t hart, uint64_t now)
{
    (void)now;
    return ++decisions > 50 ? NULL : sched_queue_first(hart);
}

static void broken_test(struct sched_task *(*pick)(uint32_t, uint64_t), enum sched_fault fault)
{
    const struct sched_ops ops = {.name = "broken", .pick = pick};

    decisions = 0;
    begin(&ops);
    for (word_t i = 0; i < WORKERS; i++)
        add(i, yield_often, 0, 0);
    all_end(WORKERS);
    for (word_t i = 0; i < WORKERS; i++)
        CHECK_EQUAL(counts[i], ROUNDS);
    CHECK(sched_misuse() && sched_misuse()->fault == fault);
}

int main(void)
{
    harts = scheduler_harts();
    CHECK_EQUAL(harts, machine()->hart_count);
    saves = vm_window_open(WORKERS);
    beside_test();
    affinity_test(&sched_round_robin);
    affinity_test(&sched_work_stealing);
    wake_test();
    preempt_test();
    lock_test(&sched_round_robin);
    lock_test(&sched_prio_inherit);
    barrier_test();
    idle_test();
    remove_test();
    broken_test(loop_pick, SCHED_FAULT_LOOP);
    broken_test(crash_pick, SCHED_FAULT_CRASH);
    broken_test(lazy_pick, SCHED_FAULT_NOTHING);
    scheduler_end();
    CHECK_EQUAL(scheduler_harts(), harts);
    return guest_end();
}
