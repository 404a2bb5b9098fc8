// SPDX-License-Identifier: BSD-2-Clause
// What is going to happen: a binary heap in the order of time, then of being pushed.
#include <bench/sched/sim/sim.h>

#include <stdlib.h>

static struct event *heap;
static size_t count, room;
static uint64_t pushed;

static bool before(const struct event *one, const struct event *other)
{
    return one->time != other->time ? one->time < other->time : one->order < other->order;
}

void event_push(uint64_t time, enum event_kind kind, uint32_t number, uint32_t stamp)
{
    if (count == room) {
        room = room ? 2 * room : 1024;
        heap = realloc(heap, room * sizeof(*heap));
        if (!heap)
            abort();
    }
    struct event event = {time, pushed++, kind, number, stamp};
    size_t place = count++;
    for (; place > 0 && before(&event, &heap[(place - 1) / 2]); place = (place - 1) / 2)
        heap[place] = heap[(place - 1) / 2];
    heap[place] = event;
}

bool event_pop(struct event *event)
{
    if (count == 0)
        return false;
    *event = heap[0];
    struct event last = heap[--count];
    size_t place = 0;
    for (size_t child; (child = 2 * place + 1) < count; place = child) {
        if (child + 1 < count && before(&heap[child + 1], &heap[child]))
            child++;
        if (!before(&heap[child], &last))
            break;
        heap[place] = heap[child];
    }
    heap[place] = last;
    return true;
}
