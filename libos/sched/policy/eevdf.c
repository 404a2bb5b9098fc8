// SPDX-License-Identifier: BSD-2-Clause
/*
 * Earliest eligible virtual deadline first (Stoica, Abdel-Wahab: ODU TR-95-22, 1995; Linux since 6.6): the baseline
 * that the others are compared with. Each task asks for `slice` of time again and again. Its virtual run time advances
 * by what it used divided by its weight, the virtual time is the weighted mean of all of these, and a task's lag is how
 * far it is behind that. Eligible is who is not ahead, and of those runs the one whose request is to be done first: its
 * deadline is the virtual run time at which the request began, and slice / weight. Who waits keeps its lag, and comes
 * back with it.
 *
 * Good for nearly everything: exact shares, latency that follows from the slice and not from n, and nothing is gained
 * by waiting. Bad where deadlines in real time count: it knows none. Promises: on one hart, while nobody comes or goes,
 * nobody is behind or ahead of its share by more than one slice, and nothing better is possible. Several harts take
 * from the same heaps; where all that are eligible run already, the next to be so does.
 * Cost: O(log n), amortised: a task goes from one heap to the other once per turn, and when somebody far behind comes.
 */
#include <libos/sched/heap.h>
#include <libos/sched/virtual.h>

enum { VIRTUAL, DEADLINE, LAG, SINCE }; // words: run time; of its request; while it waits; when charged or picked last

static uint64_t slice = 3000000, parity;
// By virtual run time; by deadline. Who is in one may belong into the other by now.
static struct sched_heap ahead, eligible;
static struct sched_mean mean;  // of those that are queued or run
static uint64_t clock, running; // the mean is that of this time; so many tasks run

static int64_t behind(const struct sched_task *task)
{
    return (int64_t)(mean.value - task->word[VIRTUAL]);
}

// What those that run have used by now counts for the mean, though they have not been charged yet.
static void advance(uint64_t now)
{
    sched_mean_move(&mean, (int64_t)((now - clock) * running << SCHED_VIRTUAL_SHIFT));
    clock = now;
}

// It asks for another slice.
static void request(struct sched_task *task)
{
    task->word[DEADLINE] = task->word[VIRTUAL] + sched_virtual(slice, task->weight);
}

static void eevdf_start(uint32_t harts, uint64_t seed)
{
    (void)harts;
    (void)seed;
    sched_heap_clear(&ahead);
    sched_heap_clear(&eligible);
    mean = (struct sched_mean){.value = 1ul << 60}; // somebody may be far behind right at the start
    clock = running = 0;
}

static void eevdf_admit(struct sched_task *task, uint64_t now)
{
    (void)now;
    task->word[LAG] = 0;
}

static void eevdf_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    running -= why != SCHED_WOKE;
    if (why == SCHED_WOKE) {
        advance(now);
        task->word[VIRTUAL] = sched_mean_join(&mean, task->weight, (int64_t)task->word[LAG]);
    }
    if (why == SCHED_WOKE || why == SCHED_YIELDED || task->word[VIRTUAL] >= task->word[DEADLINE])
        request(task);
    sched_heap_insert(&ahead, task, task->word[VIRTUAL]);
}

static void eevdf_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    uint64_t units = sched_virtual(used, task->weight);

    advance(now);
    sched_mean_move(&mean, (int64_t)(units * task->weight - ((now - task->word[SINCE]) << SCHED_VIRTUAL_SHIFT)));
    task->word[VIRTUAL] += units;
    task->word[SINCE] = now;
}

static void eevdf_block(struct sched_task *task, uint64_t now)
{
    running--;
    advance(now);
    int64_t lag = behind(task), most = (int64_t)sched_virtual(slice, task->weight);
    task->word[LAG] = (uint64_t)(lag > most ? most : lag < -most ? -most : lag);
    sched_mean_part(&mean, task->weight, lag);
}

static struct sched_task *eevdf_pick(uint32_t hart, uint64_t now)
{
    struct sched_task *task;

    advance(now);
    while ((task = sched_heap_first(&ahead)) && behind(task) >= 0) {
        sched_heap_remove(&ahead, task);
        sched_heap_insert(&eligible, task, task->word[DEADLINE]);
    }
    while ((task = sched_heap_take(&eligible, hart)) && behind(task) < 0)
        sched_heap_insert(&ahead, task, task->word[VIRTUAL]); // somebody came who was far behind
    if (!task)
        task = sched_heap_take(&ahead, hart);
    if (task) {
        task->word[SINCE] = now;
        running++;
    }
    return task;
}

static uint64_t eevdf_turn(const struct sched_task *task, uint64_t now)
{
    (void)now;
    return sched_virtual_time(task->word[DEADLINE] - task->word[VIRTUAL], task->weight);
}

static bool eevdf_preempts(const struct sched_task *woken, const struct sched_task *runs, uint64_t now)
{
    (void)now;
    return !parity && behind(woken) >= 0 && woken->word[DEADLINE] < runs->word[DEADLINE];
}

static const struct sched_parameter parameters[] = {
    {"slice", "what a task asks for at a time, in nanoseconds", &slice, 1000, 100000000},
    {"parity", "1: who runs finishes its request though one with an earlier deadline wakes", &parity, 0, 1},
    {0},
};

const struct sched_ops sched_eevdf = {
    .name = "eevdf",
    .text = "earliest eligible virtual deadline first: exact shares, nobody off by more than a slice",
    .parameters = parameters,
    .start = eevdf_start,
    .admit = eevdf_admit,
    .enqueue = eevdf_enqueue,
    .charge = eevdf_charge,
    .block = eevdf_block,
    .pick = eevdf_pick,
    .turn = eevdf_turn,
    .preempts = eevdf_preempts,
};
