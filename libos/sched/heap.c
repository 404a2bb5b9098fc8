// SPDX-License-Identifier: BSD-2-Clause
// The heap of heap.h. What always holds: no task comes before the one at (place - 1) / 2, and each knows its place.
#include <libos/sched/heap.h>

static bool is_before(const struct sched_task *one, const struct sched_task *other)
{
    return one->key < other->key ||
           (one->key == other->key && one->word[SCHED_HEAP_WORD] < other->word[SCHED_HEAP_WORD]);
}

static void put(struct sched_heap *heap, struct sched_task *task, uint32_t place)
{
    heap->tasks[place] = task;
    task->place = place;
}

// Finds the task a place at this one or above it; whoever is there goes down.
static void rise(struct sched_heap *heap, struct sched_task *task, uint32_t place)
{
    while (place > 0 && is_before(task, heap->tasks[(place - 1) / 2])) {
        put(heap, heap->tasks[(place - 1) / 2], place);
        place = (place - 1) / 2;
    }
    put(heap, task, place);
}

// ... at this one or below it; whoever is there goes up.
static void sink(struct sched_heap *heap, struct sched_task *task, uint32_t place)
{
    for (uint32_t child; (child = 2 * place + 1) < heap->count; place = child) {
        if (child + 1 < heap->count && is_before(heap->tasks[child + 1], heap->tasks[child]))
            child++;
        if (!is_before(heap->tasks[child], task))
            break;
        put(heap, heap->tasks[child], place);
    }
    put(heap, task, place);
}

void sched_heap_insert(struct sched_heap *heap, struct sched_task *task, uint64_t key)
{
    task->key = key;
    task->word[SCHED_HEAP_WORD] = heap->came++;
    rise(heap, task, heap->count++);
}

void sched_heap_remove(struct sched_heap *heap, struct sched_task *task)
{
    struct sched_task *last = heap->tasks[--heap->count];
    uint32_t place = task->place;

    if (last == task)
        return;
    if (place > 0 && is_before(last, heap->tasks[(place - 1) / 2]))
        rise(heap, last, place);
    else
        sink(heap, last, place);
}

struct sched_task *sched_heap_first_for(const struct sched_heap *heap, uint32_t hart)
{
    struct sched_task *first = NULL;

    if (heap->count && heap->tasks[0]->harts >> hart & 1)
        return heap->tasks[0];
    for (uint32_t i = 1; i < heap->count; i++)
        if ((heap->tasks[i]->harts >> hart & 1) && (!first || is_before(heap->tasks[i], first)))
            first = heap->tasks[i];
    return first;
}

struct sched_task *sched_heap_take(struct sched_heap *heap, uint32_t hart)
{
    struct sched_task *task = sched_heap_first_for(heap, hart);

    if (task)
        sched_heap_remove(heap, task);
    return task;
}
