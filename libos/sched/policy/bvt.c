// SPDX-License-Identifier: BSD-2-Clause
/*
 * Borrowed virtual time (Duda, Cheriton: "Borrowed-virtual-time scheduling", SOSP 1999). A task's actual virtual time
 * advances by what it used divided by its weight; the least effective virtual time runs next, until it is ahead of the
 * next by `allowance`. Who waited begins where the others are by now. Tasks of a priority above 0 are warped: their
 * effective virtual time is earlier by `warp`, so that they run at once when they wake, on time that they borrow from
 * their own future. Who has run warped for `limit` without a wait goes on unwarped until it has waited once.
 *
 * Good for shares of which a few must answer soon. Bad where the urgent need more than their share: when what they may
 * borrow is spent they are as late as everybody. Promises: of two tasks i, j that stay runnable and are not warped,
 * |used_i / weight_i - used_j / weight_j| is allowance / the lesser weight at most; one that is warped gains the warp
 * over others once, and no more. Several harts take from one heap; a task whose share would be more than a hart gets a
 * hart.
 * Cost: O(log n).
 */
#include <libos/sched/heap.h>
#include <libos/sched/virtual.h>

// Words: virtual time; when it was charged or picked last; how long it has run since its last wait; its turn.
enum { ACTUAL, SINCE, WARPED, TURN };

static uint64_t allowance = 5000000, warp = 50000000, limit = 25000000;
static struct sched_heap heap; // by effective virtual time
static uint64_t least; // nobody's actual virtual time was less when somebody was picked last; it never goes back

static bool is_warped(const struct sched_task *task)
{
    return task->priority > 0 && task->word[WARPED] < limit;
}

// Effective virtual time: later by the longest warp for everybody, because it must not be negative.
static uint64_t effective(const struct sched_task *task)
{
    uint64_t unwarped = task->word[ACTUAL] + sched_virtual(warp, 1);

    return is_warped(task) ? unwarped - sched_virtual(warp, task->weight) : unwarped;
}

static void bvt_start(uint32_t harts, uint64_t seed)
{
    (void)harts;
    (void)seed;
    sched_heap_clear(&heap);
    least = 0;
}

static void bvt_admit(struct sched_task *task, uint64_t now)
{
    (void)now;
    task->word[ACTUAL] = task->word[WARPED] = 0;
}

static void bvt_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    (void)now;
    if (why == SCHED_WOKE) {
        task->word[WARPED] = 0;
        if (task->word[ACTUAL] < least)
            task->word[ACTUAL] = least;
    }
    sched_heap_insert(&heap, task, effective(task));
}

static void bvt_charge(struct sched_task *task, uint64_t used, uint64_t now)
{
    task->word[ACTUAL] += sched_virtual(used, task->weight);
    task->word[WARPED] += used;
    task->word[SINCE] = now;
}

// Until it is ahead of the next by the allowance, but not for so long that one that wakes meanwhile is left far behind.
static uint64_t turn_length(const struct sched_task *task, const struct sched_task *next)
{
    uint64_t turn = 2 * allowance, own = effective(task);

    if (next) {
        uint64_t behind = next->key > own ? sched_virtual_time(next->key - own, task->weight) : 0;
        turn = behind < allowance ? allowance + behind : turn;
    }
    if (is_warped(task) && turn > limit - task->word[WARPED])
        turn = limit - task->word[WARPED];
    return turn;
}

static struct sched_task *bvt_pick(uint32_t hart, uint64_t now)
{
    struct sched_task *task = sched_heap_take(&heap, hart);

    if (!task)
        return NULL;
    uint64_t actual = task->key > sched_virtual(warp, 1) ? task->key - sched_virtual(warp, 1) : 0;
    if (actual > least)
        least = actual;
    task->word[SINCE] = now;
    task->word[TURN] = turn_length(task, sched_heap_first_for(&heap, hart));
    return task;
}

static uint64_t bvt_turn(const struct sched_task *task, uint64_t now)
{
    (void)now;
    return task->word[TURN];
}

static bool bvt_preempts(const struct sched_task *woken, const struct sched_task *running, uint64_t now)
{
    uint64_t ran = now - running->word[SINCE]; // since it was charged

    return effective(woken) + sched_virtual(allowance, running->weight) <
           effective(running) + sched_virtual(ran, running->weight);
}

static const struct sched_parameter parameters[] = {
    {"allowance", "by how much one may be ahead of the next before it makes room, in nanoseconds", &allowance, 1000,
     1000000000},
    {"warp", "how much earlier tasks of a priority above 0 are, in nanoseconds of their own", &warp, 0, 100000000000},
    {"limit", "for how long one may run warped without a wait, in nanoseconds", &limit, 1000, 100000000000},
    {0},
};

const struct sched_ops sched_bvt = {
    .name = "bvt",
    .text = "borrowed virtual time: shares, and tasks of a priority above 0 run at once on credit",
    .parameters = parameters,
    .start = bvt_start,
    .admit = bvt_admit,
    .enqueue = bvt_enqueue,
    .charge = bvt_charge,
    .pick = bvt_pick,
    .turn = bvt_turn,
    .preempts = bvt_preempts,
};
