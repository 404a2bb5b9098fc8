// SPDX-License-Identifier: BSD-2-Clause
/*
 * The heap of heap.h. What always holds: no task in the array comes before the one at (place - 1) / 2, none before
 * `first`, and each in the array knows its place.
 */
#include <libos/sched/heap.h>

static bool is_before(const struct sched_task *one, const struct sched_task *other)
{
    return one->key < other->key ||
           (one->key == other->key && one->word[SCHED_HEAP_WORD] < other->word[SCHED_HEAP_WORD]);
}

// How many are in the array.
static uint32_t placed(const struct sched_heap *heap)
{
    return heap->count - (heap->first != NULL);
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
    const uint32_t count = placed(heap);

    for (uint32_t child; (child = 2 * place + 1) < count; place = child) {
        if (child + 1 < count && is_before(heap->tasks[child + 1], heap->tasks[child]))
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
    const struct sched_task *first = sched_heap_first(heap);
    if (!first || is_before(task, first)) {
        struct sched_task *other = heap->first;
        heap->first = task;
        task = other; // NULL: it was the array's first
    }
    heap->count++;
    if (task)
        rise(heap, task, placed(heap) - 1);
}

void sched_heap_remove(struct sched_heap *heap, struct sched_task *task)
{
    heap->count--;
    if (task == heap->first) {
        heap->first = NULL;
        return;
    }
    uint32_t place = task->place;
    struct sched_task *last = heap->tasks[placed(heap)];
    if (last == task)
        return;
    if (place > 0 && is_before(last, heap->tasks[(place - 1) / 2]))
        rise(heap, last, place);
    else
        sink(heap, last, place);
}

struct sched_task *sched_heap_first_for(const struct sched_heap *heap, uint32_t hart)
{
    struct sched_task *first = sched_heap_first(heap);

    if (!first || first->harts >> hart & 1)
        return first;
    first = NULL;
    for (uint32_t i = 0; i < placed(heap); i++)
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
