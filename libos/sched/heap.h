// SPDX-License-Identifier: BSD-2-Clause
/*
 * Ordered sets of tasks, for policies: the least `key` first (unsigned), and of equal keys the one that was put in
 * first, so that the same calls give the same order everywhere. A binary heap in an array, for as many tasks as there
 * can be: nothing is allocated, and nothing can be full. A heap that is all zeros is an empty one.
 *
 * A task that comes in front of all others stays outside of the array: that costs the same however many there are, and
 * so does taking it, so an urgent task does not wait for a heap that is large.
 *
 * While a task is in a heap, the heap has its `key`, `place` and the last of its words (SCHED_HEAP_WORD): a policy
 * that wants another key takes it out first. A task is in one heap at most.
 *
 * Insert, remove and take are O(log n), first is O(1); on machines where some tasks may not run on every hart, a hart
 * that may not run the first one looks through all of them.
 */
#ifndef LIBOS_SCHED_HEAP_H
#define LIBOS_SCHED_HEAP_H

#include <libos/sched/sched.h>

#define SCHED_HEAP_WORD (SCHED_WORDS - 1) // when it came, for equal keys

struct sched_heap {
    uint32_t count;
    uint64_t came;            // so many tasks ever
    struct sched_task *first; // comes before all in the array; NULL: the array's first does
    struct sched_task *tasks[SCHED_TASKS_MAX];
};

static inline void sched_heap_clear(struct sched_heap *heap)
{
    heap->count = 0;
    heap->came = 0;
    heap->first = NULL;
}

void sched_heap_insert(struct sched_heap *heap, struct sched_task *task, uint64_t key);
void sched_heap_remove(struct sched_heap *heap, struct sched_task *task);

// The task with the least key, on whatever hart; NULL: the heap is empty.
static inline struct sched_task *sched_heap_first(const struct sched_heap *heap)
{
    return heap->first ? heap->first : heap->count ? heap->tasks[0] : NULL;
}

// The one with the least key of those that may run on this hart, NULL: there is none.
struct sched_task *sched_heap_first_for(const struct sched_heap *heap, uint32_t hart);

// The same, and it is out of the heap then.
struct sched_task *sched_heap_take(struct sched_heap *heap, uint32_t hart);

#endif
